// Lottery tickets round by round: accuracy of a ticket and its controls, learning curves, kept pixels.

const COLORS = ["#0072B2", "#D55E00", "#009E73", "#BF6C9B", "#7F7F7F"];
const DASHES = ["", "7 3", "7 3 1.5 3", "1.5 3", "9 3 1.5 3 1.5 3"];
const GRAY = "#7F7F7F";
const LARGEST_DROP = 20;  // percentage points below the best that the figure shows

const percent = (density) => `${Number((100 * density).toPrecision(2))} %`;

// A chart of its own size: axes with ticks, and functions from values to places.
function chart(parent, { width, height, maxWidth, xs, ys, xLabel, yLabel }) {
  const left = 40, right = 24, top = 18, bottom = 42;
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", width: "100%" }, parent);
  Object.assign(svg.style, { display: "block", maxWidth });
  const x = (t) => left + (t - xs.from) / (xs.to - xs.from) * (width - left - right);
  const y = (v) => height - bottom - (v - ys.from) / (ys.to - ys.from) * (height - top - bottom);
  const text = { fill: "currentColor", "font-size": width > 400 ? 14 : 13 };
  for (const [value, label] of ys.ticks) {
    shape("line", { x1: left, x2: width - right, y1: y(value), y2: y(value),
      stroke: "currentColor", "stroke-opacity": 0.18 }, svg);
    shape("text", { ...text, x: left - 6, y: y(value) + 4, "text-anchor": "end" }, svg, label);
  }
  for (const [value, label] of xs.ticks) {
    shape("text", { ...text, x: x(value), y: height - bottom + 17, "text-anchor": "middle" }, svg, label);
  }
  shape("line", { x1: left, x2: width - right, y1: height - bottom, y2: height - bottom,
    stroke: "currentColor" }, svg);
  shape("text", { ...text, x: (left + width - right) / 2, y: height - 6, "text-anchor": "middle" },
    svg, xLabel);
  shape("text", { ...text, x: left, y: 13, "text-anchor": "start" }, svg, yLabel);
  return { svg, x, y, top, bottom: height - bottom };
}

function path(places) {
  return places.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
}

// Ticks at round numbers, and a range with room for the label above.
function range(values, step) {
  const from = Math.floor(Math.min(...values) / step) * step;
  const to = Math.ceil(Math.max(...values) / step + 0.3) * step;
  const ticks = [];
  for (let value = from; value <= to - 0.5 * step; value += step) ticks.push([value, `${value}`]);
  return { from, to, ticks };
}

function accuracyChart(data, parent) {
  const last = data.rounds.length - 1;
  const ticks = data.rounds.flatMap((round, i) =>
    i % Math.max(1, Math.round(last / 5)) === 0 ? [[i, percent(round.density)]] : []);
  const bounds = data.arms.flatMap((arm) => arm.mean.map((m, i) => [m - arm.sd[i], m + arm.sd[i]])).flat();
  const lowest = Math.max(Math.min(...bounds), Math.max(...bounds) - LARGEST_DROP);
  const { svg, x, y, top, bottom } = chart(parent, {
    width: 560, height: 300, maxWidth: "720px", xs: { from: 0, to: last, ticks },
    ys: range([lowest, ...bounds.filter((v) => v > lowest)], 5),
    xLabel: "weights kept", yLabel: "test accuracy (%)",
  });
  // What falls below the figure leaves it there; the table has its value.
  const id = `c${Math.random().toString(36).slice(2)}`;
  shape("rect", { x: 0, y: 0, width: 560, height: bottom }, shape("clipPath", { id }, svg));
  const inside = shape("g", { "clip-path": `url(#${id})` }, svg);
  data.arms.forEach((arm, a) => {
    const upper = arm.mean.map((m, i) => [x(i), y(m + arm.sd[i])]);
    const lower = arm.mean.map((m, i) => [x(i), y(m - arm.sd[i])]).reverse();
    shape("path", { d: `${path([...upper, ...lower])}Z`, fill: COLORS[a], "fill-opacity": 0.2 }, inside);
    shape("path", { d: path(arm.mean.map((m, i) => [x(i), y(m)])), fill: "none", stroke: COLORS[a],
      "stroke-width": 2, "stroke-dasharray": DASHES[a] }, inside);
  });
  const line = shape("line", { y1: top, y2: bottom, stroke: "currentColor", "stroke-opacity": 0.6 }, svg);
  const dots = data.arms.map((_, a) => shape("circle", { r: 4, fill: COLORS[a] }, inside));
  return (round) => {
    line.setAttribute("x1", x(round));
    line.setAttribute("x2", x(round));
    dots.forEach((dot, a) => {
      dot.setAttribute("cx", x(round));
      dot.setAttribute("cy", y(data.arms[a].mean[round]));
    });
    svg.setAttribute("aria-label", "Test accuracy against the weights kept, a line with its spread for " +
      `${data.arms.map((arm) => arm.name).join(", ")}; marked at round ${round}.`);
  };
}

