// Choosing where the picture comes from, and getting it.

import { button, make } from './dom';
import { noCamera, openCamera, openPhotograph, openPortrait, PORTRAITS, refusal } from './source';
import type { Facing, Source } from './source';

type Kind = Source['kind'];

export interface Heard {
  /** A source is there, and in use from now on. */
  use: (source: Source) => void;
  say: (sentence: string) => void;
  /** The one in use is about to be replaced by another camera. */
  let: () => void;
}

export class Sources {
  readonly element: HTMLElement;
  /** For the corner of the picture: what there is to do with the source in use. */
  readonly again: HTMLButtonElement;
  /** Also on the picture, for it is what most people came for. */
  readonly start: HTMLButtonElement;
  private readonly buttons: Record<Kind, HTMLElement>;
  private readonly file = make('input', { type: 'file', accept: 'image/*', class: 'demo-file', id: 'demo-file' });
  private readonly closed = noCamera();
  private facing: Facing = 'user';
  private portrait = 0;
  private kind: Kind = 'portrait';
  private asked = 0;

  constructor(
    private readonly token: string,
    private readonly heard: Heard,
  ) {
    this.again = button('', 'demo-again', () => this.more());
    this.start = button('Start camera', 'demo-start', () => void this.camera());
    const camera = button('Camera', 'demo-choice', () => void this.camera());
    camera.disabled = this.closed !== null;
    // A button that presses the hidden input: a label would not answer to the keyboard.
    const photograph = button('Photograph', 'demo-choice', () => this.file.click());
    const portrait = button('Drawn', 'demo-choice', () => void this.drawn());
    this.buttons = { camera, photograph, portrait };
    this.file.tabIndex = -1;
    this.file.setAttribute('aria-label', 'Photograph');
    this.file.addEventListener('change', () => void this.photograph());
    const row = make('div', { class: 'demo-choices', role: 'group', 'aria-label': 'Source' });
    row.append(camera, photograph, portrait, this.file);
    this.element = make('div', { class: 'demo-sources' }, row);
    this.mark();
  }

  /** What is seen first: it asks for no permission. */
  async begin(): Promise<void> {
    await this.drawn();
    if (this.closed) this.heard.say(this.closed);
  }

  /** No source that is still on its way is used any more. */
  stop(): void {
    this.asked += 1;
  }

  private more(): void {
    if (this.kind === 'photograph') this.file.click();
    else if (this.kind === 'portrait') void this.drawn((this.portrait + 1) % PORTRAITS);
    else {
      this.facing = this.facing === 'user' ? 'environment' : 'user';
      void this.camera();
    }
  }

  private async camera(): Promise<void> {
    // Phones open one camera at a time.
    if (this.kind === 'camera') this.heard.let();
    const lost = () => this.heard.say('The camera stopped. Tap Camera to start it again.');
    if (await this.get('camera', () => openCamera(this.facing, lost), refusal)) return;
    // The camera that was in use is gone too.
    if (this.kind === 'camera') await this.drawn();
  }

  private async photograph(): Promise<void> {
    const file = this.file.files?.[0];
    this.file.value = '';
    if (!file) return;
    const told = () => 'This photograph could not be read. Take another one, as JPEG or PNG.';
    await this.get('photograph', () => openPhotograph(file), told);
  }

  private async drawn(number = this.portrait): Promise<void> {
    this.portrait = number;
    const told = (error: unknown) => `No drawn portrait came: ${(error as Error).message}. Try a photograph.`;
    await this.get('portrait', () => openPortrait(number, this.token), told);
  }

  /** The last one that was asked for wins. */
  private async get(kind: Kind, open: () => Promise<Source>, told: (error: unknown) => string): Promise<boolean> {
    this.asked += 1;
    const { asked } = this;
    try {
      const source = await open();
      if (asked !== this.asked) {
        source.stop();
        return true;
      }
      this.kind = kind;
      this.mark();
      this.heard.use(source);
      if (kind !== 'portrait') this.heard.say('');
      return true;
    } catch (error) {
      if (asked !== this.asked) return true;
      this.heard.say(told(error));
      return false;
    }
  }

  private mark(): void {
    for (const [kind, one] of Object.entries(this.buttons)) {
      one.setAttribute('aria-pressed', String(kind === this.kind));
    }
    const texts: Record<Kind, string> = { camera: 'Turn camera', photograph: 'Another', portrait: 'Next portrait' };
    this.start.hidden = this.closed !== null || this.kind === 'camera';
    this.again.textContent = texts[this.kind];
  }
}
