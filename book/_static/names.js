// Names and roles that the theme leaves out or gives wrongly, for readers with a screen reader.
document.querySelectorAll(".bd-sidebar summary").forEach((toggle) => {
  const page = toggle.closest("li").querySelector("a");
  toggle.setAttribute("aria-label", `Pages under ${page.textContent.trim()}`);
});
document.querySelectorAll("details.hide > summary, .search-button-field").forEach((control) => {
  control.removeAttribute("aria-label"); // what it says is its name
});
document.querySelectorAll(".citation-list > .citation").forEach((entry) => {
  entry.setAttribute("role", "listitem");
});
document.querySelectorAll(".theme-switch-button").forEach((button) => {
  const silence = () => button.querySelectorAll("svg").forEach((icon) => {
    icon.setAttribute("aria-hidden", "true"); // the button itself is called "Color mode"
    icon.querySelector("title")?.remove();
  });
  new MutationObserver(silence).observe(button, { childList: true, subtree: true });
  silence();
});
