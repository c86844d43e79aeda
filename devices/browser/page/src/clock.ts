// How fine the clock is, and how many inferences a sample needs to be read by it.

const STEPS_A_SAMPLE = 100;
const LONGEST_LOOK_MS = 200;

/** The smallest step of performance.now(), in ms. */
export function clockStepMs(): number {
  const until = performance.now() + LONGEST_LOOK_MS;
  let smallest = Infinity;
  for (let seen = 0; seen < 20; ) {
    const before = performance.now();
    let after = before;
    while (after === before) after = performance.now();
    smallest = Math.min(smallest, after - before);
    seen += 1;
    if (after > until) break;
  }
  return smallest;
}

/** Inferences to be timed together, so that they are a hundred steps of the clock long. */
export function perSample(onceMs: number, stepMs: number): number {
  return Math.max(1, Math.ceil((STEPS_A_SAMPLE * stepMs) / Math.max(onceMs, stepMs)));
}
