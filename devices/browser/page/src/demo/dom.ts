// Elements without a framework. Text is set as text, never as HTML.

type Attributes = Record<string, string | number | boolean>;
type Child = Node | string;

export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, '');
    else if (value !== false) made.setAttribute(name, String(value));
  }
  made.append(...children);
  return made;
}

export function button(text: string, className: string, pressed: () => void): HTMLButtonElement {
  const made = make('button', { type: 'button', class: className }, text);
  made.addEventListener('click', pressed);
  return made;
}

/** A label with its control under it. */
export function labelled(text: string, control: HTMLElement): HTMLLabelElement {
  return make('label', { class: 'demo-field' }, make('span', {}, text), control);
}

export function context2d(canvas: HTMLCanvasElement, readOften = false): CanvasRenderingContext2D {
  const found = canvas.getContext('2d', { willReadFrequently: readOften });
  if (!found) throw new Error('this browser gives no canvas to draw on');
  return found;
}

/** A canvas of no size holds no memory; WebKit frees the memory of others late. */
export function freed(canvas: HTMLCanvasElement): void {
  canvas.width = 0;
  canvas.height = 0;
}
