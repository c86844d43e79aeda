// The scatter: a picture a facet, all of one place over the same axes.
const views = [];
const tip = el("div", { id: "tip", hidden: true });
document.body.append(tip);
const showTip = (handler, event, item, text) => {
  tip.hidden = !text;
  tip.textContent = text ?? "";
  if (!text) return;
  const x = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
  tip.style.left = `${Math.max(4, x)}px`;
  tip.style.top = `${event.clientY + 14}px`;
};

const draw = (element, name, values, signals = {}) => {
  const spec = structuredClone(data.charts[name]);
  for (const set of spec.data) if (set.name in values) set.values = values[set.name];
  for (const signal of spec.signals) if (signal.name in signals) signal.value = signals[signal.name];
  // Its expressions are interpreted: the page's policy lets no code be made out of text.
  return vegaEmbed(element, spec, { mode: "vega", ast: true, actions: false, renderer: "svg", defaultStyle: false, tooltip: showTip });
};

const tipText = (row) => [
  nameText(row),
  `IoU ${iouText(row)}`,
  `${differenceText(row)}${differenceOf(row) && row !== referenceIn(facetOf.get(row)) ? ` points from ${referenceIn(facetOf.get(row)).model}` : ""}`,
  `p50 ${latencyText(row)}${row.p50[1] === null ? " (too few sessions for an interval)" : ""}`,
  standingText(row),
].join("\n");

const standingText = (row) => {
  if (row.rejected) return `rejected: ${row.rejected}`;
  if (row.unusable) return `no session counts: ${row.unusable}`;
  if (row.front) return row.chance === null ? "on the front; too few sessions to say how surely" : `on the front, P ${row.chance.toFixed(2)}${row.chance < 0.9 ? ": uncertain" : ""}`;
  if (!row.iou) return "on no front: its IoU is not known";
  const leader = rowOf.get(row.dominated_by);
  return `${row.near ? "close to the front; " : ""}dominated by ${leader ? leader.model : "another"}`;
};

const pointOf = (row) => {
  const { low, high, paired } = barOf(row);
  return { ...looksOf(row), ylow: low, yhigh: high, dash: paired ? [] : [3, 3], bar_opacity: (paired ? 0.6 : 0.4) * (matches(row) ? 1 : 0.25) };
};

const looksOf = (row) => ({
  key: row.key,
  x: row.p50[0], xlow: row.p50[1] ?? row.p50[0], xhigh: row.p50[2] ?? row.p50[0],
  y: row.iou[0],
  label: row.front || row.key === state.point ? row.label + (row.chance === null ? "" : ` P ${row.chance.toFixed(2)}`) : "",
  shape: row.shape,
  fill: row.fit ? row.colour : "transparent",
  edge: row.front ? "currentColor" : row.colour,
  edge_width: row.key === state.point ? 3 : row.front ? 2 : 1.4,
  size: row.key === state.point ? 260 : 90,
  opacity: matches(row) ? (row.front || row.key === state.point ? 1 : 0.62) : 0.1,
  tip: tipText(row),
});

// Too few for an interval: each session as a tick instead.
const ticksOf = (rows) => rows.filter((row) => row.p50[1] === null).flatMap((row) => row.sessions.map(([, , ms]) => ({ x: ms, y: row.iou[0] })));

// ys: all that is to be seen of IoU.
const domains = (rows, ys) => {
  const xs = rows.flatMap((row) => row.p50.filter((x) => x !== null));
  const [low, high] = [Math.min(...xs) / 1.45, Math.max(...xs) * 1.45];
  const [down, up] = [Math.min(...ys), Math.max(...ys)];
  const room = Math.max(0.002, 0.08 * (up - down));
  return { x_from: low, x_to: Math.max(high, low * 6), y_from: Math.max(0, down - room), y_to: Math.min(1, up + room) };
};

const facetHead = (facet, rows) => {
  const [value, share] = facet.volume ?? [null, null];
  const notes = [];
  if (value !== null) notes.push(`hypervolume ${share ? between(share, (x) => x.toFixed(3)) : `${value.toFixed(3)}, too few sessions for an interval`}`);
  return [el("h3", {}, facet.title), ...[notes.join("; "), ...barsText(facet, rows)].map((text) => el("p", {}, text))];
};

