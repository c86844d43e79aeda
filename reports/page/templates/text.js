// Figures as text, and elements: whatever is not ours is text, never markup.
const digits = (value) => (Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2));
const between = (found, form) => (found[1] === null ? form(found[0]) : `${form(found[0])} [${form(found[1])}, ${form(found[2])}]`);
// What would measure a figure that the row has not.
const lacking = (row, figure, reason) => {
  const found = row.missing.find(([name]) => name === figure);
  return ["not measured", reason, found && found[1].replaceAll("--model NAME", () => `--model ${row.typed}`)].filter(Boolean).join(": ");
};
// Of IoUs: of too few images there is no interval.
const imagesText = (found, form, unit = "") =>
  `${form(found[0])}${unit} ${found[1] === null ? "(too few images for an interval)" : `[${form(found[1])}, ${form(found[2])}]`}`;
const iouText = (row) => (row.iou ? imagesText(row.iou, (x) => x.toFixed(3)) + (row.of_export ? " (of the reference export)" : "") : lacking(row, "iou", row.iou_reason));
const latencyText = (row) => `${between(row.p50, digits)} ms${row.by_cpu ? " of CPU time" : ""}`;
const nameText = (row) => `${row.model} (${row.how})`;
const percent = (share) => `${Math.round(100 * share)} %`;

const el = (name, attributes = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
};
const byId = (id) => document.getElementById(id);
