// The loop: a frame is held, every lane sees the same one, then each paints it. So a mask never
// lies on a later frame than its own.

import { context2d, freed } from './dom';
import type { Lane } from './lane';
import type { Sized } from './picture';
import type { Look } from './recolour';
import type { Source } from './source';

export class Show {
  bare = false;
  source: Source | null = null;
  private readonly held = document.createElement('canvas');
  private size: Sized = { width: 0, height: 0 };
  private busy = false;
  private missed = false;
  private stopped = false;

  /** failed: told of a lane whose worker stopped. */
  constructor(
    readonly lanes: Lane[],
    private look: Look,
    private readonly failed: (lane: Lane, reason: string) => void,
  ) {}

  add(lane: Lane): void {
    this.lanes.push(lane);
    lane.canvas.classList.toggle('mirrored', this.source?.mirrored ?? false);
    this.repaint();
  }

  remove(lane: Lane): void {
    this.lanes.splice(this.lanes.indexOf(lane), 1);
    lane.free();
  }

  use(source: Source): void {
    this.source?.stop();
    this.source = source;
    for (const lane of this.lanes) {
      lane.forget();
      lane.canvas.classList.toggle('mirrored', source.mirrored);
    }
    if (source.live) this.watch(source);
    this.refresh();
  }

  setLook(look: Look): void {
    this.look = look;
    this.repaint();
  }

  /** Look at the source again: a lane has another model. */
  refresh(): void {
    if (this.busy) this.missed = true;
    else void this.turns();
  }

  repaint(): void {
    if (!this.size.width) return;
    for (const lane of this.lanes) lane.paint(this.held, this.size, this.look, this.bare);
  }

  stop(): void {
    this.stopped = true;
    this.source?.stop();
    this.source = null;
    for (const lane of this.lanes) lane.free();
    freed(this.held);
    this.size = { width: 0, height: 0 };
  }

  /** A turn for each new frame of a live source, as long as it is the one in use. */
  private watch(source: Source): void {
    const video = source.frame as HTMLVideoElement;
    const counted = typeof video.requestVideoFrameCallback === 'function';
    let seen = -1;
    const next = () => {
      if (this.source !== source || this.stopped) return;
      if (counted) video.requestVideoFrameCallback(next);
      else requestAnimationFrame(next);
      if (!counted && video.currentTime === seen) return;
      seen = video.currentTime;
      this.refresh();
    };
    next();
  }

  /** Never two at once; a frame that came meanwhile is looked at next, older ones are dropped. */
  private async turns(): Promise<void> {
    this.busy = true;
    do {
      this.missed = false;
      await this.turn();
    } while (this.missed && !this.stopped);
    this.busy = false;
  }

  private async turn(): Promise<void> {
    const { source } = this;
    if (!source || !this.hold(source)) return;
    const picture = source.live ? this.held : source.frame;
    const size = source.live ? this.size : { width: source.frame.width, height: source.frame.height };
    await Promise.all(this.lanes.map((lane) => this.seen(lane, () => lane.see(picture, size, source.live))));
    if (this.source === source && !this.stopped) this.repaint();
  }

  private hold(source: Source): boolean {
    this.size = source.size();
    const { width, height } = this.size;
    if (!width || !height) return false;
    if (this.held.width !== width || this.held.height !== height) {
      this.held.width = width;
      this.held.height = height;
    }
    context2d(this.held).drawImage(source.frame, 0, 0, width, height);
    // Before the first mask there is at least the picture.
    if (!source.live && this.lanes.every((lane) => lane.coverage === null)) this.repaint();
    return true;
  }

  private async seen(lane: Lane, look: () => Promise<void>): Promise<void> {
    try {
      await look();
    } catch (error) {
      // A lane that was given another model, or a source that was closed, is no failure.
      if (lane.state !== 'ready' || this.stopped || this.source === null) return;
      lane.fail();
      this.failed(lane, (error as Error).message.slice(0, 160));
    }
  }
}
