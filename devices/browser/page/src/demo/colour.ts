// Hair colours: as hue, saturation and value, as RGB, and by name. No DOM here.

export interface Colour {
  /** Degrees. */
  hue: number;
  /** 0..1 */
  saturation: number;
  /** 0..1; how light the hair is to become. */
  value: number;
}
export type Rgb = [number, number, number];

export const PRESETS: [string, Colour][] = [
  ['Copper', { hue: 20, saturation: 0.76, value: 0.78 }],
  ['Honey', { hue: 38, saturation: 0.52, value: 0.9 }],
  ['Burgundy', { hue: 345, saturation: 0.74, value: 0.5 }],
  ['Rose', { hue: 338, saturation: 0.46, value: 0.95 }],
  ['Violet', { hue: 272, saturation: 0.56, value: 0.74 }],
  ['Ocean', { hue: 212, saturation: 0.7, value: 0.82 }],
  ['Teal', { hue: 174, saturation: 0.68, value: 0.68 }],
  ['Silver', { hue: 220, saturation: 0.06, value: 0.88 }],
];
/** The wheel has no place for it, so what is picked there has this one. */
export const WHEEL_VALUE = 0.85;

export function rgbOf({ hue, saturation, value }: Colour): Rgb {
  const channel = (offset: number): number => {
    const place = (offset + hue / 60) % 6;
    const away = Math.max(0, Math.min(place, 4 - place, 1));
    return Math.round(255 * value * (1 - saturation * away));
  };
  return [channel(5), channel(3), channel(1)];
}

export const cssOf = (rgb: Rgb): string => `rgb(${rgb.join(' ')})`;

/** As the canvas' own `color` mode weighs the channels, in 0..1. */
export const lumaOf = ([red, green, blue]: Rgb): number => (0.3 * red + 0.59 * green + 0.11 * blue) / 255;

// Each name up to its hue.
const HUES: [number, string][] = [
  [12, 'red'], [40, 'orange'], [65, 'yellow'], [90, 'lime'], [150, 'green'], [190, 'teal'],
  [215, 'sky blue'], [255, 'blue'], [285, 'violet'], [320, 'magenta'], [345, 'pink'], [361, 'red'],
];

export function nameOf({ hue, saturation }: Colour): string {
  if (saturation < 0.08) return 'grey';
  const name = HUES.find(([end]) => hue < end)?.[1] ?? 'red';
  if (saturation < 0.4) return `pale ${name}`;
  return saturation < 0.75 ? name : `strong ${name}`;
}

export const turned = (hue: number): number => ((hue % 360) + 360) % 360;
