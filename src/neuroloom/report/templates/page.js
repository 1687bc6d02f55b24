"use strict";
// Click or press a head to sort its column: numbers from large to small first, text from A to Z.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = Array.from(table.tHead.rows[0].cells);
  const body = table.tBodies[0];
  heads.forEach((head, column) => {
    const numeric = head.classList.contains("number");
    const value = (row) => {
      const cell = row.cells[column];
      return numeric ? parseFloat(cell.dataset.sort) : cell.textContent;
    };
    head.querySelector("button").addEventListener("click", () => {
      const now = head.getAttribute("aria-sort");
      const next = now === "none" ? (numeric ? "descending" : "ascending")
        : now === "descending" ? "ascending" : "descending";
      const direction = next === "ascending" ? 1 : -1;
      const rows = Array.from(body.rows);
      rows.sort((one, other) => {
        const a = value(one), b = value(other);
        if (!numeric) return direction * a.localeCompare(b, "en", { numeric: true });
        if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
        return direction * (a - b);
      });
      for (const other of heads) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", next);
      body.append(...rows);
    });
  });
}
