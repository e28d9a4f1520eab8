// Images along their distillation: how they look, and what a network trained on them reaches.

const POSITIVE = [0, 114, 178], NEGATIVE = [213, 94, 0], LINE = "#0072B2";
const ZERO = "h".charCodeAt(0), LEVELS = 7;  // a letter a pixel: "a" is -7, "h" is 0, "o" is +7

function paint(canvas, letters, side) {
  const context = canvas.getContext("2d"), picture = context.createImageData(side, side);
  for (let i = 0; i < letters.length; i += 1) {
    const level = letters.charCodeAt(i) - ZERO;
    const strength = Math.round(255 * Math.abs(level) / LEVELS);
    picture.data.set([...(level < 0 ? NEGATIVE : POSITIVE), strength], 4 * i);
  }
  context.putImageData(picture, 0, 0);
}

function gallery(data, parent) {
  const grid = element("div", {}, parent);
  Object.assign(grid.style, { display: "grid", gap: "0.4rem", maxWidth: "640px",
    gridTemplateColumns: "repeat(5, minmax(0, 1fr))" });
  return data.names.map((name) => {
    const box = element("div", {}, grid);
    Object.assign(box.style, { textAlign: "center", fontSize: "0.8em" });
    const canvas = element("canvas", { width: data.side, height: data.side }, box);
    canvas.setAttribute("role", "img");
    Object.assign(canvas.style, { width: "100%", imageRendering: "pixelated",
      border: "1px solid #7F7F7F", display: "block", boxSizing: "border-box" });
    element("span", {}, box, name);
    return canvas;
  });
}

// Test accuracy at the recorded steps, which stand at equal distances.
function accuracyLine(data, parent) {
  const width = 560, height = 170, left = 40, right = 16, top = 20, bottom = 40;
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", width: "100%" }, parent);
  Object.assign(svg.style, { display: "block", maxWidth: "720px" });
  const x = (i) => left + i / Math.max(1, data.steps.length - 1) * (width - left - right);
  const y = (v) => height - bottom - v / 100 * (height - top - bottom);
  const text = { fill: "currentColor", "font-size": 14 };
  for (const value of [0, 50, 100]) {
    shape("line", { x1: left, x2: width - right, y1: y(value), y2: y(value),
      stroke: "currentColor", "stroke-opacity": value ? 0.18 : 1 }, svg);
    shape("text", { ...text, x: left - 6, y: y(value) + 4, "text-anchor": "end" }, svg, `${value}`);
  }
  data.steps.forEach(({ step }, i) => shape("text",
    { ...text, x: x(i), y: height - bottom + 17, "text-anchor": "middle" }, svg, `${step}`));
  shape("text", { ...text, x: left, y: 13 }, svg, "test accuracy (%)");
  shape("text", { ...text, x: (left + width - right) / 2, y: height - 6, "text-anchor": "middle" },
    svg, "steps of the distillation");
  const points = data.steps.map(({ accuracy }, i) => `${x(i).toFixed(1)},${y(accuracy).toFixed(1)}`);
  shape("polyline", { points: points.join(" "), fill: "none", stroke: LINE, "stroke-width": 2 }, svg);
  const dot = shape("circle", { r: 5, fill: LINE }, svg);
  return (i) => {
    dot.setAttribute("cx", x(i));
    dot.setAttribute("cy", y(data.steps[i].accuracy));
    svg.setAttribute("aria-label", "Test accuracy at the recorded steps of the distillation, from " +
      `${data.steps[0].accuracy} to ${data.steps.at(-1).accuracy} percent; ` +
      `marked at step ${data.steps[i].step}.`);
  };
}

function render({ model, el }) {
  const data = model.get("data");
  const figure = element("div", { className: "fw-distilled" }, el);
  const pictures = gallery(data, figure);
  const slider = labeledSlider("Steps of the distillation",
    { min: 0, max: data.steps.length - 1, value: Math.round(model.get("position")) }, figure);
  const report = reportLine(figure);
  const mark = accuracyLine(data, figure);

  function draw() {
    const i = Number(slider.value), { step, accuracy, limit, images } = data.steps[i];
    const when = step === 0 ? "Before the first step" : `After ${step} steps`;
    pictures.forEach((canvas, c) => {
      paint(canvas, images[c], data.side);
      canvas.setAttribute("aria-label",
        `${when}: the image labeled ${data.names[c]}, ${data.side} by ${data.side} pixels.`);
    });
    mark(i);
    slider.setAttribute("aria-valuetext", `${step} steps`);
    report.textContent = `${when}: ${data.training} on these ${pictures.length} images gives ` +
      `${accuracy.toFixed(1)} % test accuracy. Full color is ${limit} (blue) or -${limit} (orange).`;
    model.set("position", i);
    model.save_changes();
  }
  slider.addEventListener("input", draw);
  draw();
}

export default { render };