function learningChart(data, parent) {
  const num_epochs = Math.max(...data.arms.map((arm) => arm.learning[0].length));
  const all = data.arms.flatMap((arm) => arm.learning.flat());
  const ticks = Array.from({ length: num_epochs }, (_, i) => [i, `${i + 1}`])
    .filter(([i]) => num_epochs <= 10 || i % 2 === 0);
  const { svg, x, y } = chart(parent, {
    width: 320, height: 260, maxWidth: "400px", xs: { from: 0, to: num_epochs - 1, ticks },
    ys: range(all, all.some((v) => v < 60) ? 20 : 5), xLabel: "epoch", yLabel: "validation accuracy (%)",
  });
  const lines = data.arms.map((_, a) => shape("path", { fill: "none", stroke: COLORS[a],
    "stroke-width": 2, "stroke-dasharray": DASHES[a] }, svg));
  return (round) => {
    lines.forEach((line, a) => {
      const curve = data.arms[a].learning[round], late = num_epochs - curve.length;
      line.setAttribute("d", path(curve.map((v, i) => [x(i + late), y(v)])));
    });
    svg.setAttribute("aria-label",
      `Validation accuracy after each of ${num_epochs} epochs at round ${round}, one line for each arm.`);
  };
}

function pixelMap(data, parent) {
  const side = data.side, cell = 9, size = side * cell;
  const svg = shape("svg", { viewBox: `-20 0 ${size + 40} ${size + 46}`, role: "img", width: "100%" }, parent);
  Object.assign(svg.style, { display: "block", maxWidth: "400px" });
  const cells = Array.from({ length: side * side }, (_, i) => shape("rect", {
    x: (i % side) * cell, y: 4 + Math.floor(i / side) * cell, width: cell, height: cell,
    fill: COLORS[0] }, svg));
  shape("rect", { x: 0, y: 4, width: size, height: size, fill: "none", stroke: GRAY }, svg);
  const text = { x: size / 2, fill: "currentColor", "font-size": 13, "text-anchor": "middle" };
  shape("text", { ...text, y: size + 23 }, svg, "connections that each pixel keeps");
  const legend = shape("text", { ...text, y: size + 40 }, svg);
  return (round) => {
    const counts = data.rounds[round].pixels;
    const most = Math.max(...counts, 1);
    cells.forEach((rect, i) => rect.setAttribute("fill-opacity", (counts[i] / most).toFixed(3)));
    const none = counts.filter((count) => count === 0).length;
    legend.textContent = `from 0 (empty) to ${Math.round(most)} of ${data.fan_out} (full color)`;
    svg.setAttribute("aria-label", `Map of the ${side} by ${side} pixels at round ${round}: how many ` +
      `connections each keeps, at most ${Math.round(most)}; ${none} pixels keep none.`);
  };
}

function legendTable(data, parent) {
  const table = element("table", { className: "table" }, parent);
  const head = element("tr", {}, element("thead", {}, table));
  for (const title of ["network", "test accuracy"]) element("th", { scope: "col" }, head, title);
  const body = element("tbody", {}, table);
  const values = data.arms.map((arm, a) => {
    const row = element("tr", {}, body);
    const name = element("td", {}, row);
    const key = shape("svg", { viewBox: "0 0 34 10", width: 34, height: 10, "aria-hidden": "true" }, name);
    key.style.marginRight = "0.5em";
    shape("line", { x1: 1, x2: 33, y1: 5, y2: 5, stroke: COLORS[a], "stroke-width": 2.5,
      "stroke-dasharray": DASHES[a] }, key);
    name.append(arm.name);
    const value = element("td", {}, row);
    value.style.textAlign = "right";
    return value;
  });
  return (round) => values.forEach((value, a) => {
    const { mean, sd } = data.arms[a];
    value.textContent = `${mean[round].toFixed(1)} ± ${sd[round].toFixed(1)} %`;
  });
}

function render({ model, el }) {
  const data = model.get("data");
  const figure = element("div", { className: "fw-tickets" }, el);
  const updates = [accuracyChart(data, figure)];

  const slider = labeledSlider("Round of pruning",
    { min: 0, max: data.rounds.length - 1, value: Math.round(model.get("position")) }, figure);
  const report = reportLine(figure);

  updates.push(legendTable(data, figure));
  const below = element("div", {}, figure);
  Object.assign(below.style, { display: "flex", flexWrap: "wrap", gap: "1rem", marginTop: "0.5rem" });
  const boxes = [0, 1].map(() => {
    const box = element("div", {}, below);
    box.style.flex = "1 1 15rem";
    return box;
  });
  updates.push(learningChart(data, boxes[0]), pixelMap(data, boxes[1]));

  function draw() {
    const round = Number(slider.value), { density, kept, pixels } = data.rounds[round];
    const blind = pixels.filter((count) => count === 0).length;
    updates.forEach((update) => update(round));
    report.textContent = `Round ${round}: ${percent(density)} of the weights, ` +
      `${kept.toLocaleString("en")} of ${data.rounds[0].kept.toLocaleString("en")}. ` +
      `${blind} of ${pixels.length} pixels keep no connection.`;
    model.set("position", round);
    model.save_changes();
  }
  slider.addEventListener("input", draw);
  draw();
}

export default { render };
