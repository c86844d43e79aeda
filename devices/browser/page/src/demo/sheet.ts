// The controls: a sheet with one panel at a time under a thumb, all of them on a wide screen. The
// style decides which; the buttons are there on the narrow one only.

import { button, make } from './dom';

export interface Panel {
  title: string;
  content: HTMLElement;
}

export function sheetOf(panels: Panel[], first: number): HTMLElement {
  const bar = make('nav', { class: 'demo-tabs', 'aria-label': 'Controls' });
  const body = make('div', { class: 'demo-panels' });
  const shown = panels.map(({ title, content }, place) => {
    const id = `demo-panel-${place}`;
    const panel = make('section', { class: 'demo-panel', id, 'aria-label': title });
    panel.append(make('h3', {}, title), content);
    const tab = button(title, 'demo-tab', () => choose(place));
    tab.setAttribute('aria-controls', id);
    bar.append(tab);
    body.append(panel);
    return { panel, tab };
  });
  const choose = (chosen: number) => {
    shown.forEach(({ panel, tab }, place) => {
      panel.classList.toggle('chosen', place === chosen);
      tab.setAttribute('aria-expanded', String(place === chosen));
    });
  };
  choose(first);
  return make('div', { class: 'demo-sheet' }, body, bar);
}
