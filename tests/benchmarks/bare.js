// LiteRT.js and nothing around it: what the page's figures are held against.

import { loadAndCompile, loadLiteRt, Tensor } from '@litertjs/core';

let model;
let input;

window.prepare = async (folder, path, side) => {
  await loadLiteRt(folder, { threads: false });
  const bytes = new Uint8Array(await (await fetch(path)).arrayBuffer());
  model = await loadAndCompile(bytes, { accelerator: 'wasm' });
  const values = Float32Array.from({ length: side * side * 3 }, () => Math.floor(Math.random() * 256) / 255);
  input = new Tensor(values, [1, side, side, 3]);
};

// Durations in ns of so many inferences in a row.
window.take = async (count) => {
  const taken = [];
  for (let done = 0; done < count; done += 1) {
    const began = performance.now();
    const [output] = await model.run(input);
    taken.push((performance.now() - began) * 1e6);
    output.delete();
  }
  return taken;
};
