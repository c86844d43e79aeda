// The table: the rows of the place, sorted by a heading and filtered by words.
const sortValues = {
  model: (row) => row.model, runtime: (row) => `${row.runtime} ${row.version}`, threads: (row) => row.threads, precision: (row) => row.precision,
  iou: (row) => row.iou && row.iou[0], p50: (row) => row.p50[0], relative: (row) => row.relative && row.relative[0], p90: (row) => row.p90 && row.p90[0],
  chance: (row) => (row.front ? 1 + (row.chance ?? 0) : row.near ? 0.5 : 0), size: (row) => row.size, first: (row) => row.first, load: (row) => row.load,
  peak: (row) => row.peak, parameters: (row) => row.parameters, macs: (row) => row.macs, elsewhere: (row) => row.elsewhere || null, difference: (row) => (differenceOf(row) ?? [null])[0], change: (row) => row.change && row.change[0], sessions: (row) => row.sessions.length + row.sessions_more,
};

// Missing values stand at the end, whichever way it is sorted.
const compareBy = (column, way) => (a, b) => {
  const [x, y] = [sortValues[column](a), sortValues[column](b)];
  if (x === null || y === null) return (x === null) - (y === null);
  return way * (typeof x === "string" ? x.localeCompare(y, "en", { numeric: true }) : x - y);
};

const prepareTables = () => {
  for (const heading of document.querySelectorAll(".place th")) {
    const column = heading.dataset.key;
    heading.replaceChildren(el("button", { type: "button", onclick: () => set({ sort: state.sort === column ? `-${column}` : column }) }, heading.textContent));
  }
  for (const line of document.querySelectorAll(".place tbody tr")) {
    const cell = line.firstElementChild;
    cell.replaceChildren(el("button", { type: "button", onclick: () => open(line.dataset.row) }, cell.textContent));
  }
  for (const button of document.querySelectorAll(".download")) {
    button.hidden = false;
    button.addEventListener("click", download);
  }
  for (const still of document.querySelectorAll(".still")) still.hidden = true;
};

// As they stand in the table.
const sortedRows = () => {
  const column = state.sort.replace("-", "");
  const rows = rowsHere();
  return Object.hasOwn(sortValues, column) ? rows.sort(compareBy(column, state.sort.startsWith("-") ? -1 : 1)) : rows;
};
const shownRows = () => sortedRows().filter(matches);

const showTable = () => {
  for (const section of document.querySelectorAll(".place")) section.hidden = section.dataset.key !== state.on;
  const section = document.querySelector(`.place[data-key="${state.on}"]`);
  const column = state.sort.replace("-", "");
  const away = state.sort.startsWith("-");
  for (const heading of section.querySelectorAll("th")) {
    if (heading.dataset.key === column) heading.setAttribute("aria-sort", away ? "descending" : "ascending");
    else heading.removeAttribute("aria-sort");
  }
  const body = section.querySelector("tbody");
  const lines = new Map([...body.children].map((line) => [line.dataset.row, line]));
  const at = [...section.querySelectorAll("th")].findIndex((heading) => heading.dataset.key === "difference");
  for (const row of sortedRows()) {
    const line = lines.get(row.key);
    line.children[at].textContent = differenceText(row);
    line.hidden = !matches(row);
    line.classList.toggle("chosen", row.key === state.point);
    body.append(line);
  }
};
