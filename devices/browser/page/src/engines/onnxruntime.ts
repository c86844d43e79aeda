// onnxruntime-web: ONNX files on WebAssembly or WebGPU, one provider at a time.

import type * as OrtModule from 'onnxruntime-web';

import { dtypeOf, versions } from './engine';
import type { Engine, Filled, Model, Result, Settings } from './engine';

type Ort = typeof OrtModule;

export async function load(folder: string, settings: Settings): Promise<Engine> {
  const bundle = settings.accelerator === 'webgpu' ? 'ort.webgpu.min.mjs' : 'ort.wasm.min.mjs';
  const ort = (await import(`${folder}${bundle}`)) as Ort;
  ort.env.wasm.wasmPaths = folder;
  // Fixed for this worker by the first session.
  ort.env.wasm.numThreads = settings.threads;
  return new OnnxRuntime(ort, settings);
}

class OnnxRuntime implements Engine {
  readonly version = versions.onnxruntime;

  constructor(
    private readonly ort: Ort,
    private readonly settings: Settings,
  ) {}

  threads(): number | null {
    // It sets this back to 1 where it can have no more.
    return this.ort.env.wasm.numThreads ?? null;
  }

  async open(bytes: Uint8Array): Promise<Model> {
    const { accelerator } = this.settings;
    const session = await this.ort.InferenceSession.create(bytes, {
      // One alone, so that it fails where it would fall back.
      executionProviders: [accelerator],
      graphOptimizationLevel: 'all',
    });
    return new OnnxRuntimeModel(this.ort, session, accelerator);
  }
}

class OnnxRuntimeModel implements Model {
  private inputs: Record<string, OrtModule.Tensor> = {};
  private last: OrtModule.InferenceSession.OnnxValueMapType = {};
  readonly fullyAccelerated = null;
  readonly channelsLast = false;

  constructor(
    private readonly ort: Ort,
    private readonly session: OrtModule.InferenceSession,
    readonly accelerator: string,
  ) {}

  feed(inputs: Filled[]): void {
    this.inputs = {};
    this.session.inputNames.forEach((name, place) => {
      const given = inputs.find((one) => one.name === name) ?? inputs[place];
      if (!given) throw new Error(`nothing was given for the input ${name}`);
      this.inputs[name] = new this.ort.Tensor(given.dtype, given.values as never, given.shape);
    });
  }

  async infer(): Promise<number> {
    // Without a preferred place its outputs come back to the CPU before this ends.
    this.last = await this.session.run(this.inputs);
    return 0;
  }

  async outputs(): Promise<Result[]> {
    return this.session.outputNames.map((name) => {
      const tensor = this.last[name] as OrtModule.Tensor;
      const values = tensor.data as Float32Array;
      return { dtype: dtypeOf(values), shape: [...tensor.dims], values: values.slice() };
    });
  }
}
