// A runtime that is loaded, and a model that it holds. What is timed is `infer` alone.

import type { Accelerator, Dtype } from '../messages';

export type Values = Float32Array | Int32Array | Uint8Array | Int8Array;
export interface Filled {
  name: string;
  dtype: Dtype;
  shape: number[];
  values: Values;
}
export interface Result {
  dtype: Dtype;
  shape: number[];
  values: Values;
}
export interface Settings {
  accelerator: Accelerator;
  threads: number;
}

export interface Model {
  /** Set the inputs; they stay as they are from one inference to the next. */
  feed(inputs: Filled[]): void;
  /** Run once. On an accelerator its output has been read back when this ends; then the time that
   * the reading took, in ms, is what it gives. */
  infer(): Promise<number>;
  outputs(): Promise<Result[]>;
  readonly accelerator: string;
  readonly fullyAccelerated: boolean | null;
  readonly channelsLast: boolean;
}

export interface Engine {
  readonly version: string;
  open(bytes: Uint8Array): Promise<Model>;
  /** How many threads its module has, by its own word after loading. */
  threads(): number | null;
}

/** `1.30.0` and the like, put in by build.mjs. */
declare const LITERT_VERSION: string;
declare const ONNXRUNTIME_VERSION: string;
export const versions = { litert: LITERT_VERSION, onnxruntime: ONNXRUNTIME_VERSION };

export function typed(dtype: Dtype, bytes: ArrayBuffer): Values {
  if (dtype === 'float32') return new Float32Array(bytes);
  if (dtype === 'int32') return new Int32Array(bytes);
  return dtype === 'uint8' ? new Uint8Array(bytes) : new Int8Array(bytes);
}

export function dtypeOf(values: unknown): Dtype {
  if (values instanceof Float32Array) return 'float32';
  if (values instanceof Int32Array) return 'int32';
  if (values instanceof Int8Array) return 'int8';
  if (values instanceof Uint8Array) return 'uint8';
  throw new Error('the output holds numbers of a kind that this page does not know');
}
