// LiteRT.js: TFLite files on WebAssembly or WebGPU.

import { getGlobalLiteRt, loadAndCompile, loadLiteRt, setWebGpuDevice, Tensor } from '@litertjs/core';
import type { CompiledModel } from '@litertjs/core';

import { gpuDevice } from './gpu';
import { dtypeOf, versions } from './engine';
import type { Engine, Filled, Model, Result, Settings } from './engine';

/** Load it for this worker, once. folder: where its glue and .wasm files lie. */
export async function load(folder: string, settings: Settings): Promise<Engine> {
  const scope = self as unknown as { Module: unknown };
  // In a worker it would look beside the worker's script.
  scope.Module = {
    locateFile: (file: string) => folder + file,
    mainScriptUrlOrBlob: `${folder}litert_wasm_threaded_internal.js`,
  };
  await loadLiteRt(folder, { threads: settings.threads > 1 });
  if (settings.accelerator === 'webgpu') setWebGpuDevice(await gpuDevice());
  return new LiteRt(settings);
}

class LiteRt implements Engine {
  readonly version = versions.litert;

  constructor(private readonly settings: Settings) {}

  threads(): number | null {
    const module = getGlobalLiteRt().liteRtWasm as unknown as { getThreadCount?: () => number };
    return module.getThreadCount?.() ?? null;
  }

  async open(bytes: Uint8Array): Promise<Model> {
    const { accelerator, threads } = this.settings;
    const cpuOptions = threads > 1 ? { numThreads: threads } : undefined;
    // Never without an accelerator: it would take WebGPU wherever there is an adapter.
    const compiled = await loadAndCompile(bytes, { accelerator, ...(cpuOptions && { cpuOptions }) });
    return new LiteRtModel(compiled, accelerator === 'webgpu');
  }
}

class LiteRtModel implements Model {
  private inputs: Tensor[] = [];
  private last: Tensor[] = [];
  accelerator: string;
  readonly fullyAccelerated: boolean;
  readonly channelsLast = true;

  constructor(
    private readonly compiled: CompiledModel,
    private readonly onGpu: boolean,
  ) {
    this.accelerator = compiled.options.accelerator;
    this.fullyAccelerated = compiled.isFullyAccelerated;
  }

  feed(inputs: Filled[]): void {
    for (const tensor of this.inputs) tensor.delete();
    this.inputs = this.compiled.getInputDetails().map((wanted, place) => {
      const given = inputs.find((one) => one.name === wanted.name) ?? inputs[place];
      if (!given || given.dtype === 'int8') {
        throw new Error(`LiteRT.js takes no ${given?.dtype ?? 'missing'} inputs`);
      }
      return new Tensor(given.values as Float32Array, given.shape);
    });
  }

  async infer(): Promise<number> {
    for (const tensor of this.last) tensor.delete();
    this.last = [];
    this.last = await this.compiled.run(this.inputs);
    if (!this.onGpu) return 0;
    // It returns before the work is done; the reading waits for it.
    const began = performance.now();
    await this.last[0]?.data();
    return performance.now() - began;
  }

  async outputs(): Promise<Result[]> {
    const details = this.compiled.getOutputDetails();
    // Where the output lies tells where it was computed, whatever the options say.
    this.accelerator = this.last[0]?.accelerator ?? this.accelerator;
    return Promise.all(
      this.last.map(async (tensor, place) => {
        const values = (await tensor.data()) as Float32Array;
        return { dtype: dtypeOf(values), shape: [...(details[place]?.shape ?? [])], values: values.slice() };
      }),
    );
  }
}
