// What every figure is made of: SVG shapes, HTML elements, a labeled slider, a line of text.

const SVG = "http://www.w3.org/2000/svg";

function shape(name, attributes, parent, text) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  parent.appendChild(node);
  return node;
}

function element(name, attributes, parent, text) {
  const node = document.createElement(name);
  Object.assign(node, attributes);
  if (text !== undefined) node.textContent = text;
  parent.appendChild(node);
  return node;
}

function labeledSlider(text, range, parent) {
  const label = element("label", {}, parent, `${text} `);
  const slider = element("input", { type: "range", step: 1, ...range }, label);
  slider.style.width = "min(24rem, 90%)";
  slider.style.verticalAlign = "middle";
  return slider;
}

function reportLine(parent) {
  const report = element("output", {}, parent);
  report.style.display = "block";
  return report;
}
