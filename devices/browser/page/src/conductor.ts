// Does what the server commands, by the workers that it starts and ends.

import { conditions } from './conditions';
import { WorkerGone, WorkerHandle } from './handle';
import type { Answer, Command } from './messages';

export class Conductor {
  private readonly workers = new Map<number, WorkerHandle>();

  constructor(
    private readonly site: string,
    private readonly token: string,
  ) {}

  async run(command: Command): Promise<Answer> {
    switch (command.kind) {
      case 'conditions':
        return conditions();
      case 'end':
        this.end(command.worker);
        return { ended: true };
      case 'start':
        this.end(command.worker);
        this.workers.set(command.worker, new WorkerHandle(this.site, this.token));
        return this.held(command.worker).askWithin(command.deadline_s, command);
      default:
        return this.held(command.worker).askWithin(command.deadline_s, command);
    }
  }

  endAll(): void {
    for (const worker of [...this.workers.keys()]) this.end(worker);
  }

  private end(worker: number): void {
    this.workers.get(worker)?.end();
    this.workers.delete(worker);
  }

  private held(worker: number): WorkerHandle {
    const found = this.workers.get(worker);
    if (!found) throw new WorkerGone('this worker is gone: the page was loaded anew');
    return found;
  }
}
