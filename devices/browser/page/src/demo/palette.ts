// Choosing the colour: swatches, the wheel, the strength.

import { cssOf, PRESETS, rgbOf } from './colour';
import type { Colour } from './colour';
import { labelled, make } from './dom';
import type { Look } from './recolour';
import { Wheel } from './wheel';

const FIRST = 5;
const STRENGTH = 0.8;

export class Palette {
  readonly element: HTMLElement;
  private readonly wheel: Wheel;
  private readonly swatches: HTMLButtonElement[];
  private readonly slider = make('input', { type: 'range', min: 0, max: 100, step: 1, value: STRENGTH * 100 });
  private colour = (PRESETS[FIRST] as [string, Colour])[1];

  constructor(private readonly changed: (look: Look) => void) {
    this.wheel = new Wheel((colour) => this.take(colour, false));
    this.swatches = PRESETS.map(([name, colour]) => this.swatch(name, colour));
    this.slider.addEventListener('input', () => this.tell());
    this.element = make(
      'div',
      { class: 'demo-palette' },
      this.wheel.element,
      make('div', { class: 'demo-swatches', role: 'group', 'aria-label': 'Hair colours' }, ...this.swatches),
      labelled('Strength', this.slider),
    );
    this.take(this.colour, true, true);
  }

  get look(): Look {
    return { colour: this.colour, strength: this.slider.valueAsNumber / 100 };
  }

  private swatch(name: string, colour: Colour): HTMLButtonElement {
    const made = make('button', { type: 'button', class: 'demo-swatch', 'aria-label': name, title: name });
    made.style.backgroundColor = cssOf(rgbOf(colour));
    made.addEventListener('click', () => this.take(colour, true));
    return made;
  }

  /** move: the wheel's marker has to follow. */
  private take(colour: Colour, move: boolean, silent = false): void {
    this.colour = colour;
    if (move) this.wheel.show(colour);
    this.swatches.forEach((swatch, place) => {
      swatch.setAttribute('aria-pressed', String(PRESETS[place]?.[1] === colour));
    });
    if (!silent) this.tell();
  }

  private tell(): void {
    this.slider.setAttribute('aria-valuetext', `${this.slider.value} percent`);
    this.changed(this.look);
  }
}
