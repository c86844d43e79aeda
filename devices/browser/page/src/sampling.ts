// Inferences in a row, timed. Nothing stands inside the clock but the model's own run.

import { perSample } from './clock';
import type { Model } from './engines/engine';
import type { BurstCommand, Samples, Turn } from './messages';

const NS = 1e6;
/** So many steps of the clock an inference has to be long to be timed alone. */
const STEPS_OF_ONE = 20;

/** A model with what is known of its length. */
export interface Timed {
  model: Model;
  onceMs: number;
}

/** The mean time of `count` inferences in ms, and the share of it that reading back took. */
async function sample(model: Model, count: number): Promise<{ ms: number; read: number }> {
  let read = 0;
  const began = performance.now();
  for (let done = 0; done < count; done += 1) read += await model.infer();
  const ms = (performance.now() - began) / count;
  return { ms, read: ms > 0 ? read / count / ms : 0 };
}

const nanoseconds = (ms: number): number => Math.max(1, Math.round(ms * NS));

/** One turn: samples that are set apart, then samples, by wall time; one of each at least. */
export async function burst(timed: Timed, given: BurstCommand, stepMs: number): Promise<Turn> {
  const { model } = timed;
  const wall: number[] = [];
  const reads: number[] = [];
  const began = performance.now();
  let together = perSample(timed.onceMs, stepMs);
  let discarded = 0;
  // A browser compiles again what runs often: the first inferences may take five times as long.
  for (let grown = false; !grown || performance.now() - began < given.discard_ms; ) {
    wall.push((await sample(model, together)).ms);
    discarded += 1;
    const needed = perSample(Math.min(...wall), stepMs);
    grown = needed <= together || performance.now() - began >= given.limit_ms;
    together = Math.max(together, needed);
  }
  const from = performance.now();
  do {
    const one = await sample(model, together);
    wall.push(one.ms);
    reads.push(one.read);
  } while (performance.now() - from < given.sample_ms && performance.now() - began < given.limit_ms);
  timed.onceMs = Math.min(...wall);
  const share = reads.reduce((sum, one) => sum + one, 0) / reads.length;
  return {
    started_ns: Math.round(began * NS),
    discarded,
    wall_ns: wall.map(nanoseconds),
    per_sample: together,
    read_share: share > 0 ? Math.min(1, share) : null,
  };
}

/** `count` samples, one each period where there is one. */
export async function inARow(
  timed: Timed, count: number, periodMs: number | null, stepMs: number,
): Promise<Samples> {
  // In the pace of a camera each inference stands alone: caches and clocks cool in between.
  if (periodMs !== null && timed.onceMs < STEPS_OF_ONE * stepMs) {
    throw new Error(`a clock of ${stepMs} ms is too coarse for one inference of ${timed.onceMs.toFixed(2)} ms`);
  }
  const together = periodMs === null ? perSample(timed.onceMs, stepMs) : 1;
  const total: number[] = [];
  let due = performance.now();
  for (let done = 0; done < count; done += 1) {
    if (periodMs !== null) {
      due = Math.max(due + periodMs, performance.now());
      await new Promise((resolve) => setTimeout(resolve, due - performance.now()));
    }
    total.push((await sample(timed.model, together)).ms);
  }
  timed.onceMs = Math.min(...total);
  return { total_ns: total.map(nanoseconds), per_sample: together };
}
