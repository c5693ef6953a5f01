const compare = (a, b) => (isNaN(a) || isNaN(b) ? String(a).localeCompare(String(b)) : a - b);
const valueOf = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent;
document.querySelectorAll("table.sortable").forEach((table) => table.querySelectorAll("thead button").forEach((button) => button.addEventListener("click", () => {
  const heading = button.parentElement;
  const ascending = heading.getAttribute("aria-sort") === "descending";
  table.querySelectorAll("thead th").forEach((other) => other.removeAttribute("aria-sort"));
  heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  const rows = [...table.tBodies[0].rows];
  rows.sort((a, b) => {
    const [x, y] = [valueOf(a, heading.cellIndex), valueOf(b, heading.cellIndex)];
    if (x === "" || y === "") return (x === "") - (y === "");
    return (ascending ? 1 : -1) * compare(x, y);
  });
  table.tBodies[0].append(...rows);
})));
