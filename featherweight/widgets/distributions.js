// What a teacher says about some images, and how a student comes to say it, epoch by epoch.

const TEACHER = "#D55E00", STUDENT = "#0072B2";
const ROW = 18, BARS = 98, WIDTH = 200, TOP = 4;

const share = (p) => `${(100 * p).toFixed(p < 0.095 ? 1 : 0)} %`;

// Kullback-Leibler divergence of the student from the teacher, in nats.
function divergence(teacher, student) {
  return teacher.reduce((sum, p, c) => p > 0 ? sum + p * Math.log(p / Math.max(student[c], 1e-12)) : sum, 0);
}

const best = (p) => p.indexOf(Math.max(...p));

// The classes that matter most, in words.
function inWords(p, classes) {
  const order = p.map((_, c) => c).sort((a, b) => p[b] - p[a]);
  return order.slice(0, 3).map((c) => `${classes[c]} ${share(p[c])}`).join(", ");
}

function picture(image, side, label, parent) {
  const svg = shape("svg", { viewBox: `0 0 ${side} ${side}`, role: "img", width: 84, height: 84,
    "aria-label": `A picture of the class ${label}.` }, parent);
  svg.style.display = "block";
  image.forEach((ink, i) => {
    if (ink > 0.02) shape("rect", { x: i % side, y: Math.floor(i / side), width: 1.02, height: 1.02,
      fill: "currentColor", "fill-opacity": ink }, svg);
  });
  shape("rect", { x: 0, y: 0, width: side, height: side, fill: "none", stroke: "#7F7F7F",
    "stroke-width": 0.4 }, svg);
}

// Two bars for each class: the teacher's is there from the start, the student's moves.
function chart(data, teacher, parent) {
  const height = TOP + ROW * data.classes.length + 4;
  const svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "img", width: "100%" }, parent);
  Object.assign(svg.style, { display: "block", maxWidth: "290px" });
  const x = (p) => WIDTH - BARS + p * (BARS - 2);
  const bars = data.classes.map((name, c) => {
    const y = TOP + c * ROW;
    shape("text", { x: WIDTH - BARS - 6, y: y + 12, fill: "currentColor", "font-size": 12,
      "text-anchor": "end" }, svg, name);
    shape("rect", { x: x(0), y: y + 1, width: x(teacher[c]) - x(0), height: 7, fill: TEACHER }, svg);
    return shape("rect", { x: x(0), y: y + 9, height: 7, fill: STUDENT }, svg);
  });
  shape("line", { x1: x(0), x2: x(0), y1: TOP, y2: height - 4, stroke: "currentColor" }, svg);
  return (student, epoch, title) => {
    bars.forEach((bar, c) => bar.setAttribute("width", (x(student[c]) - x(0)).toFixed(2)));
    svg.setAttribute("aria-label", `${title}, after epoch ${epoch}. ` +
      `Teacher: ${inWords(teacher, data.classes)}. Student: ${inWords(student, data.classes)}.`);
  };
}

function legend(parent) {
  const line = element("p", {}, parent);
  line.style.margin = "0.3rem 0";
  for (const [name, color] of [["teacher", TEACHER], ["student", STUDENT]]) {
    const key = shape("svg", { viewBox: "0 0 22 10", width: 22, height: 10, "aria-hidden": "true" }, line);
    Object.assign(key.style, { margin: "0 0.4em 0 0" });
    shape("rect", { x: 0, y: 1, width: 22, height: 8, fill: color }, key);
    element("span", {}, line, name).style.marginRight = "1.2em";
  }
}

function card(data, pair, index, parent) {
  const box = element("div", {}, parent);
  box.style.flex = "1 1 14rem";
  element("p", {}, box, pair.name).style.margin = "0";
  const draw = chart(data, pair.teacher[index], box);
  const caption = element("p", {}, box);
  caption.style.margin = "0 0 0.5rem";
  return (epoch) => {
    const student = pair.student[epoch][index];
    draw(student, epoch, `${data.classes[data.labels[index]]}, ${pair.name}`);
    caption.textContent = `KL ${divergence(pair.teacher[index], student).toFixed(3)} nats`;
  };
}

function summary(pair, epoch) {
  const kls = pair.teacher.map((teacher, i) => divergence(teacher, pair.student[epoch][i]));
  const same = pair.teacher.filter((teacher, i) => best(teacher) === best(pair.student[epoch][i])).length;
  const mean = kls.reduce((a, b) => a + b, 0) / kls.length;
  return `${pair.name}: KL ${mean.toFixed(3)} nats, same first choice for ${same} of ${kls.length}.`;
}

function render({ model, el }) {
  const data = model.get("data");
  const figure = element("div", { className: "fw-distributions" }, el);
  const last = data.pairs[0].student.length - 1;
  const slider = labeledSlider("Epoch", { min: 0, max: last, value: Math.round(model.get("position")) },
    figure);
  const report = reportLine(figure);
  legend(figure);
  const updates = data.labels.flatMap((label, i) => {
    const row = element("div", {}, figure);
    Object.assign(row.style, { display: "flex", flexWrap: "wrap", gap: "0.8rem", marginTop: "0.6rem" });
    const left = element("div", {}, row);
    left.style.flex = "0 0 90px";
    picture(data.images[i], data.side, data.classes[label], left);
    element("p", {}, left, data.classes[label]).style.margin = "0";
    return data.pairs.map((pair) => card(data, pair, i, row));
  });

  function draw() {
    const epoch = Number(slider.value);
    updates.forEach((update) => update(epoch));
    report.textContent = `Epoch ${epoch} of ${last}, temperature ${data.temperature}. ` +
      data.pairs.map((pair) => summary(pair, epoch)).join(" ");
    model.set("position", epoch);
    model.save_changes();
  }
  slider.addEventListener("input", draw);
  draw();
}

export default { render };
