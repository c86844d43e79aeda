// The GPU of this worker: asked for once, named, and its work counted.

let submissions = 0;
let adapterText: string | null = null;
let isFallback: boolean | null = null;

/** Count what is submitted to any queue from now on. Before a runtime is loaded. */
export function countSubmissions(): void {
  // WebKit has the one without the other where there is no GPU.
  if (typeof GPUQueue === 'undefined' || typeof GPU === 'undefined') return;
  const submit = GPUQueue.prototype.submit;
  GPUQueue.prototype.submit = function counted(...given) {
    submissions += 1;
    return submit.apply(this, given);
  };
  const requestAdapter = GPU.prototype.requestAdapter;
  GPU.prototype.requestAdapter = async function told(...given) {
    const adapter = await requestAdapter.apply(this, given);
    if (adapter) note(adapter);
    return adapter;
  };
}

function note(adapter: GPUAdapter): void {
  const info = adapter.info as GPUAdapterInfo | undefined;
  if (!info) return;
  const told = [info.vendor, info.architecture, info.description].filter(Boolean).join(' ');
  adapterText = told || 'it does not say';
  isFallback = info.isFallbackAdapter ?? null;
}

export const gpuSubmissions = (): number => submissions;
export const gpuAdapter = (): string | null => adapterText;
export const gpuIsFallback = (): boolean | null => isFallback;

/** A device with what the models may need. Throws where there is none. */
export async function gpuDevice(): Promise<GPUDevice> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new Error('this browser has no WebGPU adapter');
  const wanted: GPUFeatureName[] = ['shader-f16'];
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  return adapter.requestDevice({
    requiredFeatures: wanted.filter((feature) => adapter.features.has(feature)),
    requiredLimits: { maxBufferSize, maxStorageBufferBindingSize },
  });
}
