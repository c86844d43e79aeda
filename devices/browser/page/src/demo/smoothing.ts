// Masks that neither flicker nor lag. No DOM here.

/** A change below the first is taken for flicker, one above the second for movement. */
const FLICKER = 0.1;
const MOVEMENT = 0.4;
/** How much of the new value is taken where only flicker is seen. */
const LEAST = 0.3;

/** 0 below `low`, 1 above `high`, smooth between. */
export function smoothstep(low: number, high: number, value: number): number {
  const share = Math.min(1, Math.max(0, (value - low) / (high - low)));
  return share * share * (3 - 2 * share);
}

/** How much of the new value a pixel takes that changed so much. */
export function weightOf(change: number): number {
  return LEAST + (1 - LEAST) * smoothstep(FLICKER, MOVEMENT, Math.abs(change));
}

/** The next mask, steadied by the one before. A mask of another size has no past. */
export function steadied(before: Float32Array | null, next: Float32Array): Float32Array {
  if (!before || before.length !== next.length) return next;
  const found = new Float32Array(next.length);
  for (let at = 0; at < next.length; at += 1) {
    const old = before[at] as number;
    const change = (next[at] as number) - old;
    found[at] = old + change * weightOf(change);
  }
  return found;
}
