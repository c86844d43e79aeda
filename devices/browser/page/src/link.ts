// The page's line to the server: one request at a time carries an answer there and a command back.
//
// No WebSocket: iPhones refuse them to a private certificate. What is lost on the way is sent
// again, and the server knows an answer that it has seen by its number.

import { WorkerGone } from './handle';
import type { Answer, Command, Status } from './messages';

const RETRY_MS = 1000;
const PULSE_MS = 1000;

export interface Turned {
  command: Command | null;
  status: Status | null;
  over: string | null;
}
interface Answered {
  id: number;
  value?: Answer;
  error?: string;
  lost?: boolean;
}

export class Link {
  private answered: Answered | null = null;
  private stage = 'waiting';

  constructor(
    private readonly page: string,
    private readonly token: string,
  ) {}

  /** Send one message. Throws with the server's reason where it refuses. */
  async post(path: string, message: object): Promise<unknown> {
    const response = await fetch(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Bench-Token': this.token },
      body: JSON.stringify({ page: this.page, ...message }),
    });
    if (!response.ok) throw new Refused(response.status, await reason(response));
    return response.json();
  }

  async turn(): Promise<Turned> {
    const turned = (await this.post('/api/turn', { answer: this.answered })) as Turned;
    this.answered = null;
    return turned;
  }

  /** Take commands until the server says that it is over. */
  async follow(
    run: (command: Command) => Promise<Answer>,
    show: (status: Status) => void,
    trouble: (text: string) => void,
  ): Promise<string> {
    const pulse = setInterval(() => void this.pulse(), PULSE_MS);
    let last: Answered | null = null;
    try {
      for (;;) {
        let turned: Turned;
        try {
          turned = await this.turn();
        } catch (error) {
          if (this.withdrawn(error)) continue;
          if (error instanceof Refused && error.status !== 503) return error.message;
          trouble('The computer does not answer. Trying again.');
          await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
          continue;
        }
        if (turned.status) show(turned.status);
        if (turned.over !== null) return turned.over;
        const { command } = turned;
        if (!command) continue;
        // Its answer was lost on the way.
        if (last?.id !== command.id) last = await this.done(command, run);
        this.answered = last;
      }
    } finally {
      clearInterval(pulse);
    }
  }

  private async done(command: Command, run: (command: Command) => Promise<Answer>): Promise<Answered> {
    this.stage = command.kind;
    try {
      return { id: command.id, value: await run(command) };
    } catch (error) {
      const text = String(error instanceof Error ? error.message : error).slice(0, 500);
      return { id: command.id, error: text, lost: error instanceof WorkerGone };
    } finally {
      this.stage = 'waiting';
    }
  }

  /** Whether it was our answer that is refused: the file fails then, and the others go on. */
  private withdrawn(error: unknown): boolean {
    const refused = error instanceof Refused && (error.status === 413 || error.status === 422);
    if (!refused || this.answered?.value === undefined) return false;
    this.answered = { id: this.answered.id, error: `The computer refused the answer: ${error.message}` };
    return true;
  }

  private async pulse(): Promise<void> {
    // One that is lost is followed by the next.
    await this.post('/api/pulse', { stage: this.stage }).catch(() => undefined);
  }
}

export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

async function reason(response: Response): Promise<string> {
  try {
    return ((await response.json()) as { reason: string }).reason;
  } catch {
    return `The computer refused (${response.status}).`;
  }
}
