// What is read from a mask: how much of it is hair, how light the hair is, how solid to paint it.
// No DOM here.

import { smoothstep } from './smoothing';

const THRESHOLD = 0.5;
/** Probabilities between these two become the soft edge. */
const EDGE: [number, number] = [0.34, 0.78];
/** Edges are computed up to this side, and stretched by the canvas beyond. */
const FINE = 256;

export interface Measured {
  coverage: number;
  /** Mean luma of the hair in 0..1; null where there is none. */
  luma: number | null;
}

/** pixels: RGBA of the picture that the mask is of. */
export function measured(mask: Float32Array, pixels: Uint8ClampedArray): Measured {
  let count = 0;
  let sum = 0;
  for (let at = 0; at < mask.length; at += 1) {
    if ((mask[at] as number) <= THRESHOLD) continue;
    const from = at * 4;
    count += 1;
    sum += 0.3 * (pixels[from] as number) + 0.59 * (pixels[from + 1] as number) + 0.11 * (pixels[from + 2] as number);
  }
  return { coverage: count / mask.length, luma: count ? sum / count / 255 : null };
}

/** The side of the painted mask: small ones are doubled, so that their steps do not show. */
export function fineSide(side: number): number {
  return side * 2 <= FINE ? side * 2 : side;
}

const softened = new Uint8ClampedArray(256);
for (let level = 0; level < 256; level += 1) softened[level] = 255 * smoothstep(...EDGE, level / 255);

/** Write the solidity of each pixel as the alpha of an RGBA image of fineSide(side). */
export function writeAlpha(mask: Float32Array, side: number, rgba: Uint8ClampedArray): void {
  const fine = fineSide(side);
  if (fine === side) {
    for (let at = 0; at < mask.length; at += 1) rgba[at * 4 + 3] = alpha(mask[at] as number);
    return;
  }
  for (let row = 0; row < fine; row += 1) {
    // Centres of pixels: the fine ones lie a quarter to either side of the coarse ones.
    const near = row >> 1;
    const far = bounded(near + (row % 2 ? 1 : -1), side);
    writeRow(mask, side, near * side, far * side, rgba, row * fine * 4 + 3);
  }
}

function writeRow(
  mask: Float32Array, side: number, near: number, far: number, rgba: Uint8ClampedArray, from: number,
): void {
  const mixed = (column: number) => 0.75 * (mask[near + column] as number) + 0.25 * (mask[far + column] as number);
  let left = mixed(0);
  let here = left;
  for (let column = 0, to = from; column < side; column += 1, to += 8) {
    const right = column + 1 < side ? mixed(column + 1) : here;
    rgba[to] = alpha(0.75 * here + 0.25 * left);
    rgba[to + 4] = alpha(0.75 * here + 0.25 * right);
    left = here;
    here = right;
  }
}

const bounded = (at: number, side: number): number => Math.min(side - 1, Math.max(0, at));
const alpha = (probability: number): number => softened[Math.round(bounded(probability * 255, 256))] as number;
