// A cascade of two networks: who answers what at a threshold, and what it costs and is worth.

const RIGHT_COLOR = "#0072B2", WRONG_COLOR = "#D55E00", GRAY = "#7F7F7F";
const WIDTH = 560, LEFT = 44, RIGHT = 16;
const TEXT = { fill: "currentColor", "font-size": 14 };

function panel(parent, height, bottom) {
  const svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "img", width: "100%" }, parent);
  Object.assign(svg.style, { display: "block", maxWidth: "720px" });
  shape("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: height - bottom, y2: height - bottom,
    stroke: "currentColor" }, svg);
  return svg;
}

// How sure the first network is: images that it has right grow from below, wrong ones stand on top.
function histogram(data, parent) {
  const height = 190, top = 24, bottom = 40, [from, to] = data.range;
  const svg = panel(parent, height, bottom);
  const x = (c) => LEFT + Math.min(1, (c - from) / (to - from)) * (WIDTH - LEFT - RIGHT);
  const totals = data.right.map((count, i) => count + data.wrong[i]);
  const y = (count) => height - bottom - Math.sqrt(count / Math.max(...totals)) * (height - top - bottom);
  const width = (WIDTH - LEFT - RIGHT) / totals.length;
  const bars = totals.map((total, i) => [[RIGHT_COLOR, 0, data.right[i]],
    [WRONG_COLOR, data.right[i], total]].map(([fill, low, high]) => shape("rect", {
    x: LEFT + i * width + 0.5, y: y(high), width: width - 1, height: y(low) - y(high), fill }, svg)));
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    const value = from + share * (to - from);
    shape("text", { ...TEXT, x: x(value), y: height - bottom + 17, "text-anchor": "middle" }, svg,
      value.toFixed(2));
  }
  shape("text", { ...TEXT, x: (LEFT + WIDTH - RIGHT) / 2, y: height - 5, "text-anchor": "middle" },
    svg, `confidence of the ${data.names[0]}`);
  shape("text", { ...TEXT, x: LEFT, y: 14 }, svg, "images (root scale):");
  shape("text", { ...TEXT, x: LEFT + 146, y: 14, fill: RIGHT_COLOR }, svg, "right");
  shape("text", { ...TEXT, x: LEFT + 190, y: 14, fill: WRONG_COLOR }, svg, "wrong");
  const line = shape("line", { y1: top, y2: height - bottom, stroke: "currentColor",
    "stroke-width": 2, "stroke-dasharray": "5 3" }, svg);
  return ({ threshold, exits }) => {
    bars.forEach((pair, i) => {
      const middle = from + (i + 0.5) * (to - from) / bars.length;
      for (const bar of pair) bar.setAttribute("fill-opacity", middle >= threshold ? 1 : 0.35);
    });
    line.setAttribute("x1", x(threshold));
    line.setAttribute("x2", x(threshold));
    svg.setAttribute("aria-label", `Histogram of the confidence of the ${data.names[0]}. At a ` +
      `threshold of ${threshold.toFixed(2)} it answers ${exits.toFixed(0)} percent of the images.`);
  };
}

function tradeoff(data, parent) {
  const height = 230, top = 24, bottom = 40;
  const svg = panel(parent, height, bottom);
  const costs = data.steps.map(({ cost }) => cost), high = Math.ceil(Math.max(...costs) / 20) * 20;
  const values = data.steps.map(({ accuracy }) => accuracy);
  const low = Math.floor(Math.min(...values)), best = Math.ceil(Math.max(...values));
  const x = (cost) => LEFT + cost / high * (WIDTH - LEFT - RIGHT);
  const y = (v) => height - bottom - (v - low) / (best - low) * (height - top - bottom);
  for (let v = low; v <= best; v += 1) {
    shape("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(v), y2: y(v), stroke: "currentColor",
      "stroke-opacity": 0.18 }, svg);
    shape("text", { ...TEXT, x: LEFT - 6, y: y(v) + 5, "text-anchor": "end" }, svg, `${v}`);
  }
  for (let cost = 0; cost <= high; cost += 20) {
    shape("text", { ...TEXT, x: x(cost), y: height - bottom + 17, "text-anchor": "middle" }, svg, `${cost}`);
  }
  shape("text", { ...TEXT, x: (LEFT + WIDTH - RIGHT) / 2, y: height - 5, "text-anchor": "middle" },
    svg, `${data.unit} (% of the ${data.names[1]})`);
  shape("text", { ...TEXT, x: LEFT, y: 14 }, svg, "test accuracy (%)");
  shape("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(data.accuracies[1]), y2: y(data.accuracies[1]),
    stroke: GRAY, "stroke-width": 2, "stroke-dasharray": "7 3" }, svg);
  shape("polyline", { points: data.steps.map((s) => `${x(s.cost).toFixed(1)},${y(s.accuracy).toFixed(1)}`)
    .join(" "), fill: "none", stroke: RIGHT_COLOR, "stroke-width": 2 }, svg);
  const dot = shape("circle", { r: 6, fill: RIGHT_COLOR }, svg);
  return ({ threshold, cost, accuracy }) => {
    dot.setAttribute("cx", x(cost));
    dot.setAttribute("cy", y(accuracy));
    svg.setAttribute("aria-label", `Test accuracy against ${data.unit}, with a dashed line for the ` +
      `${data.names[1]} alone. Marked at a threshold of ${threshold.toFixed(2)}: ` +
      `${accuracy.toFixed(1)} percent at ${cost.toFixed(0)} percent of the cost.`);
  };
}

function render({ model, el }) {
  const data = model.get("data");
  const figure = element("div", { className: "fw-cascade" }, el);
  const updates = [histogram(data, figure)];
  const slider = labeledSlider("Threshold",
    { min: 0, max: data.steps.length - 1, value: Math.round(model.get("position")) }, figure);
  const report = reportLine(figure);
  updates.push(tradeoff(data, figure));

  function draw() {
    const step = data.steps[Number(slider.value)];
    updates.forEach((update) => update(step));
    const who = `the ${data.names[0]} answers ${step.exits.toFixed(1)} % of the images`;
    const worth = `${step.accuracy.toFixed(1)} ± ${step.sd.toFixed(1)} % are right (the ` +
      `${data.names[1]} alone: ${data.accuracies[1].toFixed(1)} %), at ${step.cost.toFixed(0)} % of its ` +
      `${data.unit}`;
    const gain = step.exits >= 100 ? "" : ` Of those passed on, ${step.mended.toFixed(0)} % become right, ` +
      `${step.spoiled.toFixed(0)} % wrong, and the rest stay what they were.`;
    slider.setAttribute("aria-valuetext", step.threshold.toFixed(2));
    report.textContent = `Threshold ${step.threshold.toFixed(2)}: ${who}; ${worth}.${gain}`;
    model.set("position", Number(slider.value));
    model.save_changes();
  }
  slider.addEventListener("input", draw);
  draw();
}

export default { render };
