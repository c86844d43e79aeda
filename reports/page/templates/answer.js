// The answer: the variant of most IoU within the budget, in a sentence.
const merit = (a, b) => b.iou[0] - a.iou[0] || a.p50[0] - b.p50[0];

const best = () => {
  const fit = rowsHere().filter((row) => row.fit && matches(row));
  const within = fit.filter((row) => row.p50[0] <= budget()).sort(merit);
  const next = within.find((row) => row.model !== within[0].model);
  return { fit, row: within[0], next };
};

const holdsText = (row) => {
  if (row.p50[1] === null) return "It has too few sessions for an interval of its latency.";
  if (row.p50[2] <= budget()) return "Its whole latency interval is within the budget.";
  return "Its latency interval reaches beyond the budget: it may not keep to it.";
};

const nextText = (row, next) => {
  if (!next) return "No other variant is within it.";
  const found = pairOf(row, next);
  const name = `${nameText(next)}, IoU ${iouText(next)}, p50 ${latencyText(next)}`;
  if (!found.iou) return `Next: ${name}.`;
  const apart = found.iou[1] !== null && (found.iou[1] > 0 || found.iou[2] < 0);
  return `Next: ${name}; IoU lower by ${imagesText(found.iou, (x) => (100 * x).toFixed(2), " points")}${apart ? "" : ", not distinguishable on these images"}.`;
};

const showAnswer = () => {
  const { fit, row, next } = best();
  const where = `On ${place().title}`;
  const among = state.find.trim() ? ` among what matches “${state.find.trim()}”` : "";
  const box = byId("answer");
  if (!fit.length) {
    box.replaceChildren(`${where}${among} nothing can be chosen: no session that counts of a file of known IoU.`);
  } else if (!row) {
    const fastest = fit.reduce((a, b) => (a.p50[0] <= b.p50[0] ? a : b));
    box.replaceChildren(`${where}${among} nothing is within ${budget()} ms. The fastest is ${nameText(fastest)}, p50 ${latencyText(fastest)}, IoU ${iouText(fastest)}.`);
  } else {
    box.replaceChildren(
      `${where}${among}, the best within ${budget()} ms is `,
      el("strong", {}, row.model),
      ` (${row.how}): IoU${row.iou_on ? ` on ${row.iou_on}` : ""} ${iouText(row)}, p50 ${latencyText(row)}.`,
      el("small", {}, `${holdsText(row)} ${nextText(row, next)}`),
    );
  }
  if (place().emulated) box.append(el("small", {}, "This device is emulated: its latencies are no measure of a phone."));
};
