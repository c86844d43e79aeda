// What the reader has chosen. It stands in the address, so that a view can be sent to a colleague.
const data = JSON.parse(byId("data").textContent);
// Names, and texts that rows have in common, stand once; here each row gets its own back.
data.rows = data.rows.map((values) => Object.fromEntries(data.names.map((name, at) => [name, values[at]])));
const spelled = (value) => (Array.isArray(value) ? value.map(spelled) : value === null ? null : data.texts[value]);
for (const row of data.rows) for (const name of ["how", "beside", "fallback", "conditions", "chain", "left_out", "unknown", "missing"]) row[name] = spelled(row[name]);
const rowOf = new Map(data.rows.map((row) => [row.key, row]));
const placeOf = new Map(data.places.map((place) => [place.key, place]));
const state = { on: data.places[0].key, budget: "16.7", point: "", one: "", other: "", sort: "", find: "", from: "", bars: "" };
const initial = { ...state };

const readAddress = () => {
  const given = new URLSearchParams(location.hash.slice(1));
  for (const key of Object.keys(state)) state[key] = given.get(key) ?? initial[key];
  if (!placeOf.has(state.on)) state.on = initial.on;
  if (!(Number(state.budget) > 0)) state.budget = initial.budget;
  if (state.bars !== "images") state.bars = "";
  if (!data.rows.some((row) => row.model === state.from)) state.from = "";
  for (const key of ["point", "one", "other"]) if (!rowOf.has(state[key])) state[key] = "";
};

const writeAddress = () => {
  const changed = Object.entries(state).filter(([key, value]) => value !== initial[key]);
  const hash = new URLSearchParams(changed).toString();
  // Safari refuses more than a hundred in half a minute; the next one that it takes is whole.
  try {
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
  } catch {}
};

const place = () => placeOf.get(state.on);
const budget = () => Number(state.budget);
const rowsHere = () => place().rows.map((number) => data.rows[number]);
const wordsOf = (row) => `${row.model} ${row.label} ${row.how} ${row.front ? "front" : ""}`.toLowerCase();
const matches = (row) => state.find.toLowerCase().split(/\s+/).every((word) => wordsOf(row).includes(word));
// What stands in a triangle: for each the later ones in turn.
const inTriangle = (triangle, i, j, scale) => {
  const found = triangle.length && i !== j && (triangle[Math.min(i, j)] ?? [])[Math.abs(i - j) - 1];
  return found ? found.slice(0, 3).map((x) => (x === null ? null : x / scale)) : null;
};
const pairOf = (one, other) => {
  const { pairs, rows } = place();
  const [i, j] = [rows.indexOf(data.rows.indexOf(one)), rows.indexOf(data.rows.indexOf(other))];
  const iou = one.source === other.source ? [0, 0, 0] : inTriangle(data.pairs, one.source, other.source, 1e4);
  const latency = inTriangle(pairs, i, j, 1);
  const minus = (x) => (x === null ? null : -x);
  const inverse = (x) => (x === null ? null : 1 / x);
  return {
    iou: one.source === null || other.source === null ? null : iou && one.source > other.source ? [-iou[0], minus(iou[2]), minus(iou[1])] : iou,
    latency: latency && i > j ? [inverse(latency[0]), inverse(latency[2]), inverse(latency[1])] : latency,
    paired: Boolean(latency && pairs[Math.min(i, j)][Math.abs(i - j) - 1][3]),
  };
};
