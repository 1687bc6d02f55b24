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

// A matrix of pairs: drawn in the order that the reader chooses, read under the pointer.
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const STOPS = [[8, 64, 126], [91, 155, 213], [244, 244, 242], [240, 160, 90], [166, 60, 6]];
const shade = (share) => {
  const at = Math.min((share + 1) * 2, 3.999), place = Math.floor(at);
  return STOPS[place].map((low, k) => low + (at - place) * (STOPS[place + 1][k] - low));
};
for (const figure of document.querySelectorAll("figure.matrix")) {
  const data = JSON.parse(figure.querySelector("script").textContent);
  const value = new Int8Array(bytes(data.value).buffer), chance = bytes(data.probability);
  const canvas = figure.querySelector("canvas"), choice = figure.querySelector("select");
  const said = figure.querySelector("output"), n = data.names.length;
  const cell = Math.max(2, Math.min(16, Math.floor(800 / n)));
  canvas.width = canvas.height = n * cell;
  const draw = () => {
    const order = data.orders[choice.value], context = canvas.getContext("2d");
    for (let row = 0; row < n; row++) {
      for (let column = 0; column < n; column++) {
        const shown = shade(value[order[row] * n + order[column]] / 127);
        context.fillStyle = row === column ? "#ffffff" : `rgb(${shown.map(Math.round).join(",")})`;
        context.fillRect(column * cell, row * cell, cell, cell);
      }
    }
  };
  choice.addEventListener("change", draw);
  canvas.addEventListener("pointermove", (event) => {
    const order = data.orders[choice.value], scale = canvas.width / canvas.clientWidth / cell;
    const post = order[Math.min(n - 1, Math.max(0, Math.floor(event.offsetY * scale)))];
    const pre = order[Math.min(n - 1, Math.max(0, Math.floor(event.offsetX * scale)))];
    const at = post * n + pre;
    said.textContent = post === pre ? data.names[post] : `${data.names[pre]} \u2192 ${data.names[post]}: `
      + `effect ${(value[at] / 127 * data.limit).toPrecision(2)}, probability ${(chance[at] / 255).toFixed(2)}`;
  });
  draw();
  figure.hidden = false;
}