const showScatter = async () => {
  const box = byId("scatter");
  views.splice(0).forEach(({ view }) => view.finalize());
  const known = rowsHere().filter((row) => row.iou);
  box.replaceChildren();
  if (!known.length) {
    box.append(el("p", {}, "No picture: the IoU of none of these files is known. The table says why."));
    return;
  }
  const signals = domains(known, known.flatMap((row) => [row.iou[0], barOf(row).low, barOf(row).high]));
  const kind = place().emulated ? "chart emulated" : place().title.startsWith("host") ? "chart host" : "chart";
  const drawings = [];
  for (const facet of place().facets) {
    const rows = facet.rows.map((number) => data.rows[number]).filter((row) => row.iou);
    if (!rows.length) continue;
    const target = el("div", { class: "draw" });
    box.append(el("div", { class: kind }, ...facetHead(facet, rows), target));
    drawings.push([target, facet, rows]);
  }
  const lost = rowsHere().length - known.length;
  box.append(key(known), ...(lost ? [el("p", {}, `${lost} more are not drawn: their IoU is not known. The table says why.`)] : []));
  for (const [target, facet, rows] of drawings) {
    const steps = facet.steps.map(([x, y]) => ({ x, y }));
    if (steps.length) steps.push({ x: signals.x_to, y: steps.at(-1).y });
    const reference = referenceIn(facet);
    const ring = plainBars() ? [] : [{ x: reference.p50[0], y: reference.iou[0] }];
    const values = { reference: ring, points: rows.map(pointOf), steps, ticks: ticksOf(rows), budget: [{ x: budget() }] };
    const { view } = await draw(target, "scatter", values, signals);
    views.push({ view, rows, target });
    view.addEventListener("click", (event, item) => item && item.datum && rowOf.has(item.datum.key) && open(item.datum.key));
    reachable(target);
  }
};

// Points can be reached and opened from the keyboard.
const reachable = (target) => {
  for (const mark of target.querySelectorAll('[aria-roledescription="point"]')) {
    mark.setAttribute("tabindex", "0");
    mark.onkeydown = (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      open(mark.__data__.datum.key);
    };
  }
};

const refreshScatter = async () => {
  for (const { view, rows, target } of views) {
    view.data("points", rows.map(pointOf)).data("budget", [{ x: budget() }]);
    await view.runAsync();
    reachable(target);
  }
};

const SIGNS = {
  "circle": "M0 -5a5 5 0 1 0 .01 0", "square": "M-4.5 -4.5h9v9h-9z", "triangle-up": "M0 -5L5 4H-5z", "diamond": "M0 -6L5 0L0 6L-5 0z",
  "triangle-down": "M0 5L5 -4H-5z", "cross": "M-2 -5h4v3h3v4h-3v3h-4v-3h-3v-4h3z", "triangle-right": "M5 0L-4 5V-5z", "triangle-left": "M-5 0L4 5V-5z",
};
const sign = (shape, fill, edge) => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  for (const [name, value] of Object.entries({ width: 16, height: 16, viewBox: "-8 -8 16 16", "aria-hidden": "true" })) svg.setAttribute(name, value);
  // A path of its own is drawn within -1..1.
  const drawn = SIGNS[shape] ? { d: SIGNS[shape] } : { d: shape, transform: "scale(5)", "vector-effect": "non-scaling-stroke" };
  for (const [name, value] of Object.entries({ ...drawn, fill, stroke: edge, "stroke-width": 1.5 })) path.setAttribute(name, value);
  svg.append(path);
  return svg;
};

const key = (rows) => {
  const seen = new Map();
  const others = new Map();
  for (const row of rows) {
    if (row.origin !== "zoo") {
      others.set(row.origin === "imported" ? "imported" : "a file of one's own", [row.shape, row.colour, row.colour]);
      continue;
    }
    const [, width, size] = row.model.match(/_([0-9.]+)_([0-9]+)$/) ?? [null, row.model, ""];
    seen.set(`width ${width}`, ["circle", row.colour, row.colour]);
    seen.set(`size ${size}`, [row.shape, "#888888", "#888888"]);
  }
  const rank = ([name]) => (name.startsWith("width") ? 0 : 1e6) + Number(name.split(" ")[1]);
  const entries = [...[...seen].sort((a, b) => rank(a) - rank(b)), ...others];
  entries.push(["on the front (P: how surely)", ["circle", "#888888", "currentColor"]], ["no session counts, or rejected", ["circle", "transparent", "#888888"]]);
  return el("div", { class: "key" }, ...entries.map(([name, look]) => el("span", {}, sign(...look), ` ${name}`)), el("span", {}, "horizontal bars: range over passes; the front is that of all points, also of those that a filter pales"));
};
