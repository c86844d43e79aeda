// Two rows of one place: IoU over the same images, latency over the same rounds.
const choose = (select, chosen) => {
  select.replaceChildren(...rowsHere().map((row) => el("option", { value: row.key, selected: row.key === chosen }, nameText(row))));
  select.value = chosen;
};

const iouSentence = (one, other, found) => {
  if (!found.iou) return "Their IoUs cannot be compared: not both were counted on the same images.";
  const [value, low, high] = found.iou;
  const shown = imagesText(found.iou, (x) => (100 * x).toFixed(2), " points");
  if (one.source === other.source) return "Their IoU is of the same counts.";
  if (low === null || (low <= 0 && high >= 0)) return `Their IoUs are not distinguishable on these images: ${shown}.`;
  return `The IoU of ${one.label} is ${value > 0 ? "higher" : "lower"} by ${shown}.`;
};

const latencySentence = (one, other, found) => {
  if (!found.latency) return "Their latencies cannot be compared: not both have sessions that count.";
  const [value, low, high] = found.latency;
  const shown = low === null ? value.toFixed(3) : `${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
  const how = found.paired ? "in the same rounds" : "unpaired";
  if (low === null) return `Their latencies are not distinguishable: too few sessions for an interval, ratio ${shown}, ${how}.`;
  if (low <= 1 && high >= 1) return `Their latencies are not distinguishable: ratio ${shown}, ${how}.`;
  return `${one.label} ${one.precision} takes ${shown} of the latency of ${other.label} ${other.precision}, ${how}.`;
};

const showCompare = () => {
  const rows = rowsHere();
  byId("compare").hidden = rows.length < 2;
  if (rows.length < 2) return;
  const first = best().row ?? rows[0];
  const one = rows.find((row) => row.key === state.one) ?? rowsHere().find((row) => row.key === state.point) ?? first;
  const other = rows.find((row) => row.key === state.other && row !== one) ?? rows.find((row) => row !== one && row !== best().row) ?? rows.find((row) => row !== one);
  choose(byId("one"), one.key);
  choose(byId("other"), other.key);
  if (!place().pairs.length) return byId("difference").replaceChildren(`With ${rows.length} rows here, pairs are not in this page: bench compare --stored, or report on fewer.`);
  const found = pairOf(one, other);
  byId("difference").replaceChildren(`${iouSentence(one, other, found)} ${latencySentence(one, other, found)}`);
};
