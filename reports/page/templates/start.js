// Brings the page to life; without scripts it stays a picture and tables.
const set = (change) => {
  const before = { ...state };
  Object.assign(state, change);
  writeAddress();
  show(before);
};

const open = (key) => {
  set({ point: key, one: key });
  byId("point").scrollIntoView({ block: "nearest" });
};

let drawing = Promise.resolve();
const show = (before) => {
  byId("place").value = state.on;
  if (byId("budget").value !== state.budget) byId("budget").value = state.budget;
  if (byId("find").value !== state.find) byId("find").value = state.find;
  showAnswer();
  showBars();
  showTable();
  showPoint();
  showCompare();
  const moved = !before || before.on !== state.on;
  const otherwise = moved || before.from !== state.from || before.bars !== state.bars;
  drawing = drawing.then(otherwise ? showScatter : refreshScatter).then(moved ? showPrecision : undefined).then(() => document.documentElement.setAttribute("data-drawn", location.hash));
};

readAddress();
prepareTables();
byId("place").append(...data.places.map((one) => el("option", { value: one.key }, one.title)));
byId("place").addEventListener("change", (event) => set({ on: event.target.value, point: "", one: "", other: "" }));
byId("budget").addEventListener("input", (event) => Number(event.target.value) > 0 && set({ budget: event.target.value }));
byId("find").addEventListener("input", (event) => set({ find: event.target.value }));
byId("one").addEventListener("change", (event) => set({ one: event.target.value }));
byId("other").addEventListener("change", (event) => set({ one: byId("one").value, other: event.target.value }));
byId("from").addEventListener("change", (event) => set({ from: event.target.value }));
byId("plain").addEventListener("change", (event) => set({ bars: event.target.checked ? "images" : "" }));
for (const button of document.querySelectorAll("[data-ms]")) button.addEventListener("click", () => set({ budget: button.dataset.ms }));
addEventListener("hashchange", () => { readAddress(); show(); });
for (const id of ["controls", "answer", "scatter"]) byId(id).hidden = false;
byId("picture").hidden = true;
show();
