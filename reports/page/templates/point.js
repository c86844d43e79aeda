// One row opened: its series in time order, histogram, sessions, conditions, and where it came from.
const facts = (pairs) => el("dl", {}, ...pairs.filter(([, value]) => value !== null && value !== "").flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
const hash = (value) => el("span", { class: "hash" }, value);
const listed = (title, lines) => el("details", {}, el("summary", {}, title), el("ul", {}, ...lines.map((line) => el("li", {}, ...[line].flat()))));
const orNot = (row, figure, form) => (row[figure] === null ? lacking(row, figure) : form(row[figure]));

const onPaper = (row, figure) => (row[figure] === null ? `unknown: ${row.complexity_reason}` : row[figure].toLocaleString("en"));

const chainText = (row) => {
  const [iouOf, file, checkpoint, commit, init, orphan] = row.chain;
  return [
    ["IoU counted on", iouOf ?? lacking(row, "iou", row.iou_reason)],
    ["file", hash(file)],
    ["checkpoint", checkpoint ? hash(checkpoint) : `unknown: ${orphan ?? row.iou_reason}`],
    ["spec", row.model],
    ["exported at commit", commit ? hash(commit) : "unknown"],
    ["first weights", init ?? "unknown"],
  ];
};

const figures = (row) => [
  ["IoU", iouText(row)],
  ["IoU from the reference", row.iou && (row === referenceIn(facetOf.get(row)) ? "the reference" : differenceOf(row) ? `${differenceText(row)} points from ${referenceIn(facetOf.get(row)).model}` : differenceText(row))],
  ["parameters", onPaper(row, "parameters")],
  ["MACs", onPaper(row, "macs")],
  ["p50", latencyText(row)],
  ["relative", row.relative ? `${between(row.relative, (x) => x.toFixed(3))} of ${row.relative_to}` : row.missing.some(([name]) => name === "relative") ? lacking(row, "relative") : "the reference"],
  ["p90", orNot(row, "p90", (p90) => `${between(p90, digits)} ms`)],
  ["load", `${digits(row.load)} ms cold, ${digits(row.warm)} warm`],
  ["first inference", orNot(row, "first", (x) => `${digits(x)} ms`)],
  ["peak memory", orNot(row, "peak", (x) => `${(x / 1e6).toFixed(0)} MB of the whole process`)],
  ["size", orNot(row, "size", (x) => `${(x / 1e6).toFixed(2)} MB`)],
  ...row.stages.map(([name, ms]) => [name, `${digits(ms)} ms`]),
  ["shrunk otherwise", row.resizes],
  ["left to the CPU", row.fallback],
  ["standing", standingText(row)],
  ["unknown", row.unknown.join(", ")],
];

const seriesBoxes = (row) => {
  if (!row.series) return [el("p", {}, `No series: ${row.reason}`)];
  const [first, second] = [el("div", { class: "draw" }), el("div", { class: "draw" })];
  const thinned = row.unit === "s" ? "medians of equal parts, over seconds" : `${row.series.length} of ${row.taken + row.warmup} inferences in time order, warm-up grey`;
  const [from, to, counts] = row.bins;
  const step = (to - from) / counts.length;
  const bins = counts.map((count, place) => ({ from: from + place * step, to: from + (place + 1) * step, count }));
  const series = row.series.map((y, at) => ({ x: at * row.step, y, colour: row.unit !== "s" && at * row.step < row.warmup ? "#999999" : "#0072b2" }));
  draw(first, "series", { series });
  draw(second, "histogram", { bins });
  return [el("div", { class: "pair" },
    el("div", {}, el("h3", {}, `Session ${row.session}`), el("p", {}, thinned), first),
    el("div", {}, el("h3", {}, "Its samples"), el("p", {}, `${row.taken} in ${counts.length} bins`), second))];
};

const showPoint = () => {
  const box = byId("point");
  const row = rowOf.get(state.point);
  box.hidden = !row;
  if (!row) return box.replaceChildren();
  const sessions = row.sessions.map(([id, when, ms]) => [hash(id), ` ${when}: ${digits(ms)} ms`]);
  if (row.sessions_more) sessions.unshift(`${row.sessions_more} earlier ones are not listed`);
  const left = row.left_out.map(([id, label, reason]) => [hash(id), ` ${label}: ${reason}`]);
  const conditions = (row.conditions ?? []).map(([name, before, after]) => `${name}: ${before}${after && after !== before ? `, afterwards ${after}` : ""}`);
  box.replaceChildren(
    el("h2", {}, nameText(row)),
    el("p", {}, el("button", { type: "button", onclick: () => set({ one: row.key }) }, "Compare with another"), " ", el("button", { type: "button", onclick: () => set({ point: "" }) }, "Close")),
    el("div", { class: "pair" }, facts(figures(row)), facts(chainText(row))),
    ...seriesBoxes(row),
    listed(`${row.sessions.length + row.sessions_more} sessions, ${row.samples} samples`, sessions),
    ...(row.left_out_count ? [listed(`${row.left_out_count} sessions left out`, left)] : []),
    ...(conditions.length ? [listed(`conditions of session ${row.session}`, conditions)] : []),
  );
};
