// Builds the page into ../site: our scripts by esbuild, the runtimes' files as they are, each of
// them compressed once. Nothing is fetched from elsewhere when the page is opened.

import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const site = join(here, '..', 'site');
const made = `${site}.making`;
const packages = join(here, 'node_modules');
const version = (name) => JSON.parse(readFileSync(join(packages, name, 'package.json'))).version;
const versions = { litert: version('@litertjs/core'), onnxruntime: version('onnxruntime-web') };

// What a worker may ask for; the others of the package are bundles that nobody loads.
const RUNTIME_FILES = {
  litert: ['@litertjs/core/wasm', /^litert_wasm(_compat|_threaded)?_internal\.(js|wasm)$/],
  onnxruntime: [
    'onnxruntime-web/dist',
    /^(ort\.(wasm|webgpu)\.min\.mjs|ort-wasm-simd-threaded(\.asyncify)?\.(mjs|wasm))$/,
  ],
};

rmSync(made, { recursive: true, force: true });
mkdirSync(made, { recursive: true });
const common = {
  bundle: true,
  minify: true,
  target: 'es2022',
  logLevel: 'warning',
  absWorkingDir: here,
  define: {
    LITERT_VERSION: JSON.stringify(versions.litert),
    ONNXRUNTIME_VERSION: JSON.stringify(versions.onnxruntime),
  },
};
await Promise.all([
  build({ ...common, entryPoints: { page: 'src/page.ts' }, format: 'esm', outdir: made }),
  build({ ...common, entryPoints: { worker: 'src/worker.ts' }, format: 'iife', outdir: made }),
  build({
    ...common,
    entryPoints: { 'engine-litert': 'src/engines/litert.ts', 'engine-onnxruntime': 'src/engines/onnxruntime.ts' },
    format: 'esm',
    outdir: made,
  }),
  build({ ...common, entryPoints: { style: 'src/style.css' }, outdir: made }),
]);
cpSync(join(here, 'src', 'index.html'), join(made, 'index.html'));
for (const [runtime, [folder, wanted]] of Object.entries(RUNTIME_FILES)) {
  mkdirSync(join(made, runtime));
  for (const name of readdirSync(join(packages, folder)).filter((each) => wanted.test(each))) {
    cpSync(join(packages, folder, name), join(made, runtime, name));
  }
}

const names = readdirSync(made, { recursive: true }).filter((name) => statSync(join(made, name)).isFile());
const files = {};
for (const name of names.sort()) {
  const path = join(made, name);
  const bytes = readFileSync(path);
  files[name.replaceAll('\\', '/')] = createHash('sha256').update(bytes).digest('hex');
  writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }));
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 6 }));
}
writeFileSync(join(made, 'manifest.json'), JSON.stringify({ versions, files }, null, 1));
rmSync(site, { recursive: true, force: true });
renameSync(made, site);
console.log(`${basename(site)}: ${names.length} files, ${JSON.stringify(versions)}`);
