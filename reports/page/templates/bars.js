// The bars of IoU: each row's difference from the reference of its picture, over the same images.
const facetOf = new Map(data.places.flatMap((one) => one.facets.flatMap((facet) => facet.rows.map((number) => [data.rows[number], facet]))));
const bestIn = (facet) => (facet.reference === null ? null : data.rows[facet.reference]);
// Of very many files there are no pairs.
const chosenIn = (facet) => (data.pairs.length ? facet.rows : []).map((number) => data.rows[number]).filter((row) => row.iou && row.model === state.from).sort(merit)[0];
const referenceIn = (facet) => chosenIn(facet) ?? bestIn(facet);
const plainBars = () => state.bars === "images";

// Value, low and high; null where the two were not counted on the same images.
const differenceOf = (row) => {
  const facet = facetOf.get(row);
  const reference = referenceIn(facet);
  if (!row.iou || !reference) return null;
  if (reference !== bestIn(facet)) return pairOf(row, reference).iou;
  return row.difference && row.difference.map((x) => (x === null ? null : x / 1e4));
};

const barOf = (row) => {
  const difference = plainBars() ? null : differenceOf(row);
  const [value, low, high] = row.iou;
  const paired = plainBars() || Boolean(difference);
  // Of too few images: the value itself.
  if ((difference ?? row.iou)[1] === null) return { low: value, high: value, paired };
  if (!difference) return { low, high, paired };
  return { low: value - difference[0] + difference[1], high: value - difference[0] + difference[2], paired };
};

const pointsText = (found) => imagesText(found, (x) => `${x < 0 ? "-" : "+"}${Math.abs(100 * x).toFixed(2)}`);
const differenceText = (row) => {
  if (!row.iou) return "";
  const difference = differenceOf(row);
  if (row === referenceIn(facetOf.get(row))) return "the reference";
  return difference ? pointsText(difference) : "of other images";
};

// The same words as in the pictures beside the page.
const barsText = (facet, rows) => {
  if (plainBars()) return ["bars of IoU: 95 % interval over images, of each model by itself"];
  const reference = referenceIn(facet);
  const why = data.pairs.length ? "is not in this picture" : "cannot be chosen among so many files";
  const lost = state.from && !chosenIn(facet) ? [`${state.from} ${why}: the best is taken`] : [];
  const plain = rows.filter((row) => !barOf(row).paired).length;
  return [
    ...lost,
    `bars of IoU: 95 % interval of the difference from ${reference.model} (ringed), on the same images; where a bar reaches its level line, no difference is sure`,
    ...(plain ? [`dashed (${plain} of ${rows.length}): not counted on the same images, so the plain 95 % interval over images`] : []),
  ];
};

const showBars = () => {
  const models = data.pairs.length ? [...new Set(rowsHere().filter((row) => row.iou).map((row) => row.model))] : [];
  byId("bars").hidden = !rowsHere().some((row) => row.iou);
  byId("from").replaceChildren(el("option", { value: "" }, "the best of each picture"), ...models.map((name) => el("option", { value: name }, name)));
  byId("from").value = models.includes(state.from) ? state.from : "";
  byId("from").disabled = plainBars() || !models.length;
  byId("plain").checked = plainBars();
};
