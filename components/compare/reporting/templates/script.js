const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// Sorting. Cells without a figure stay last.
const compare = (a, b) => (isNaN(a) || isNaN(b) ? String(a).localeCompare(String(b)) : a - b);
const valueOf = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent;
const sort = (table, heading) => {
  const ascending = heading.getAttribute("aria-sort") === "descending";
  all("thead th", table).forEach((other) => other.removeAttribute("aria-sort"));
  heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  const rows = [...table.tBodies[0].rows];
  rows.sort((a, b) => {
    const [x, y] = [valueOf(a, heading.cellIndex), valueOf(b, heading.cellIndex)];
    if (x === "" || y === "") return (x === "") - (y === "");
    return (ascending ? 1 : -1) * compare(x, y);
  });
  table.tBodies[0].append(...rows);
};
all("table.sortable").forEach((table) =>
  all("thead button", table).forEach((button) => button.addEventListener("click", () => sort(table, button.parentElement))));

// Filters: both tables of candidates follow them.
const filters = all("[data-filter]");
const passes = (row) => filters.every(({ value, dataset }) => !value || row.dataset[dataset.filter].split(" ").includes(value));
const applyFilters = () => {
  all("tr[data-model]").forEach((row) => (row.hidden = !passes(row)));
  const rows = all("#table tr[data-model]");
  const shown = rows.filter((row) => !row.hidden).length;
  all(".filters [role=status]").forEach((status) => (status.textContent = `${shown} of ${rows.length} candidates`));
};
all(".filters").forEach((box) => (box.hidden = false));
filters.forEach((filter) => filter.addEventListener("change", applyFilters));

// The chart: details where the pointer or the keyboard is. Arrow keys go along the cost, Escape hides.
const REACH = 30;
const centre = (point) => {
  const { left, top, width, height } = point.getBoundingClientRect();
  return [left + width / 2, top + height / 2];
};
all(".trade-off").forEach((chart) => {
  const tip = chart.parentElement.querySelector(".tip");
  const points = all(".candidate", chart).sort((a, b) => centre(a)[0] - centre(b)[0]);
  const lines = new Map(points.map((point) => [point, point.querySelector("title").textContent.split("\n")]));
  const hide = () => (tip.hidden = true);
  const show = (point) => {
    tip.replaceChildren(...lines.get(point).map((line) => Object.assign(document.createElement("p"), { textContent: line })));
    tip.hidden = false;
    const [x, y] = centre(point);
    const frame = chart.parentElement.getBoundingClientRect();
    tip.style.left = `${Math.max(0, Math.min(x - frame.left + 14, frame.width - tip.offsetWidth))}px`;
    tip.style.top = `${y - frame.top + (y + 14 + tip.offsetHeight > innerHeight ? -14 - tip.offsetHeight : 14)}px`;
  };
  const pointAt = ({ clientX, clientY }) => {
    const distance = (point) => Math.hypot(centre(point)[0] - clientX, centre(point)[1] - clientY);
    const [nearest] = points.toSorted((a, b) => distance(a) - distance(b));
    return nearest && distance(nearest) < REACH ? nearest : null;
  };
  points.forEach((point, place) => {
    point.setAttribute("aria-label", lines.get(point).join("; "));
    point.setAttribute("tabindex", place ? -1 : 0);
    point.querySelector("title").remove(); // else the browser shows it as well
    point.addEventListener("focus", () => show(point));
    point.addEventListener("blur", hide);
    point.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
      const next = step && points[place + step];
      if (event.key === "Escape") hide();
      if (!next) return;
      event.preventDefault();
      point.setAttribute("tabindex", -1);
      next.setAttribute("tabindex", 0);
      next.focus();
    });
  });
  const follow = (event) => {
    const point = pointAt(event);
    if (point) show(point);
    else hide();
  };
  ["pointermove", "click"].forEach((kind) => chart.addEventListener(kind, follow));
  chart.addEventListener("pointerleave", hide);
});

// Links within the page, also where it stands in a frame whose address is another page's.
all("nav a").forEach((link) => link.addEventListener("click", (event) => {
  event.preventDefault();
  const heading = document.getElementById(link.getAttribute("href").slice(1));
  heading.setAttribute("tabindex", -1);
  heading.focus();
  heading.scrollIntoView();
}));

// Paper has no summaries to click on.
const closed = () => all("details:not([open])").filter((one) => !one.querySelector("iframe"));
let opened = [];
addEventListener("beforeprint", () => (opened = closed()).forEach((one) => (one.open = true)));
addEventListener("afterprint", () => opened.forEach((one) => (one.open = false)));
