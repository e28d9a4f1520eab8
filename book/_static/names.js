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
  const silence = () => button.querySelectorAll("title").forEach((title) => title.remove());
  new MutationObserver(silence).observe(button, { childList: true, subtree: true });
  silence(); // its icons appear later and have titles; the button itself is called "Color mode"
});
