// What the server, the page and its workers say to one another. The server's side is messages.py.

export type RuntimeName = 'litert' | 'onnxruntime';
export type Accelerator = 'wasm' | 'webgpu';
export type Dtype = 'float32' | 'int32' | 'uint8' | 'int8';

/** One input of a model: where its bytes are, by their hash. */
export interface InputSource {
  name: string;
  dtype: Dtype;
  shape: number[];
  sha256: string;
}

/** A fresh worker with one runtime, set one way. */
export interface StartCommand {
  kind: 'start';
  worker: number;
  runtime: RuntimeName;
  accelerator: Accelerator;
  threads: number;
}
export interface OpenCommand {
  kind: 'open';
  worker: number;
  file: number;
  sha256: string;
  inputs: InputSource[];
}
/** One turn of a file, in milliseconds of wall time; see Turns in devices/base.py. */
export interface BurstCommand {
  kind: 'burst';
  worker: number;
  file: number;
  discard_ms: number;
  sample_ms: number;
  limit_ms: number;
}
export interface SampleCommand {
  kind: 'sample';
  worker: number;
  file: number;
  count: number;
  period_ms: number | null;
}
/** Run once on the fixed inputs, and hand the outputs back. */
export interface OutputsCommand {
  kind: 'outputs';
  worker: number;
  file: number;
}
export interface EndCommand {
  kind: 'end';
  worker: number;
}
export interface ConditionsCommand {
  kind: 'conditions';
}
export type WorkerCommand = StartCommand | OpenCommand | BurstCommand | SampleCommand | OutputsCommand;
/** deadline_s: after that long the worker is given up. */
export type Command = (WorkerCommand | EndCommand | ConditionsCommand) & { id: number; deadline_s: number };

/** What is known of a worker from what happened, never from what was asked for. */
export interface Evidence {
  runtime_version: string;
  accelerator: string;
  fully_accelerated: boolean | null;
  threads: number | null;
  gpu_submissions: number;
  adapter: string | null;
  fallback_adapter: boolean | null;
  wasm: string[];
  heap_bytes: number | null;
  console: string[];
}
export interface Opened {
  load_ns: number;
  first_ns: number;
  outputs: Output[];
  evidence: Evidence;
}
export interface Turn {
  started_ns: number;
  discarded: number;
  wall_ns: number[];
  per_sample: number;
  read_share: number | null;
}
export interface Samples {
  total_ns: number[];
  per_sample: number;
}
/** One output's values as base64, little-endian. */
export interface Output {
  dtype: Dtype;
  shape: number[];
  base64: string;
}
export interface Conditions {
  visible: boolean;
  times_hidden: number;
  frame_ms: number | null;
  battery: number | null;
  charging: boolean | null;
  clock_s: number;
}
export type Answer =
  | { started: true }
  | Opened
  | Turn
  | Samples
  | { outputs: Output[]; evidence: Evidence }
  | { ended: true }
  | Conditions;

/** A row of the page's table of results. */
export interface Row {
  model: string;
  how: string;
  state: string;
}
export interface Status {
  text: string;
  done: number;
  total: number;
  left: string | null;
  rows: Row[];
}
/** What a variant's file is called where the demo may fetch it. */
export interface DemoModel {
  name: string;
  precision: string;
  size: number;
  format: 'tflite' | 'onnx';
  sha256: string;
  size_bytes: number;
  iou: number | null;
  iou_on: string | null;
}
