// Softmax under temperature: a slider for each logit, one for the temperature, bars of probabilities.

const WIDTH = 440, ROW = 22, LEFT = 84, RIGHT = 56, AXIS = 24;
const BAR = "#0072B2", PLAIN = "#D55E00";
const STEPS_PER_DOUBLING = 4, COLDEST = -8, HOTTEST = 20;  // temperatures from 1/4 to 32

const temperatureOf = (step) => 2 ** (step / STEPS_PER_DOUBLING);
const stepOf = (temperature) => Math.round(STEPS_PER_DOUBLING * Math.log2(temperature));
const written = (temperature) => String(Number(temperature.toPrecision(2)));
const percent = (p) => `${(100 * p).toFixed(1)} %`;

function softmax(logits, temperature) {
  const largest = Math.max(...logits);
  const powers = logits.map((z) => Math.exp((z - largest) / temperature));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

function entropy(probabilities) {
  return probabilities.reduce((sum, p) => sum - (p > 0 ? p * Math.log2(p) : 0), 0);
}

// One bar for each class; a mark where the bar ends at temperature 1.
function barChart(classes, parent) {
  const height = classes.length * ROW + AXIS, bottom = classes.length * ROW;
  const svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "img", width: "100%" }, parent);
  svg.style.maxWidth = "560px";
  svg.style.display = "block";
  const x = (p) => LEFT + p * (WIDTH - LEFT - RIGHT);
  const text = { fill: "currentColor", "font-size": 13 };
  for (const p of [0, 0.5, 1]) {
    shape("line", { x1: x(p), x2: x(p), y1: 0, y2: bottom, stroke: "currentColor",
      "stroke-opacity": p ? 0.18 : 1 }, svg);
    shape("text", { ...text, x: x(p), y: bottom + 17, "text-anchor": "middle" }, svg, `${100 * p} %`);
  }
  const rows = classes.map((name, i) => {
    const y = i * ROW;
    shape("text", { ...text, x: LEFT - 8, y: y + 16, "text-anchor": "end" }, svg, name);
    return {
      bar: shape("rect", { x: LEFT, y: y + 4, height: ROW - 7, fill: BAR, class: "bar" }, svg),
      mark: shape("line", { y1: y + 2, y2: y + ROW - 1, stroke: PLAIN, "stroke-width": 2.5 }, svg),
      value: shape("text", { ...text, y: y + 16 }, svg),
    };
  });
  return (probabilities, plain) => {
    rows.forEach(({ bar, mark, value }, i) => {
      bar.setAttribute("width", x(probabilities[i]) - LEFT);
      mark.setAttribute("x1", x(plain[i]));
      mark.setAttribute("x2", x(plain[i]));
      const end = x(probabilities[i]), ahead = x(plain[i]) - end;
      value.setAttribute("x", (ahead > 0 && ahead < RIGHT ? x(plain[i]) : end) + 6);
      value.textContent = percent(probabilities[i]);
    });
    return svg;
  };
}

// A slider for each logit, in as many columns as fit.
function logitSliders(data, parent) {
  const group = element("fieldset", {}, parent);
  Object.assign(group.style, { border: "none", padding: "0", margin: "0.6em 0 0", minWidth: "0",
    display: "grid", gridTemplateColumns: "repeat(auto-fit, minmax(15rem, 1fr))", gap: "0 1.5rem" });
  const legend = element("legend", {}, group, "Logits");
  legend.style.fontSize = "1em";
  return data.classes.map((name) => {
    const label = element("label", {}, group);
    Object.assign(label.style, { display: "grid", gridTemplateColumns: "6.5rem 1fr 3rem",
      alignItems: "center", gap: "0.4rem", fontSize: "0.9em" });
    element("span", {}, label, name);
    const slider = element("input", { type: "range", min: data.lowest, max: data.highest, step: 0.1 },
      label);
    Object.assign(slider.style, { width: "100%", minWidth: "0" });
    const value = element("span", {}, label);
    value.style.textAlign = "right";
    return { slider, value };
  });
}

function exampleChoice(data, parent) {
  const label = element("label", {}, parent, "Logits of ");
  const choice = element("select", {}, label);
  data.examples.forEach((example, i) => element("option", { value: i }, choice, example.name));
  label.style.display = "block";
  label.style.margin = "0.3em 0";
  return choice;
}

function render({ model, el }) {
  const data = model.get("data");
  const figure = element("div", { className: "fw-temperature" }, el);
  const choice = exampleChoice(data, figure);
  const show = barChart(data.classes, figure);
  const slider = labeledSlider("Temperature",
    { min: COLDEST, max: HOTTEST, value: stepOf(model.get("position")) }, figure);
  const report = reportLine(figure);
  const sliders = logitSliders(data, figure);
  const most = Math.log2(data.classes.length);

  function draw() {
    const temperature = temperatureOf(Number(slider.value));
    const logits = sliders.map((one) => Number(one.slider.value));
    const probabilities = softmax(logits, temperature);
    const svg = show(probabilities, softmax(logits, 1));
    sliders.forEach((one, i) => { one.value.textContent = logits[i].toFixed(1); });
    const order = data.classes.map((_, i) => i).sort((a, b) => probabilities[b] - probabilities[a]);
    const first = order.slice(0, 3).map((i) => `${data.classes[i]} ${percent(probabilities[i])}`);
    slider.setAttribute("aria-valuetext", `temperature ${written(temperature)}`);
    report.textContent = `T = ${written(temperature)}: ${first.join(", ")}. Entropy ` +
      `${entropy(probabilities).toFixed(2)} of at most ${most.toFixed(2)} bits. ` +
      "The orange marks are the probabilities at T = 1.";
    svg.setAttribute("aria-label", `Bars of the probabilities of ${data.classes.length} classes at ` +
      `temperature ${written(temperature)}; the longest are ${first.join(", ")}.`);
    model.set("position", temperature);
    model.save_changes();
  }
  function start() {
    const logits = data.examples[Number(choice.value)].logits;
    sliders.forEach((one, i) => { one.slider.value = logits[i]; });
    draw();
  }
  choice.addEventListener("change", start);
  for (const one of [slider, ...sliders.map((it) => it.slider)]) one.addEventListener("input", draw);
  start();
}

export default { render };
