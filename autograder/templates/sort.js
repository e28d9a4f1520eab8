// Sort the students' table by the column whose head is pressed; a second press turns the order.
const table = document.querySelector("table.students");
table?.querySelectorAll("thead button").forEach((button, column) => {
  button.addEventListener("click", () => {
    const head = button.parentElement, body = table.tBodies[0];
    const sign = head.getAttribute("aria-sort") === "descending" ? 1 : -1;
    const cell = (row) => row.children[column];
    const number = (row) => parseFloat(cell(row).dataset.value ?? cell(row).textContent);
    const value = (row) => (Number.isNaN(number(row)) ? -1 : number(row));
    const name = (row) => cell(row).textContent;
    const compare = (a, b) => (column ? value(a) - value(b) : name(a).localeCompare(name(b)));
    table.querySelectorAll("th[aria-sort]").forEach((th) => th.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
    body.append(...[...body.children].sort((a, b) => sign * compare(a, b)));
  });
});
