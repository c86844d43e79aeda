// The page's end of a worker: a call, its answer, its death.

import type { Asked, Told } from './worker';
import type { Answer, WorkerCommand } from './messages';
import type { Result } from './engines/engine';

interface Waiting {
  resolve: (value: Answer | Result[]) => void;
  reject: (error: Error) => void;
}

export class WorkerHandle {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  private calls = 0;

  constructor(
    private readonly site: string,
    private readonly token: string,
  ) {
    this.worker = new Worker(`${site}/worker.js`);
    this.worker.onmessage = (event: MessageEvent<Told>) => this.settle(event.data);
    this.worker.onerror = (event) => this.fail(event.message || 'the worker could not be loaded');
  }

  ask(command: WorkerCommand): Promise<Answer> {
    return this.call({ call: 0, site: this.site, token: this.token, command }) as Promise<Answer>;
  }

  /** The mask of a picture; the picture's memory goes to the worker. */
  infer(file: number, picture: Float32Array): Promise<Result[]> {
    return this.call({ call: 0, file, picture }, [picture.buffer]) as Promise<Result[]>;
  }

  end(): void {
    this.worker.terminate();
    this.fail('the worker was ended');
  }

  private call(asked: Asked, moved: Transferable[] = []): Promise<Answer | Result[]> {
    this.calls += 1;
    asked.call = this.calls;
    return new Promise((resolve, reject) => {
      this.waiting.set(asked.call, { resolve, reject });
      this.worker.postMessage(asked, moved);
    });
  }

  private settle(told: Told): void {
    const waiting = this.waiting.get(told.call);
    this.waiting.delete(told.call);
    if (told.answer !== undefined) waiting?.resolve(told.answer);
    else waiting?.reject(new Error(told.error ?? 'the worker said nothing'));
  }

  private fail(reason: string): void {
    for (const waiting of this.waiting.values()) waiting.reject(new Error(reason));
    this.waiting.clear();
  }
}
