// The live demo: hair in another colour, by a model that runs in the browser.

import type { DemoModel } from '../messages';
import { firstOf, secondOf } from './choices';
import { button, make } from './dom';
import { Lane } from './lane';
import { Palette } from './palette';
import { sheetOf } from './sheet';
import { Show } from './show';
import { Sources } from './sources';
import { VariantPicker } from './variant';
import { View } from './view';

export interface DemoContext {
  site: string;
  token: string;
  models: DemoModel[];
}

const COUNTED_EVERY_MS = 500;
const LEAST_HAIR = 0.003;
const PROMISE = 'Nothing leaves this device: the model runs here, and no picture is sent.';
const NO_MODELS = 'There are no models here yet. Make some with bench export, then open this page again.';

interface Place {
  view: View;
  lane: Lane;
  picker: VariantPicker;
}

class Demo {
  private readonly said = new Map<string, string>();
  private readonly status = make('p', { class: 'demo-status', role: 'status' });
  private readonly stage = make('div', { class: 'demo-stage' });
  private readonly corner = make('div', { class: 'demo-corner' });
  private readonly first: Place;
  private readonly second: Place;
  private readonly palette: Palette;
  private readonly sources: Sources;
  private readonly show: Show;
  private readonly timer: number;
  private readonly returned = () => this.wake();

  constructor(
    private readonly root: HTMLElement,
    private readonly context: DemoContext,
    model: DemoModel,
  ) {
    this.palette = new Palette((look) => this.show.setLook(look));
    this.first = this.place('demo-canvas', 'Left', model);
    this.second = this.place('demo-canvas-2', 'Right', secondOf(context.models, model));
    this.show = new Show([this.first.lane], this.palette.look, (lane, reason) => this.failed(lane, reason));
    this.sources = new Sources(context.token, {
      use: (source) => this.show.use(source),
      say: (sentence) => this.say('source', sentence),
      let: () => this.show.source?.stop(),
    });
    this.build();
    this.timer = window.setInterval(() => this.count(), COUNTED_EVERY_MS);
    document.addEventListener('visibilitychange', this.returned);
    void this.sources.begin();
    void this.open(this.first);
  }

  stop(): void {
    clearInterval(this.timer);
    document.removeEventListener('visibilitychange', this.returned);
    this.sources.stop();
    this.show.stop();
    this.second.lane.free();
    this.root.classList.remove('demo', 'pair');
    this.root.replaceChildren();
  }

  private build(): void {
    const original = button('Original', 'demo-original', () => {
      this.show.bare = !this.show.bare;
      original.setAttribute('aria-pressed', String(this.show.bare));
      this.show.repaint();
    });
    original.setAttribute('aria-pressed', 'false');
    this.corner.append(original, this.sources.start, this.sources.again);
    this.first.view.frame.append(this.corner);
    this.stage.append(this.first.view.element);
    const models = make('div', { class: 'demo-models' }, this.first.picker.element, this.beside(), this.second.picker.element);
    const sheet = sheetOf(
      [
        { title: 'Picture', content: this.sources.element },
        { title: 'Colour', content: this.palette.element },
        { title: 'Model', content: models },
      ],
      1,
    );
    const shown = make('div', { class: 'demo-shown' }, this.status, this.stage, make('p', { class: 'demo-promise' }, PROMISE));
    this.root.classList.add('demo');
    this.root.replaceChildren(shown, sheet);
  }

  private place(id: string, title: string, model: DemoModel): Place {
    const view = new View(id);
    const lane = new Lane(this.context.site, this.context.token, view.canvas);
    const place: Place = {
      view,
      lane,
      picker: new VariantPicker(title, this.context.models, model, () => void this.open(place)),
    };
    return place;
  }

  /** The switch for two variants on the same frame. */
  private beside(): HTMLElement {
    const box = make('input', { type: 'checkbox', class: 'demo-switch', role: 'switch' });
    const { view, lane, picker } = this.second;
    picker.element.hidden = true;
    box.addEventListener('change', () => {
      picker.element.hidden = !box.checked;
      this.root.classList.toggle('pair', box.checked);
      if (box.checked) {
        this.stage.append(view.element);
        // Two narrow pictures have no room for it.
        this.stage.after(this.corner);
        this.show.add(lane);
        void this.open(this.second);
      } else {
        view.element.remove();
        this.first.view.frame.append(this.corner);
        this.show.remove(lane);
        this.say(lane.canvas.id, '');
      }
    });
    return make('label', { class: 'demo-toggle' }, 'Two variants side by side', box);
  }

  private async open({ view, lane, picker }: Place): Promise<void> {
    const { choice } = picker;
    view.setChoice(choice);
    view.setOpening(true);
    this.say(lane.canvas.id, '');
    try {
      const opening = lane.open(choice);
      this.count();
      if (!(await opening)) return;
      this.show.refresh();
    } catch (error) {
      this.say(lane.canvas.id, `${(error as Error).message}. Choose another variant, or WebAssembly.`);
      // What is seen is then the picture as it came.
      this.show.repaint();
    }
    view.setOpening(false);
  }

  private failed(lane: Lane, reason: string): void {
    const { choice } = (lane === this.first.lane ? this.first : this.second).picker;
    this.say(lane.canvas.id, `${choice.model.name} ${choice.model.precision} stopped: ${reason}. Choose another variant.`);
  }

  /** about: one thing says one sentence at a time. */
  private say(about: string, sentence: string): void {
    this.said.set(about, sentence);
    const text = [...this.said.values()].filter(Boolean).join(' ');
    // Setting it anew would have it read out anew.
    if (text !== this.status.textContent) this.status.textContent = text;
  }

  /** Back from another tab or app: iOS has paused the video. */
  private wake(): void {
    const frame = this.show.source?.frame;
    if (!document.hidden && frame instanceof HTMLVideoElement) void frame.play().catch(() => undefined);
  }

  private count(): void {
    const live = this.show.source?.live ?? false;
    this.first.view.show(this.first.lane, live);
    this.second.view.show(this.second.lane, live);
    const { stages, frames, coverage, state } = this.first.lane;
    const none = !live && coverage !== null && coverage < LEAST_HAIR;
    this.say('hair', none ? 'This variant finds no hair in this picture. Try another variant, or another picture.' : '');
    const { dataset } = this.root;
    dataset.fps = live ? stages.moments.rate(performance.now()).toFixed(1) : '0';
    dataset.inferMs = stages.infer.median()?.toFixed(1) ?? '';
    dataset.frames = String(frames);
    dataset.coverage = coverage?.toFixed(3) ?? '';
    dataset.state = state;
    dataset.source = this.show.source?.kind ?? '';
  }
}

export function mountDemo(root: HTMLElement, context: DemoContext): { stop(): void } {
  const model = firstOf(context.models);
  if (!model) {
    root.replaceChildren(make('p', { role: 'status' }, NO_MODELS));
    return { stop: () => root.replaceChildren() };
  }
  return new Demo(root, context, model);
}
