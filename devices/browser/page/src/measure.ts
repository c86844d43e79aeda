// The tab that measures: what the server asks for is done here, and shown.

import { Conductor } from './conductor';
import { keepAwake, watchVisibility } from './conditions';
import { givenName, identity } from './identity';
import type { Identity } from './identity';
import { Link, Refused } from './link';
import type { Row, Status } from './messages';

function element<Kind extends HTMLElement>(id: string): Kind {
  return document.getElementById(id) as Kind;
}

export class MeasureTab {
  private readonly link: Link;
  private readonly conductor: Conductor;

  constructor(site: string, token: string, page: string) {
    this.link = new Link(page, token);
    this.conductor = new Conductor(site, token);
  }

  /** Wait for Start; go on at once where the page was loaded anew in the middle, or a cable asks. */
  ready(atOnce: boolean): void {
    watchVisibility();
    const form = element<HTMLFormElement>('start');
    const name = element<HTMLInputElement>('name');
    name.value = givenName();
    void identity('').then((told) => this.tell(told));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      sessionStorage.setItem('bench-start', '1');
      void this.go(name.value);
    });
    if (atOnce) void this.go(name.value);
  }

  private async go(name: string): Promise<void> {
    element('before').hidden = true;
    element('running').hidden = false;
    // Trying a model meanwhile would take the cores away.
    const demo = element<HTMLButtonElement>('tab-demo');
    demo.disabled = true;
    this.say('Connecting');
    void keepAwake();
    try {
      await this.link.post('/api/join', await identity(name));
      const over = await this.link.follow(
        (command) => this.conductor.run(command),
        (status) => this.show(status),
        (text) => this.say(text),
      );
      this.say(over);
      sessionStorage.removeItem('bench-start');
    } catch (error) {
      this.say(error instanceof Refused ? error.message : 'The computer does not answer. Load this page again.');
    } finally {
      this.conductor.endAll();
      demo.disabled = false;
      element('eta').textContent = '';
    }
  }

  private say(text: string): void {
    element('status').textContent = text;
  }

  private show(status: Status): void {
    this.say(status.text);
    const progress = element<HTMLProgressElement>('progress');
    progress.max = Math.max(1, status.total);
    progress.value = status.done;
    element('eta').textContent = status.left ?? '';
    this.fill(status.rows);
  }

  private fill(rows: Row[]): void {
    element('rows').hidden = rows.length === 0;
    element('rows').querySelector('tbody')?.replaceChildren(
      ...rows.map((row) => {
        const line = document.createElement('tr');
        const how = document.createElement('small');
        how.textContent = row.how;
        line.insertCell().append(row.model, how);
        line.insertCell().append(row.state);
        return line;
      }),
    );
  }

  private tell(told: Identity): void {
    const yes = (value: boolean): string => (value ? 'yes' : 'no');
    const lines: Record<string, string> = {
      'Secure context': yes(told.secure),
      'Isolated, so that threads and a fine clock are there': yes(told.isolated && told.shared_memory),
      'Step of the clock': `${told.clock_step_us} µs`,
      'Relaxed SIMD': yes(told.relaxed_simd),
      WebGPU: yes(told.webgpu),
      'Cores, by its word': String(told.cores),
      Browser: told.user_agent,
    };
    element('told').replaceChildren(
      ...Object.entries(lines).flatMap(([term, text]) => {
        const name = document.createElement('dt');
        const value = document.createElement('dd');
        name.textContent = term;
        value.textContent = text;
        return [name, value];
      }),
    );
  }
}
