// A weight histogram with a movable threshold: what is cut, what is kept, what it costs to store.

const WIDTH = 640, HEIGHT = 240, LEFT = 8, RIGHT = 8, TOP = 10, BOTTOM = 28;
const KEPT = "#0072B2", REMOVED = "#7F7F7F", LINE = "#D55E00";

function thresholdOf(data, density) {
  const position = (1 - density) * (data.quantiles.length - 1);
  const low = Math.floor(position), high = Math.min(low + 1, data.quantiles.length - 1);
  return data.quantiles[low] + (position - low) * (data.quantiles[high] - data.quantiles[low]);
}

function storage(total, kept) {
  return { dense: 4 * total, csr: 8 * kept, bitmap: 4 * kept + Math.ceil(total / 8) };
}

function measuredNear(data, density) {
  const nearest = data.measured.reduce((best, one) =>
    Math.abs(Math.log(one[0] / density)) < Math.abs(Math.log(best[0] / density)) ? one : best);
  return `${nearest[1].toFixed(1)} % at a density of ${(100 * nearest[0]).toFixed(0)} %`;
}

function render({ model, el }) {
  const data = model.get("data");
  const x = (w) => LEFT + (w + data.limit) / (2 * data.limit) * (WIDTH - LEFT - RIGHT);
  const tallest = Math.sqrt(Math.max(...data.counts));
  const y = (count) => TOP + (1 - Math.sqrt(count) / tallest) * (HEIGHT - TOP - BOTTOM);

  const figure = element("div", { className: "fw-threshold" }, el);
  const svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", width: "100%" }, figure);
  svg.style.maxWidth = "760px";
  const width = (WIDTH - LEFT - RIGHT) / data.counts.length;
  const bars = data.counts.map((count, i) => shape("rect", {
    x: LEFT + i * width + 0.5, y: y(count), width: width - 1,
    height: HEIGHT - BOTTOM - y(count),
  }, svg));
  shape("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM,
    stroke: "currentColor" }, svg);
  for (const w of [-1, -0.5, 0, 0.5, 1]) {
    shape("text", { x: x(w * data.limit), y: HEIGHT - 9, fill: "currentColor", "font-size": 13,
      "text-anchor": w === -1 ? "start" : w === 1 ? "end" : "middle" }, svg,
      (w * data.limit).toFixed(2));
  }
  const lines = [-1, 1].map(() => shape("line", { y1: TOP, y2: HEIGHT - BOTTOM, stroke: LINE,
    "stroke-width": 2 }, svg));

  const slider = labeledSlider("Density kept",
    { min: 1, max: 100, value: Math.round(100 * model.get("position")) }, figure);
  const report = reportLine(figure);

  function draw() {
    const density = Number(slider.value) / 100;
    const threshold = thresholdOf(data, density);
    const kept = Math.round(density * data.total);
    const bytes = storage(data.total, kept);
    bars.forEach((bar, i) => {
      const middle = -data.limit + (i + 0.5) * 2 * data.limit / data.counts.length;
      bar.setAttribute("fill", Math.abs(middle) > threshold ? KEPT : REMOVED);
      bar.setAttribute("fill-opacity", Math.abs(middle) > threshold ? 1 : 0.45);
    });
    lines.forEach((line, side) => {
      const at = x(Math.min(threshold, data.limit) * (side ? 1 : -1));
      line.setAttribute("x1", at);
      line.setAttribute("x2", at);
    });
    const mb = (n) => (n / 1e6).toFixed(2);
    report.textContent =
      `${slider.value} %: ${kept.toLocaleString("en")} of ${data.total.toLocaleString("en")} weights, ` +
      `those with |w| above ${threshold.toFixed(4)}. ` +
      `Dense ${mb(bytes.dense)} MB, CSR ${mb(bytes.csr)} MB, bitmap ${mb(bytes.bitmap)} MB. ` +
      `Nearest measured accuracy without training: ${measuredNear(data, density)}.`;
    svg.setAttribute("aria-label",
      `Histogram of the weights, counts on a square-root scale. A threshold of ` +
      `${threshold.toFixed(4)} on both sides of zero keeps ${slider.value} percent of them.`);
    model.set("position", density);
    model.save_changes();
  }
  slider.addEventListener("input", draw);
  draw();
}

export default { render };
