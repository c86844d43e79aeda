// What precision costs: a line joins the files of one variant.
const ORDER = ["fp32", "fp16", "fp16a", "int8w", "int8", "pal6", "pal4"];
const PRECISION_SHAPES = { fp32: "circle", fp16: "square", fp16a: "triangle-right", int8w: "triangle-down", int8: "diamond", pal6: "cross", pal4: "triangle-up" };

const lines = () => {
  const groups = new Map();
  for (const row of rowsHere()) {
    if (!row.iou || row.of_export) continue;
    const runtime = row.beside.replace(", every precision", "");
    const models = groups.get(runtime) ?? groups.set(runtime, new Map()).get(runtime);
    models.set(row.model, [...(models.get(row.model) ?? []), row]);
  }
  return [...groups].map(([runtime, models]) => [runtime, [...models.values()].filter((rows) => rows.length > 1).flat()]).filter(([, rows]) => rows.length);
};

const showPrecision = async () => {
  const box = byId("precision");
  if (!box) return;
  box.replaceChildren();
  for (const [runtime, rows] of lines()) {
    const target = el("div", { class: "draw" });
    const marks = ORDER.filter((name) => rows.some((row) => row.precision === name));
    box.append(el("div", { class: "chart" }, el("h3", {}, runtime), target,
      el("div", { class: "key" }, ...marks.map((name) => el("span", {}, sign(PRECISION_SHAPES[name], "#888888", "#888888"), ` ${name}`)))));
    const points = rows.map((row) => ({
      x: row.p50[0], y: row.iou[0], model: row.model, order: ORDER.indexOf(row.precision), colour: row.colour,
      shape: PRECISION_SHAPES[row.precision] ?? "triangle-left", fill: row.fit ? row.colour : "transparent", tip: tipText(row),
    }));
    await draw(target, "precision", { points }, domains(rows, rows.map((row) => row.iou[0])));
  }
};
