// From a frame to the network's input: the whole frame squeezed to a square, as zoo/preprocess.py
// does, so that the masks are those that the IoU is about.

import { context2d, freed } from './dom';

export type Drawable = HTMLVideoElement | HTMLCanvasElement | ImageBitmap;
export interface Sized {
  width: number;
  height: number;
}

/** The sizes on the way to `side`: halves until under twice, for drawImage filters no further. */
export function halvings(size: Sized, side: number): Sized[] {
  const found: Sized[] = [];
  let { width, height } = size;
  while (width >= 2 * side || height >= 2 * side) {
    width = width >= 2 * side ? Math.ceil(width / 2) : width;
    height = height >= 2 * side ? Math.ceil(height / 2) : height;
    found.push({ width, height });
  }
  return found;
}

/** Shrinks frames to one square size; keeps its canvases from frame to frame. */
export class Shrinker {
  private steps: HTMLCanvasElement[] = [];
  private from = '';
  private readonly last = document.createElement('canvas');
  private readonly pen: CanvasRenderingContext2D;

  constructor(private readonly side: number) {
    this.last.width = side;
    this.last.height = side;
    // Only this one is read, so only this one lives off the GPU.
    this.pen = context2d(this.last, true);
  }

  /** RGBA of S x S. */
  shrunk(frame: Drawable, size: Sized): Uint8ClampedArray {
    this.prepare(size);
    let from = frame;
    for (const step of this.steps) {
      context2d(step).drawImage(from, 0, 0, step.width, step.height);
      from = step;
    }
    this.pen.drawImage(from, 0, 0, this.side, this.side);
    return this.pen.getImageData(0, 0, this.side, this.side).data;
  }

  free(): void {
    [...this.steps, this.last].forEach(freed);
  }

  private prepare(size: Sized): void {
    const from = `${size.width} ${size.height}`;
    if (from === this.from) return;
    this.from = from;
    this.steps.forEach(freed);
    this.steps = halvings(size, this.side).map(({ width, height }) => {
      const step = document.createElement('canvas');
      step.width = width;
      step.height = height;
      return step;
    });
  }
}

/** RGBA bytes to RGB in 0..1. A fresh array each time: its memory goes to the worker. */
export function scaled(pixels: Uint8ClampedArray): Float32Array {
  const found = new Float32Array((pixels.length / 4) * 3);
  for (let from = 0, to = 0; from < pixels.length; from += 4, to += 3) {
    found[to] = (pixels[from] as number) / 255;
    found[to + 1] = (pixels[from + 1] as number) / 255;
    found[to + 2] = (pixels[from + 2] as number) / 255;
  }
  return found;
}
