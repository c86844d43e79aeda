// What is seen of a lane: its picture, its name, its times.

import { ACCELERATORS, facts } from './choices';
import type { Choice } from './choices';
import { make } from './dom';
import type { Lane } from './lane';

const CELLS = ['fps', 'shrink', 'infer', 'paint'] as const;
type Cell = (typeof CELLS)[number];

const SAID: Record<Cell, string> = {
  fps: 'frames a second',
  shrink: 'shrinking the frame',
  infer: 'inference, with the way to the worker and back',
  paint: 'painting',
};

export class View {
  readonly element: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  readonly frame: HTMLDivElement;
  private readonly name = make('strong');
  private readonly facts = make('span');
  private readonly cells = {} as Record<Cell, HTMLElement>;

  constructor(id: string) {
    this.canvas = make('canvas', { id, role: 'img', 'aria-label': 'The picture with coloured hair' });
    this.frame = make('div', { class: 'demo-frame' }, this.canvas);
    const meter = make('dl', { class: 'demo-meter' });
    for (const cell of CELLS) {
      this.cells[cell] = make('dd', {}, '–');
      const unit = cell === 'fps' ? [] : [make('span', { class: 'demo-unit' }, ' ms')];
      meter.append(make('div', { title: SAID[cell] }, make('dt', {}, cell, ...unit), this.cells[cell]));
    }
    const caption = make('figcaption', { class: 'demo-name' }, this.name, this.facts);
    this.element = make('figure', { class: 'demo-view' }, this.frame, caption, meter);
  }

  setChoice({ model, accelerator }: Choice): void {
    this.name.textContent = `${model.name} ${model.precision}`;
    this.facts.textContent = `${facts(model).join(', ')} on ${ACCELERATORS[accelerator]}`;
  }

  setOpening(opening: boolean): void {
    this.element.classList.toggle('opening', opening);
    this.element.setAttribute('aria-busy', String(opening));
  }

  /** Times are medians of the last thirty frames; a still picture has no frames a second. */
  show(lane: Lane, live: boolean): void {
    const { stages } = lane;
    this.cells.fps.textContent = live ? stages.moments.rate(performance.now()).toFixed(0) : 'still';
    this.cells.shrink.textContent = tenths(stages.shrink.median());
    this.cells.infer.textContent = tenths(stages.infer.median());
    this.cells.paint.textContent = tenths(stages.paint.median());
  }
}

function tenths(value: number | null): string {
  if (value === null) return '–';
  return value < 100 ? value.toFixed(1) : value.toFixed(0);
}
