// One variant on one canvas: its worker, its masks, its times.

import { WorkerHandle } from '../handle';
import { ACCELERATORS, runtimeOf } from './choices';
import type { Choice } from './choices';
import { measured } from './mask';
import { Shrinker, scaled } from './picture';
import type { Drawable, Sized } from './picture';
import { Painter } from './recolour';
import type { Look } from './recolour';
import { steadied } from './smoothing';
import { Stages } from './stages';

export type LaneState = 'empty' | 'opening' | 'ready' | 'failed';
/** Compiling for a GPU takes long; some iPhones never end loading. */
const OPENING_MS = 60_000;
/** How fast the light of the hair is followed, so that the colour does not pump. */
const LIGHT_FOLLOWS = 0.2;

export class Lane {
  readonly stages = new Stages();
  state: LaneState = 'empty';
  frames = 0;
  coverage: number | null = null;
  private worker: WorkerHandle | null = null;
  private shrinker: Shrinker | null = null;
  private readonly painter: Painter;
  private side = 0;
  private source = 0;
  private mask: Float32Array | null = null;
  private hair: number | null = null;

  constructor(
    private readonly site: string,
    private readonly token: string,
    readonly canvas: HTMLCanvasElement,
  ) {
    this.painter = new Painter(canvas);
  }

  /** Open a variant in a fresh worker. Throws a sentence; gives false where another came between. */
  async open(choice: Choice): Promise<boolean> {
    this.close();
    this.state = 'opening';
    const worker = new WorkerHandle(this.site, this.token);
    this.worker = worker;
    const { model, accelerator } = choice;
    try {
      await within(OPENING_MS, load(worker, choice));
    } catch (error) {
      if (this.worker !== worker) return false;
      this.fail();
      const reason = (error as Error).message.slice(0, 160);
      throw new Error(`${model.name} ${model.precision} did not open on ${ACCELERATORS[accelerator]}: ${reason}`);
    }
    if (this.worker !== worker) return false;
    this.side = model.size;
    this.shrinker = new Shrinker(model.size);
    this.state = 'ready';
    return true;
  }

  /** The mask of a frame. picture: what the frame was made of, for it may be finer. */
  async see(picture: Drawable, size: Sized, live: boolean): Promise<void> {
    const { worker, shrinker } = this;
    if (this.state !== 'ready' || !worker || !shrinker) return;
    const began = performance.now();
    const pixels = shrinker.shrunk(picture, size);
    const input = scaled(pixels);
    const shrunk = performance.now();
    const { source } = this;
    const [output] = await worker.infer(0, input);
    const inferred = performance.now();
    if (this.worker !== worker || this.source !== source) return;
    this.take(output?.values as Float32Array, pixels, live);
    this.stages.shrink.add(shrunk - began);
    this.stages.infer.add(inferred - shrunk);
    this.stages.moments.add(inferred);
    this.frames += 1;
  }

  /** bare: show the frame as it came. */
  paint(frame: Drawable, size: Sized, look: Look, bare: boolean): void {
    const began = performance.now();
    this.painter.paint(frame, size, look, bare || !this.mask ? null : this.hair);
    if (this.mask) this.stages.paint.add(performance.now() - began);
  }

  /** Another source: its masks have nothing to do with the last ones. */
  forget(): void {
    this.source += 1;
    this.mask = null;
    this.hair = null;
    this.coverage = null;
    this.stages.clear();
  }

  /** A worker that stopped is not used again. */
  fail(): void {
    this.close();
    this.state = 'failed';
  }

  free(): void {
    this.close();
    this.painter.free();
  }

  private take(raw: Float32Array, pixels: Uint8ClampedArray, live: boolean): void {
    if (raw?.length !== this.side * this.side) throw new Error('its mask is not of the size of its input');
    this.mask = live ? steadied(this.mask, raw) : raw;
    const { coverage, luma } = measured(this.mask, pixels);
    this.coverage = coverage;
    if (luma !== null) {
      this.hair = this.hair === null || !live ? luma : this.hair + (luma - this.hair) * LIGHT_FOLLOWS;
    }
    this.painter.setMask(this.mask, this.side);
  }

  private close(): void {
    this.worker?.end();
    this.worker = null;
    this.shrinker?.free();
    this.shrinker = null;
    this.state = 'empty';
    this.forget();
  }
}

async function load(worker: WorkerHandle, { model, accelerator }: Choice): Promise<void> {
  await worker.ask({ kind: 'start', worker: 0, runtime: runtimeOf(model), accelerator, threads: 1 });
  await worker.ask({ kind: 'open', worker: 0, file: 0, sha256: model.sha256, inputs: [] });
  // The first inference is not like the others, and a still picture has only one.
  await worker.infer(0, new Float32Array(model.size * model.size * 3));
}

function within(limit: number, work: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`it took over ${limit / 1000} seconds`)), limit);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
