// The selects of one lane: which variant, on what.

import type { Accelerator, DemoModel } from '../messages';
import { ACCELERATORS, accelerators, describe, runtimeText } from './choices';
import type { Choice } from './choices';
import { labelled, make } from './dom';

export class VariantPicker {
  readonly element: HTMLFieldSetElement;
  private readonly model: HTMLSelectElement;
  private readonly accelerator = make('select');

  constructor(
    title: string,
    private readonly models: DemoModel[],
    first: DemoModel,
    changed: () => void,
  ) {
    this.model = selectOf(models, first);
    for (const one of accelerators()) {
      this.accelerator.append(make('option', { value: one }, ACCELERATORS[one]));
    }
    this.model.addEventListener('change', changed);
    this.accelerator.addEventListener('change', changed);
    this.element = make(
      'fieldset',
      { class: 'demo-variant' },
      make('legend', {}, title),
      labelled('Variant', this.model),
      labelled('Runs on', this.accelerator),
    );
  }

  get choice(): Choice {
    const model = this.models[Number(this.model.value)] as DemoModel;
    return { model, accelerator: this.accelerator.value as Accelerator };
  }
}

/** Grouped by runtime, in the order that was given. */
function selectOf(models: DemoModel[], first: DemoModel): HTMLSelectElement {
  const select = make('select');
  const groups = new Map<string, HTMLOptGroupElement>();
  models.forEach((model, place) => {
    const runtime = runtimeText(model);
    const group = groups.get(runtime) ?? make('optgroup', { label: runtime });
    if (!groups.has(runtime)) select.append(group);
    groups.set(runtime, group);
    group.append(make('option', { value: place, selected: model === first }, describe(model)));
  });
  return select;
}
