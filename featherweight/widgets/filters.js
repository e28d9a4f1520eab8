// Two convolutions losing filters: which kernels go with each, and what the smaller network is worth.

const CELL = 32, GAP = 4, SIDE = 46, BARS = 44;
const POSITIVE = "#0072B2", NEGATIVE = "#D55E00", BAR = "#7F7F7F";

// One kernel as small squares: blue is positive, orange negative, strength is magnitude.
function kernel(weights, largest, x, y, parent) {
  const side = Math.sqrt(weights.length), pixel = (CELL - GAP) / side;
  const group = shape("g", {}, parent);
  weights.forEach((w, i) => shape("rect", {
    x: x + (i % side) * pixel, y: y + Math.floor(i / side) * pixel, width: pixel, height: pixel,
    fill: w < 0 ? NEGATIVE : POSITIVE, "fill-opacity": Math.abs(w) / largest,
  }, group));
  const frame = shape("rect", { x, y, width: CELL - GAP, height: CELL - GAP, fill: "none",
    stroke: "currentColor", "stroke-opacity": 0.5, "stroke-width": 0.7 }, group);
  return { group, frame };
}

function setKept(drawn, kept) {
  for (const part of drawn.group.children) {
    if (part !== drawn.frame) part.setAttribute("visibility", kept ? "visible" : "hidden");
  }
  drawn.frame.setAttribute("stroke-dasharray", kept ? "none" : "2 3");
  drawn.frame.setAttribute("stroke-opacity", kept ? 0.5 : 0.35);
}

// The norms of the filters as bars beside or below them.
function bar(value, largest, at, horizontal, parent) {
  const length = 40 * value / largest, thick = CELL - GAP;
  return shape("rect", horizontal
    ? { x: at.x - length, y: at.y, width: length, height: thick, fill: BAR }
    : { x: at.x, y: at.y, width: thick, height: length, fill: BAR }, parent);
}

function render({ model, el }) {
  const data = model.get("data");
  const rows = data.first.length, columns = data.second.length;
  const left = SIDE + CELL + 20, width = left + columns * CELL, height = rows * CELL + BARS;

  const figure = element("div", { className: "fw-filters" }, el);
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", width: "100%" }, figure);
  svg.style.maxWidth = "820px";
  const y = (i) => i * CELL, x = (j) => left + j * CELL;
  const first = data.first.map((weights, i) => kernel(weights, data.largest[0], SIDE, y(i), svg));
  const sideBars = data.norms[0].map((norm, i) =>
    bar(norm, Math.max(...data.norms[0]), { x: SIDE - 6, y: y(i) }, true, svg));
  const second = data.second.map((filter, j) => filter.map((weights, i) =>
    kernel(weights, data.largest[1], x(j), y(i), svg)));
  const lowBars = data.norms[1].map((norm, j) =>
    bar(norm, Math.max(...data.norms[1]), { x: x(j), y: y(rows) + 4 }, false, svg));
  const legend = element("div", {}, figure,
    `Left: the ${rows} filters of the first convolution. Field: the second convolution, a column ` +
    `for each of its ${columns} filters, a row for each channel that it reads. Blue is positive, ` +
    `orange negative, dashed removed. Bars: L1 norm of each filter.`);
  legend.style.fontSize = "0.85em";
  legend.style.margin = "0.3em 0";

  const slider = labeledSlider("Filters kept",
    { min: 0, max: data.steps.length - 1, value: model.get("position") }, figure);
  const report = reportLine(figure);

  function draw() {
    const step = data.steps[Number(slider.value)];
    const [one, two] = step.kept.map((indices) => new Set(indices));
    first.forEach((drawn, i) => setKept(drawn, one.has(i)));
    sideBars.forEach((drawn, i) => drawn.setAttribute("fill-opacity", one.has(i) ? 1 : 0.3));
    second.forEach((filter, j) => filter.forEach((drawn, i) => setKept(drawn, one.has(i) && two.has(j))));
    lowBars.forEach((drawn, j) => drawn.setAttribute("fill-opacity", two.has(j) ? 1 : 0.3));
    const number = (n) => n.toLocaleString("en");
    slider.setAttribute("aria-valuetext", `${one.size + two.size} filters`);
    report.textContent =
      `${one.size + two.size} of ${rows + columns} filters: ${one.size} of ${rows} and ` +
      `${two.size} of ${columns}. ${number(step.parameters)} parameters, ` +
      `${number(step.macs)} MACs. Test accuracy ${step.accuracy.toFixed(1)} % without training, ` +
      `${step.tuned.toFixed(1)} % after ${data.tuning}.`;
    svg.setAttribute("aria-label",
      `Kernels of two convolutions. The first keeps ${one.size} of ${rows} filters, the second ` +
      `${two.size} of ${columns}; with a filter of the first a row of the second is removed.`);
    model.set("position", Number(slider.value));
    model.save_changes();
  }
  slider.addEventListener("input", draw);
  draw();
}

export default { render };
