// The rows of the table as they are shown, in a CSV that is made here: nothing is fetched for it.
const triple = (name, get) => [0, 1, 2].map((at) => [name + ["", "_low", "_high"][at], (row) => (get(row) ?? [])[at]]);
const CSV = [
  ...["model", "runtime"].map((name) => [name, (row) => row[name]]),
  ["runtime_version", (row) => row.version], ["threads", (row) => row.threads], ["precision", (row) => row.precision],
  ["device", () => place().title],
  ["parameters", (row) => row.parameters], ["macs", (row) => row.macs],
  ...triple("iou", (row) => row.iou), ["iou_of", (row) => row.chain[0]], ["iou_of_reference", (row) => row.of_export], ["iou_on_others", (row) => row.elsewhere],
  ["iou_reference", (row) => row.iou && referenceIn(facetOf.get(row)).model],
  ...triple("iou_from_reference", differenceOf),
  ...triple("p50_ms", (row) => row.p50), ...triple("relative", (row) => row.relative), ["relative_to", (row) => row.relative_to],
  ["p90_ms", (row) => row.p90 && row.p90[0]],
  ["on_front", (row) => row.front], ["front_probability", (row) => row.chance], ["rejected", (row) => row.rejected], ["usable", (row) => !row.unusable],
  ["size_bytes", (row) => row.size], ["first_inference_ms", (row) => row.first], ["load_ms", (row) => row.load], ["peak_memory_bytes", (row) => row.peak],
  ...triple("iou_change_from_torch", (row) => row.change),
  ["samples", (row) => row.samples], ["key", (row) => row.key],
];

// A spreadsheet takes a text that begins like a formula for one: names may come from anywhere.
const csvCell = (value) => {
  if (value === null || value === undefined) return "";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "string") return String(value);
  return `"${value.replace(/^[=+\-@\t\r]/, "'$&").replaceAll('"', '""')}"`;
};

const csvText = () => {
  const lines = shownRows().map((row) => CSV.map(([, get]) => csvCell(get(row))));
  return [CSV.map(([name]) => name), ...lines].map((cells) => `${cells.join(",")}\n`).join("");
};

const download = () => {
  const address = URL.createObjectURL(new Blob([csvText()], { type: "text/csv;charset=utf-8" }));
  el("a", { href: address, download: "rows.csv" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
};
