// Checks of one page in a browser, in both themes: what a reader with a keyboard, a screen reader or
// weak eyes depends on. Returns a list of sentences, empty if all is well.
() => {
  const problems = [];
  const visible = (node) => node.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
  const name = (node) =>
    [node.getAttribute("aria-label"), node.getAttribute("title"), node.innerText,
     ...[...node.querySelectorAll("img[alt]")].map((image) => image.alt)].join("").trim();
  const say = (node, what) => problems.push(`${what}: ${node.outerHTML.slice(0, 120)}`);

  if (!document.documentElement.lang) problems.push("the page names no language");
  if (document.querySelectorAll("main").length !== 1) problems.push("not exactly one main landmark");
  const titles = [...document.querySelectorAll("main h1")].filter(visible);
  if (titles.length !== 1) problems.push(`${titles.length} headings of level one`);
  for (const link of document.querySelectorAll("a[href]"))
    if (visible(link) && !name(link)) say(link, "a link without a name");
  for (const button of document.querySelectorAll("button"))
    if (visible(button) && !name(button)) say(button, "a button without a name");
  for (const input of document.querySelectorAll("input:not([type=hidden])"))
    if (visible(input) && !input.labels.length && !input.getAttribute("aria-label") && !input.placeholder)
      say(input, "a control without a label");

  const channels = (color) => (color.match(/[\d.]+/g) || []).map(Number);
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = (node) => {
    for (; node; node = node.parentElement) {
      const [r, g, b, a = 1] = channels(getComputedStyle(node).backgroundColor);
      if (a > 0.99) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.querySelector("article"), NodeFilter.SHOW_TEXT);
  const seen = new Set();
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || seen.has(node)) continue;
    if (node.closest("svg, script, style, mjx-container") || !visible(node)) continue;
    seen.add(node);
    const style = getComputedStyle(node);
    const [r, g, b, a = 1] = channels(style.color);
    const behind = background(node);
    const color = [r, g, b].map((value, i) => a * value + (1 - a) * behind[i]);
    const [low, high] = [luminance(color), luminance(behind)].sort((x, y) => x - y);
    const contrast = (high + 0.05) / (low + 0.05);
    const large = parseFloat(style.fontSize) >= 24;
    if (contrast < (large ? 3 : 4.5)) say(node, `a contrast of ${contrast.toFixed(2)}`);
  }
  return problems;
}
