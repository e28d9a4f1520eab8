// A grid of codes over a distribution: sliders for bits and range, a choice of symmetric or affine.

const WIDTH = 480, LEFT = 12, RIGHT = 12, MIDDLE = 104, HEIGHT = 236, NUM_BARS = 60;
const VALUES = "#0072B2", ROUNDED = "#D55E00", RANGE = "#7F7F7F";

const percent = (p) => `${(100 * p).toFixed(1)} %`;
const written = (x) => String(Number(x.toPrecision(3)));

function halfToEven(x) {
  const below = Math.floor(x), rest = x - below;
  if (rest !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

// Scale, zero point and the range of codes, as in the chapter.
function gridOf(low, high, bits, symmetric) {
  if (symmetric) {
    const largest = Math.max(1, 2 ** (bits - 1) - 1);
    const size = Math.max(Math.abs(low), Math.abs(high));
    return { scale: size > 0 ? size / largest : 1, zero: 0, smallest: -largest, largest };
  }
  const largest = 2 ** bits - 1, from = Math.min(low, 0), to = Math.max(high, 0);
  const scale = to > from ? (to - from) / largest : 1;
  return { scale, zero: halfToEven(-from / scale), smallest: 0, largest };
}

function codeOf(x, grid, signOnly) {
  if (signOnly) return x < 0 ? -1 : 1;
  const code = halfToEven(x / grid.scale) + grid.zero;
  return Math.min(grid.largest, Math.max(grid.smallest, code));
}

function measured(values, grid, signOnly) {
  const counts = new Map();
  let error = 0, clipped = 0, power = 0;
  const lowest = grid.scale * (grid.smallest - grid.zero - 0.5);
  const highest = grid.scale * (grid.largest - grid.zero + 0.5);
  for (const x of values) {
    const code = codeOf(x, grid, signOnly), y = grid.scale * (code - grid.zero);
    counts.set(y, (counts.get(y) || 0) + 1);
    error += (x - y) ** 2;
    power += x ** 2;
    if (!signOnly && (x < lowest || x > highest)) clipped += 1;
  }
  return { counts, used: counts.size, clipped: clipped / values.length,
    relative: power > 0 ? error / power : 0 };
}

function binned(values, lowest, highest) {
  const counts = new Array(NUM_BARS).fill(0);
  for (const x of values) {
    const bin = Math.floor((NUM_BARS * (x - lowest)) / (highest - lowest));
    counts[Math.min(NUM_BARS - 1, Math.max(0, bin))] += 1;
  }
  return counts;
}

function cleared(svg) {
  while (svg.firstChild) svg.removeChild(svg.firstChild);
}

// Above the axis the values, below it the values of the grid with what is rounded to them.
function drawChart(svg, values, grid, result, range) {
  cleared(svg);
  const ends = [grid.smallest, grid.largest].map((code) => grid.scale * (code - grid.zero));
  const lowest = Math.min(values[0], 0, ends[0]);
  const highest = Math.max(values[values.length - 1], 0, ends[1]);
  const margin = 0.04 * (highest - lowest) || 1;
  const first = lowest - margin, last = highest + margin;
  const x = (v) => LEFT + ((v - first) / (last - first)) * (WIDTH - LEFT - RIGHT);
  const text = { fill: "currentColor", "font-size": 13 };
  const bars = binned(values, first, last), tallest = Math.max(...bars);
  const barWidth = (WIDTH - LEFT - RIGHT) / NUM_BARS;
  bars.forEach((count, i) => {
    const height = (MIDDLE - 22) * Math.sqrt(count / tallest);
    shape("rect", { x: LEFT + i * barWidth, y: MIDDLE - height, width: barWidth - 0.6, height,
      fill: VALUES }, svg);
  });
  const most = Math.max(...result.counts.values());
  for (const [value, count] of result.counts) {
    shape("line", { x1: x(value), x2: x(value), y1: MIDDLE + 12,
      y2: MIDDLE + 12 + (HEIGHT - MIDDLE - 46) * Math.sqrt(count / most), stroke: ROUNDED,
      "stroke-width": result.used > 64 ? 1.2 : 3, class: "used" }, svg);
  }
  const number = grid.largest - grid.smallest + 1;
  for (let code = grid.smallest; number <= 64 && code <= grid.largest; code += 1) {
    const value = grid.scale * (code - grid.zero);
    if (value < first || value > last) continue;
    shape("line", { x1: x(value), x2: x(value), y1: MIDDLE + 2, y2: MIDDLE + 10,
      stroke: "currentColor", "stroke-width": 1.2, class: "code" }, svg);
  }
  for (const end of range) {
    shape("line", { x1: x(end), x2: x(end), y1: 4, y2: MIDDLE, stroke: RANGE, "stroke-width": 1.5,
      "stroke-dasharray": "4 3" }, svg);
  }
  shape("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: MIDDLE, y2: MIDDLE, stroke: "currentColor" }, svg);
  for (const [value, anchor] of [[lowest, "start"], [highest, "end"]]) {
    shape("text", { ...text, x: x(value), y: HEIGHT - 6, "text-anchor": anchor }, svg, written(value));
  }
  if (lowest < 0 && highest > 0) {
    shape("text", { ...text, x: x(0), y: HEIGHT - 6, "text-anchor": "middle" }, svg, "0");
  }
}

function choiceOf(text, names, parent) {
  const label = element("label", {}, parent, `${text} `);
  const choice = element("select", {}, label);
  names.forEach((name, i) => element("option", { value: i }, choice, name));
  label.style.display = "block";
  label.style.margin = "0.3em 0";
  choice.style.maxWidth = "100%";
  return choice;
}

function render({ model, el }) {
  const data = model.get("data");
  const figure = element("div", { className: "fw-grid" }, el);
  const example = choiceOf("Values:", data.examples.map((one) => one.name), figure);
  const kind = choiceOf("Grid:", ["symmetric", "affine"], figure);
  const svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", width: "100%" }, figure);
  svg.style.maxWidth = "620px";
  svg.style.display = "block";
  const bits = labeledSlider("Bits", { min: 1, max: 8, value: model.get("position") }, figure);
  const part = labeledSlider("Range", { min: 5, max: 100, value: 100 }, figure);
  for (const slider of [bits, part]) slider.parentElement.style.display = "block";
  const report = reportLine(figure);

  function draw() {
    const { name, values, size } = data.examples[Number(example.value)];
    const symmetric = kind.value === "0", numBits = Number(bits.value);
    const signOnly = symmetric && numBits === 1;
    part.disabled = signOnly;
    let range = [values[0], values[values.length - 1]].map((end) => (end * part.value) / 100);
    if (signOnly) range = [-size, size];
    const grid = gridOf(range[0], range[1], numBits, symmetric);
    const result = measured(values, grid, signOnly);
    drawChart(svg, values, grid, result, range);
    const decibels = result.relative > 0 ? -10 * Math.log10(result.relative) : Infinity;
    const quality = Number.isFinite(decibels) ? `${decibels.toFixed(1)} dB` : "no error";
    const span = `${written(range[0])} to ${written(range[1])}`;
    bits.setAttribute("aria-valuetext", `${numBits} bits`);
    part.setAttribute("aria-valuetext", `${part.value} % of the range of the values`);
    const named = `${numBits} bit${numBits === 1 ? "" : "s"}, ${symmetric ? "symmetric" : "affine"}`;
    report.textContent = `${named}, range ${span}: scale ${written(grid.scale)}, zero point ` +
      `${grid.zero}. ${result.used} of ${2 ** numBits} codes used, ${percent(result.clipped)} ` +
      `clipped, signal to error ${quality}.`;
    svg.setAttribute("aria-label", `Histogram of the ${name} and below it the values of a grid of ` +
      `${named}; ${result.used} of its codes are used, ${percent(result.clipped)} of the values ` +
      `are clipped, signal to error ${quality}.`);
    model.set("position", numBits);
    model.save_changes();
  }
  for (const one of [example, kind]) one.addEventListener("change", draw);
  for (const one of [bits, part]) one.addEventListener("input", draw);
  draw();
}

export default { render };
