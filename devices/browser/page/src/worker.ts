// A worker holds one runtime and the files of a pass. It is ended, never used again.
//
// It is a classic one: LiteRT.js' own glue needs importScripts.

import { toBase64 } from './base64';
import { clockStepMs } from './clock';
import { typed } from './engines/engine';
import type { Engine, Filled, Model, Result, Settings } from './engines/engine';
import { evidenceOf, watch } from './evidence';
import { burst, inARow } from './sampling';
import type { Timed } from './sampling';
import type {
  Answer, InputSource, OpenCommand, Opened, Output, RuntimeName, StartCommand, WorkerCommand,
} from './messages';

/** What the page asks of a worker: a command of the server's, or a picture of the demo's. */
export type Asked =
  | { call: number; site: string; token: string; command: WorkerCommand }
  | { call: number; picture: Float32Array; file: number };
export type Told = { call: number; answer?: Answer | Result[]; error?: string };

watch();
let engine: Engine | undefined;
let stepMs = 0;
const files = new Map<number, Timed>();

async function start(site: string, command: StartCommand): Promise<Answer> {
  const settings: Settings = { accelerator: command.accelerator, threads: command.threads };
  const folder = `${site}/${command.runtime}/`;
  const engines: Record<RuntimeName, string> = {
    litert: `${site}/engine-litert.js`,
    onnxruntime: `${site}/engine-onnxruntime.js`,
  };
  const module = (await import(engines[command.runtime])) as {
    load: (folder: string, settings: Settings) => Promise<Engine>;
  };
  engine = await module.load(folder, settings);
  stepMs = clockStepMs();
  return { started: true };
}

async function bytesOf(sha256: string, token: string): Promise<ArrayBuffer> {
  const response = await fetch(`/file/${sha256}`, { headers: { 'X-Bench-Token': token } });
  if (!response.ok) throw new Error(`the server gave no file ${sha256.slice(0, 12)}: ${response.status}`);
  return response.arrayBuffer();
}

async function filled(source: InputSource, token: string): Promise<Filled> {
  const values = typed(source.dtype, await bytesOf(source.sha256, token));
  return { name: source.name, dtype: source.dtype, shape: source.shape, values };
}

function shown(result: Result): Output {
  return { dtype: result.dtype, shape: result.shape, base64: toBase64(result.values) };
}

async function open(command: OpenCommand, token: string): Promise<Opened> {
  if (!engine) throw new Error('no runtime was started in this worker');
  const bytes = new Uint8Array(await bytesOf(command.sha256, token));
  const inputs = await Promise.all(command.inputs.map((one) => filled(one, token)));
  const began = performance.now();
  const model = await engine.open(bytes);
  const loaded = performance.now();
  // The demo opens files before it has a picture for them.
  const fills = inputs.length > 0;
  if (fills) model.feed(inputs);
  const fed = performance.now();
  if (fills) await model.infer();
  const first = performance.now() - fed;
  files.set(command.file, { model, onceMs: Math.max(first, stepMs) });
  return {
    load_ns: Math.max(1, Math.round((loaded - began) * 1e6)),
    first_ns: Math.max(1, Math.round(first * 1e6)),
    outputs: fills ? (await model.outputs()).map(shown) : [],
    evidence: evidenceOf(engine, model),
  };
}

function held(file: number): Timed {
  const found = files.get(file);
  if (!found) throw new Error(`file ${file} is not open in this worker`);
  return found;
}

async function outputs(model: Model): Promise<Answer> {
  const found = (await model.outputs()).map(shown);
  return { outputs: found, evidence: evidenceOf(engine as Engine, model) };
}

async function answer(site: string, token: string, command: WorkerCommand): Promise<Answer> {
  switch (command.kind) {
    case 'start':
      return start(site, command);
    case 'open':
      return open(command, token);
    case 'burst':
      return burst(held(command.file), command, stepMs);
    case 'sample':
      return inARow(held(command.file), command.count, command.period_ms, stepMs);
    case 'outputs':
      return outputs(held(command.file).model);
  }
}

/** The mask of a picture [S, S, 3] in 0..1. */
async function infer(file: number, picture: Float32Array): Promise<Result[]> {
  const { model } = held(file);
  const side = Math.round(Math.sqrt(picture.length / 3));
  model.feed([
    model.channelsLast
      ? { name: 'image', dtype: 'float32', shape: [1, side, side, 3], values: picture }
      : { name: 'image', dtype: 'float32', shape: [1, 3, side, side], values: planes(picture) },
  ]);
  await model.infer();
  return model.outputs();
}

/** [S, S, 3] to [3, S, S]. */
function planes(picture: Float32Array): Float32Array {
  const plane = picture.length / 3;
  const found = new Float32Array(picture.length);
  for (let at = 0, pixel = 0; pixel < plane; pixel += 1) {
    for (let channel = 0; channel < 3; channel += 1, at += 1) {
      found[channel * plane + pixel] = picture[at] as number;
    }
  }
  return found;
}

self.onmessage = async (event: MessageEvent<Asked>) => {
  const asked = event.data;
  const told: Told = { call: asked.call };
  try {
    told.answer =
      'picture' in asked
        ? await infer(asked.file, asked.picture)
        : await answer(asked.site, asked.token, asked.command);
  } catch (error) {
    told.error = String(error instanceof Error ? error.message || error.name : error).slice(0, 500);
  }
  self.postMessage(told);
};
