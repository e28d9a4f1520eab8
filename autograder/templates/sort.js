document.querySelectorAll("thead button").forEach((button, column) => {
  button.addEventListener("click", () => {
    const head = button.parentElement, body = document.querySelector("tbody");
    const sign = head.getAttribute("aria-sort") === "descending" ? 1 : -1;
    const key = (row) => row.children[column].dataset.value ?? row.children[column].textContent;
    const compare = (a, b) => (column ? key(a) - key(b) : key(a).localeCompare(key(b)));
    document.querySelectorAll("th[aria-sort]").forEach((th) => th.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
    body.append(...[...body.children].sort((a, b) => sign * compare(a, b)));
  });
});
