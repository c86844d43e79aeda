// Which variants there are, in words, and which to begin with. No DOM here.

import type { Accelerator, DemoModel, RuntimeName } from '../messages';

export interface Choice {
  model: DemoModel;
  accelerator: Accelerator;
}

export const ACCELERATORS: Record<Accelerator, string> = { wasm: 'WebAssembly', webgpu: 'WebGPU' };

export const runtimeOf = (model: DemoModel): RuntimeName => (model.format === 'tflite' ? 'litert' : 'onnxruntime');

export function runtimeText(model: DemoModel): string {
  return model.format === 'tflite' ? 'LiteRT' : 'onnxruntime';
}

export function bytesText(bytes: number): string {
  return bytes < 1e6 ? `${Math.round(bytes / 1e3)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** What is known of a variant. */
export function facts(model: DemoModel): string[] {
  const iou = model.iou === null ? [] : [`IoU ${model.iou.toFixed(3)} on ${model.iou_on}`];
  return [bytesText(model.size_bytes), ...iou, runtimeText(model)];
}

export function describe(model: DemoModel): string {
  return [`${model.name} ${model.precision}`, ...facts(model)].join(', ');
}

/** The first to be shown: TFLite in int8 is the quickest in browsers, small ones above all. */
export function firstOf(models: DemoModel[]): DemoModel | undefined {
  const cost = (model: DemoModel) =>
    model.size_bytes * (model.format === 'tflite' ? 1 : 100) * (model.precision === 'int8' ? 1 : 10);
  return [...models].sort((one, other) => cost(one) - cost(other))[0];
}

/** To be shown beside it: the most accurate one, or the largest where nobody knows. */
export function secondOf(models: DemoModel[], first: DemoModel): DemoModel {
  const others = models.filter((model) => model !== first && model.format === first.format);
  const worth = (model: DemoModel) => (model.iou ?? 0) * 1e9 + model.size_bytes;
  return others.sort((one, other) => worth(other) - worth(one))[0] ?? first;
}

/** LiteRT.js on WebGPU and the rest need an adapter; whether there is one is seen when it starts. */
export function accelerators(): Accelerator[] {
  return 'gpu' in navigator && navigator.gpu ? ['wasm', 'webgpu'] : ['wasm'];
}
