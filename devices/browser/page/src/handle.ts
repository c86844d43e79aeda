// The page's end of a worker: a call, its answer, its death.

import type { Asked, Told } from './worker';
import type { Answer, WorkerCommand } from './messages';
import type { Result } from './engines/engine';

interface Waiting {
  resolve: (value: Answer | Result[]) => void;
  reject: (error: Error) => void;
}

/** The worker was killed, stopped by an error, or does not come to an end. */
export class WorkerGone extends Error {}

export class WorkerHandle {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  private calls = 0;
  private gone: string | null = null;

  constructor(
    private readonly site: string,
    private readonly token: string,
  ) {
    this.worker = new Worker(`${site}/worker.js`);
    this.worker.onmessage = (event: MessageEvent<Told>) => this.settle(event.data);
    this.worker.onerror = (event) => this.giveUp(event.message || 'the worker could not be loaded');
  }

  ask(command: WorkerCommand): Promise<Answer> {
    return this.call({ call: 0, site: this.site, token: this.token, command }) as Promise<Answer>;
  }

  /** As ask; a killed worker says nothing, so one that takes longer than this is given up. */
  askWithin(limitS: number, command: WorkerCommand): Promise<Answer> {
    const timer = setTimeout(() => this.giveUp(`the worker did not answer in ${limitS} s`), limitS * 1000);
    return this.ask(command).finally(() => clearTimeout(timer));
  }

  /** The mask of a picture; the picture's memory goes to the worker. */
  infer(file: number, picture: Float32Array): Promise<Result[]> {
    return this.call({ call: 0, file, picture }, [picture.buffer]) as Promise<Result[]>;
  }

  end(): void {
    this.giveUp('the worker was ended');
  }

  private giveUp(reason: string): void {
    this.worker.terminate();
    this.gone = reason;
    for (const waiting of this.waiting.values()) waiting.reject(new WorkerGone(reason));
    this.waiting.clear();
  }

  private call(asked: Asked, moved: Transferable[] = []): Promise<Answer | Result[]> {
    if (this.gone !== null) return Promise.reject(new WorkerGone(this.gone));
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
}
