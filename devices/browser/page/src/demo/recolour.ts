// Paints hair another colour. The canvas' own blending does it: nothing is computed for each pixel
// of the frame.

import { cssOf, lumaOf, rgbOf } from './colour';
import type { Colour } from './colour';
import { context2d, freed } from './dom';
import { fineSide, writeAlpha } from './mask';
import type { Drawable, Sized } from './picture';

export interface Look {
  colour: Colour;
  /** 0..1 */
  strength: number;
}

/** How far towards the colour's own light the hair goes; all the way would look like paint. */
const TOWARDS = 0.65;
/** A little of the hair's own colour stays, else it looks like plastic. */
const MOST_COLOUR = 0.92;
/** One pass is not enough for black hair, and more than two bring out the camera's noise. */
const PASSES = 2;

export interface Pass {
  lighter: boolean;
  /** 0..1 */
  alpha: number;
}

/** What the canvas' soft-light makes of a grey where white or black is laid on it. */
export function softLight(grey: number, lighter: boolean): number {
  if (!lighter) return grey * grey;
  return grey <= 0.25 ? ((16 * grey - 12) * grey + 4) * grey : Math.sqrt(grey);
}

/**
 * How hair of this mean luma gets nearer to a colour's. Soft light bends the tones: strands keep
 * their contrast, and bright skin at the edge of a mask does not burn out.
 */
export function lightPasses(hair: number, colour: number, strength: number): Pass[] {
  const wanted = hair + (colour - hair) * TOWARDS * strength;
  const lighter = wanted > hair;
  const found: Pass[] = [];
  let reached = hair;
  while (found.length < PASSES && Math.abs(wanted - reached) > 0.01) {
    const most = softLight(reached, lighter);
    const alpha = Math.min(1, (wanted - reached) / (most - reached || 1));
    found.push({ lighter, alpha });
    reached += alpha * (most - reached);
  }
  return found;
}

export class Painter {
  private readonly pen: CanvasRenderingContext2D;
  private readonly solid = document.createElement('canvas');
  private readonly tint = document.createElement('canvas');
  private image: ImageData | null = null;

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.pen = context2d(canvas);
  }

  /** Take a mask for the paintings that follow. */
  setMask(mask: Float32Array, side: number): void {
    const fine = fineSide(side);
    if (this.image?.width !== fine) {
      this.image = new ImageData(fine, fine);
      this.image.data.fill(255);
      for (const one of [this.solid, this.tint]) {
        one.width = fine;
        one.height = fine;
      }
    }
    writeAlpha(mask, side, this.image.data);
    context2d(this.solid).putImageData(this.image, 0, 0);
  }

  /** hair: its mean luma, null to paint the frame as it is. */
  paint(frame: Drawable, size: Sized, look: Look, hair: number | null): void {
    if (this.canvas.width !== size.width || this.canvas.height !== size.height) {
      this.canvas.width = size.width;
      this.canvas.height = size.height;
    }
    this.pen.globalCompositeOperation = 'source-over';
    this.pen.drawImage(frame, 0, 0, size.width, size.height);
    if (hair === null || !this.image || look.strength <= 0) return;
    const rgb = rgbOf(look.colour);
    for (const { lighter, alpha } of lightPasses(hair, lumaOf(rgb), look.strength)) {
      this.lay('soft-light', lighter ? 'white' : 'black', alpha);
    }
    this.lay('color', cssOf(rgb), Math.min(1, look.strength * 1.15) * MOST_COLOUR);
  }

  free(): void {
    [this.canvas, this.solid, this.tint].forEach(freed);
    this.image = null;
  }

  /** The mask in one colour over the frame. */
  private lay(mode: GlobalCompositeOperation, colour: string, alpha: number): void {
    const { tint, solid, canvas, pen } = this;
    const dye = context2d(tint);
    dye.globalCompositeOperation = 'copy';
    dye.drawImage(solid, 0, 0);
    dye.globalCompositeOperation = 'source-in';
    dye.fillStyle = colour;
    dye.fillRect(0, 0, tint.width, tint.height);
    pen.globalCompositeOperation = mode;
    pen.globalAlpha = alpha;
    pen.drawImage(tint, 0, 0, canvas.width, canvas.height);
    pen.globalAlpha = 1;
  }
}
