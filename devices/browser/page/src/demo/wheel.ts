// The colour wheel: hue by angle, saturation by distance from the middle.

import { cssOf, nameOf, rgbOf, turned, WHEEL_VALUE } from './colour';
import type { Colour } from './colour';
import { context2d, make } from './dom';

const SIDE = 288;
const STEPS: Record<string, [number, number]> = {
  ArrowRight: [5, 0],
  ArrowUp: [5, 0],
  ArrowLeft: [-5, 0],
  ArrowDown: [-5, 0],
  PageUp: [0, 0.1],
  PageDown: [0, -0.1],
};

export class Wheel {
  readonly element: HTMLDivElement;
  private readonly marker = make('span', { class: 'demo-marker' });
  private colour: Colour = { hue: 0, saturation: 0, value: WHEEL_VALUE };

  constructor(private readonly picked: (colour: Colour) => void) {
    const disc = make('canvas', { width: SIDE, height: SIDE, 'aria-hidden': 'true' });
    drawDisc(disc);
    this.element = make(
      'div',
      {
        class: 'demo-wheel', role: 'slider', tabindex: 0, 'aria-label': 'Hair colour, by hue',
        'aria-valuemin': 0, 'aria-valuemax': 359,
        'aria-description': 'Arrow keys change the hue, Page Up and Page Down how strong it is.',
      },
      disc,
      this.marker,
    );
    this.element.addEventListener('pointerdown', (event) => this.grab(event));
    this.element.addEventListener('pointermove', (event) => {
      if (this.element.hasPointerCapture(event.pointerId)) this.point(event);
    });
    this.element.addEventListener('keydown', (event) => this.key(event));
  }

  /** Show a colour that came from elsewhere. */
  show(colour: Colour): void {
    this.colour = colour;
    const angle = (colour.hue * Math.PI) / 180;
    this.marker.style.left = `${50 + 50 * colour.saturation * Math.sin(angle)}%`;
    this.marker.style.top = `${50 - 50 * colour.saturation * Math.cos(angle)}%`;
    this.marker.style.backgroundColor = cssOf(rgbOf(colour));
    this.element.setAttribute('aria-valuenow', String(Math.round(colour.hue)));
    this.element.setAttribute('aria-valuetext', `${nameOf(colour)}, ${Math.round(colour.hue)} degrees`);
  }

  private grab(event: PointerEvent): void {
    this.element.setPointerCapture(event.pointerId);
    this.point(event);
  }

  private point(event: PointerEvent): void {
    const box = this.element.getBoundingClientRect();
    const right = (event.clientX - box.left) / box.width - 0.5;
    const down = (event.clientY - box.top) / box.height - 0.5;
    const hue = turned((Math.atan2(right, -down) * 180) / Math.PI);
    this.pick(hue, Math.min(1, 2 * Math.hypot(right, down)));
  }

  private key(event: KeyboardEvent): void {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const saturation = this.colour.saturation + step[1];
    this.pick(turned(this.colour.hue + step[0]), Math.min(1, Math.max(0, saturation)));
  }

  private pick(hue: number, saturation: number): void {
    this.show({ hue, saturation, value: WHEEL_VALUE });
    this.picked(this.colour);
  }
}

/** Once, by pixel: older Safaris know no conic gradients. */
function drawDisc(disc: HTMLCanvasElement): void {
  const image = new ImageData(SIDE, SIDE);
  const middle = (SIDE - 1) / 2;
  for (let at = 0; at < SIDE * SIDE; at += 1) {
    const right = (at % SIDE) - middle;
    const down = Math.floor(at / SIDE) - middle;
    const away = Math.hypot(right, down);
    const hue = turned((Math.atan2(right, -down) * 180) / Math.PI);
    const rgb = rgbOf({ hue, saturation: Math.min(1, away / middle), value: 0.96 });
    // The last pixel fades, so that the rim is round.
    image.data.set([...rgb, 255 * Math.min(1, Math.max(0, middle - away))], at * 4);
  }
  context2d(disc).putImageData(image, 0, 0);
}
