// The page: two tabs, and the address's token taken out of sight.

import { mountDemo } from './demo/demo';
import { randomHex } from './identity';
import { MeasureTab } from './measure';
import type { DemoModel } from './messages';

interface Welcome {
  asked: string;
  measures: boolean;
  certificate: boolean;
  models: DemoModel[];
}

/** From the address's fragment, which no server sees; kept for when the page is loaded anew. */
function kept(key: string, made: () => string): string {
  const known = sessionStorage.getItem(key);
  if (known) return known;
  const value = made();
  sessionStorage.setItem(key, value);
  return value;
}

function fragment(): URLSearchParams {
  const given = new URLSearchParams(location.hash.slice(1));
  const token = given.get('t');
  if (token) {
    sessionStorage.setItem('bench-token', token);
    if (given.has('start')) sessionStorage.setItem('bench-start', '1');
    history.replaceState(null, '', location.pathname);
  }
  return given;
}

function element(id: string): HTMLElement {
  return document.getElementById(id) as HTMLElement;
}

/** The demo fetches nothing while it runs; without a sign of life the server would end by itself. */
const SIGN_OF_LIFE_MS = 3_000;

class Tabs {
  private demo: { stop(): void } | null = null;
  private signs = 0;

  constructor(
    private readonly site: string,
    private readonly token: string,
    private readonly models: DemoModel[],
  ) {
    for (const name of ['measure', 'demo'] as const) {
      element(`tab-${name}`).addEventListener('click', () => this.show(name));
      element(`tab-${name}`).addEventListener('keydown', (event) => {
        if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
        const other = name === 'measure' ? 'demo' : 'measure';
        const tab = element(`tab-${other}`) as HTMLButtonElement;
        if (!tab.disabled && !tab.hidden) this.show(other);
      });
    }
  }

  /** byHand: then the tab keeps the focus. */
  show(chosen: 'measure' | 'demo', byHand = true): void {
    for (const name of ['measure', 'demo'] as const) {
      const tab = element(`tab-${name}`);
      tab.setAttribute('aria-selected', String(name === chosen));
      tab.tabIndex = name === chosen ? 0 : -1;
      element(name).hidden = name !== chosen;
      if (name === chosen && byHand) tab.focus();
    }
    clearInterval(this.signs);
    if (chosen === 'demo') {
      this.signs = window.setInterval(() => {
        if (!document.hidden) void welcome(this.token).catch(() => undefined);
      }, SIGN_OF_LIFE_MS);
      this.demo ??= mountDemo(element('demo'), { site: this.site, token: this.token, models: this.models });
    } else {
      this.demo?.stop();
      this.demo = null;
      element('demo').replaceChildren();
    }
  }
}

async function welcome(token: string): Promise<Welcome> {
  const response = await fetch('/api/welcome', { headers: { 'X-Bench-Token': token } });
  const told = (await response.json()) as Welcome & { reason?: string };
  if (!response.ok) throw new Error(told.reason ?? `The computer refused (${response.status}).`);
  return told;
}

async function begin(): Promise<void> {
  const given = fragment();
  const token = sessionStorage.getItem('bench-token') ?? '';
  const site = document.body.dataset.site ?? '';
  const page = kept('bench-page', () => randomHex(8));
  let told: Welcome;
  try {
    told = await welcome(token);
  } catch (error) {
    element('asked').textContent = error instanceof Error ? error.message : String(error);
    element('start').hidden = true;
    return;
  }
  const tabs = new Tabs(site, token, told.models);
  element('asked').textContent = told.asked;
  if (!told.measures) {
    element('tab-measure').hidden = true;
    tabs.show('demo', false);
    return;
  }
  element('trust').hidden = !told.certificate;
  element('tab-demo').hidden = told.models.length === 0;
  new MeasureTab(site, token, page).ready(sessionStorage.getItem('bench-start') === '1');
  if (given.has('demo')) tabs.show('demo', false);
}

void begin();
