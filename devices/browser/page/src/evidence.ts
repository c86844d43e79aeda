// What a worker can prove of itself. `watch` stands before anything is loaded.

import { countSubmissions, gpuAdapter, gpuIsFallback, gpuSubmissions } from './engines/gpu';
import type { Engine, Model } from './engines/engine';
import type { Evidence } from './messages';

const KEPT_LINES = 20;
const lines: string[] = [];
const memories = new Set<WebAssembly.Memory>();
// As it was before `watch` put another in its place.
const Memory = WebAssembly.Memory;
// LiteRT.js prints what goes well as an error too.
const WELL = /^\s*(INFO|I\d{4})\b/;

/** Keep what the runtimes print, and their memories, from now on. */
export function watch(): void {
  for (const name of ['warn', 'error'] as const) {
    const print = console[name].bind(console);
    console[name] = (...words: unknown[]) => {
      const line = words.map(String).join(' ').slice(0, 200);
      if (!WELL.test(line)) lines.push(line);
      if (lines.length > KEPT_LINES) lines.shift();
      print(...words);
    };
  }
  WebAssembly.Memory = class extends Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      memories.add(this);
    }
  };
  watchInstances();
  countSubmissions();
}

function watchInstances(): void {
  const { instantiate, instantiateStreaming } = WebAssembly;
  type Made = WebAssembly.Instance | WebAssembly.WebAssemblyInstantiatedSource;
  const keep = (made: Made): void => {
    const instance = made instanceof WebAssembly.Instance ? made : made.instance;
    for (const one of Object.values(instance.exports)) {
      if (one instanceof Memory) memories.add(one);
    }
  };
  const kept = (start: (...given: never[]) => Promise<Made>) =>
    async (...given: never[]) => {
      const made = await start.apply(WebAssembly, given);
      keep(made);
      return made;
    };
  WebAssembly.instantiate = kept(instantiate as never) as never;
  if (instantiateStreaming) WebAssembly.instantiateStreaming = kept(instantiateStreaming as never) as never;
}

/** The size of the largest memory of a WebAssembly module here; null where none was seen. */
function heapBytes(): number | null {
  const sizes = [...memories].map((memory) => memory.buffer.byteLength);
  return sizes.length ? Math.max(...sizes) : null;
}

export function evidenceOf(engine: Engine, model: Model): Evidence {
  const fetched = performance.getEntriesByType('resource').map((entry) => entry.name);
  return {
    runtime_version: engine.version,
    accelerator: model.accelerator,
    fully_accelerated: model.fullyAccelerated,
    threads: engine.threads(),
    gpu_submissions: gpuSubmissions(),
    adapter: gpuAdapter(),
    fallback_adapter: gpuIsFallback(),
    wasm: [...new Set(fetched.filter((url) => /\.wasm(\?|$)/.test(url)).map((url) => new URL(url).pathname))],
    heap_bytes: heapBytes(),
    console: [...lines],
  };
}
