/**
 * A training to watch, live or again: one place of the rock as the network saw it after each epoch,
 * and the curves. Going through the epochs never leaves the browser.
 */

import { clamp } from "./shared/clamp.js";
import { make, makeSvg, swatch } from "./shared/elements.js";
import { unpack } from "./shared/packed.js";

const CHART_HEIGHT = 190;
const MARGIN = { left: 40, right: 14, top: 10, bottom: 24 };
const SHOW_MS = 9000; // all epochs, when they are played
const STEP_MS = [110, 700]; // shortest and longest time an epoch is seen

const remembered = new Map(); // key of a training -> the epoch its visitor looks at, 0 for the newest
const replays = new WeakMap(); // root element -> Replay

export default function render({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".replay");
  if (!root || !data) return undefined;
  if (!replays.has(root)) replays.set(root, new Replay(root));
  const replay = replays.get(root);
  replay.update(data, (epoch) => setStateValue("epoch", epoch));
  return () => {
    replay.close();
    replays.delete(root);
  };
}

// ---------------------------------------------------------------- small helpers

const isNumber = (value) => typeof value === "number";
const figure = (value, digits) => (isNumber(value) ? value.toFixed(digits) : "–");

/** Round values of a logarithmic axis: the fewest that still are three or more. */
function logTicks(low, high) {
  const found = [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 6, 8]].map((digits) => {
    const ticks = [];
    for (let power = -6; power < 4; power += 1) {
      for (const digit of digits) {
        const tick = Number((digit * 10 ** power).toPrecision(2));
        if (tick >= low && tick <= high) ticks.push(tick);
      }
    }
    return ticks;
  });
  return found.find((ticks) => ticks.length >= 3) ?? found.at(-1);
}

// ---------------------------------------------------------------- the replay

class Replay {
  constructor(root) {
    this.root = root;
    this.pictures = new Map(); // epoch -> image element
    this.widths = new ResizeObserver(() => this.drawCharts());
  }

  update(data, send) {
    this.send = send;
    if (this.raw && this.raw.length === data.length && this.raw.every((b, i) => b === data[i])) return;
    this.raw = data;
    const { header, blobs } = unpack(data, ({ sizes }) => sizes);
    const asked = this.header?.asked;
    this.header = header;
    if (header.asked && header.asked !== asked) remembered.set(header.key, header.asked);
    this.read(blobs);
    this.build();
    this.show();
  }

  close() {
    this.pause();
    this.widths.disconnect();
    this.forget();
  }

  forget() {
    for (const image of [this.image, this.truth, ...this.pictures.values()]) {
      if (image) URL.revokeObjectURL(image.src);
    }
  }

  read(blobs) {
    this.forget();
    const images = blobs.map((bytes) => {
      const image = make("img", { alt: "" });
      image.src = URL.createObjectURL(new Blob([bytes], { type: "image/png" }));
      return image;
    });
    const { image, truth, pictures } = this.header;
    this.image = image ? images.shift() : null;
    this.truth = truth ? images.shift() : null;
    this.pictures = new Map(pictures.map((epoch, i) => [epoch, images[i]]));
  }

  // The epochs that are complete, and the one to look at
  get last() {
    return this.header.epochs.length;
  }

  get epoch() {
    return clamp(remembered.get(this.header.key) || this.last, Math.min(1, this.last), this.last);
  }

  choose(epoch, isFinal = true) {
    const chosen = clamp(epoch, 1, this.last);
    const kept = chosen === this.last ? 0 : chosen;
    remembered.set(this.header.key, kept);
    this.show();
    if (isFinal) this.send(kept);
  }

  play() {
    if (this.timer) return this.pause();
    if (this.epoch === this.last) this.choose(1, false);
    const [least, most] = STEP_MS;
    this.timer = setInterval(() => {
      this.choose(this.epoch + 1, false);
      if (this.epoch === this.last) this.pause();
    }, clamp(SHOW_MS / this.last, least, most));
    this.tellPlay();
    return undefined;
  }

  pause() {
    clearInterval(this.timer);
    if (this.timer && this.last) this.send(this.epoch === this.last ? 0 : this.epoch);
    this.timer = null;
    this.tellPlay();
  }

  tellPlay() {
    if (!this.playButton) return;
    const label = this.timer ? "Pause the replay" : "Play from the first epoch";
    this.playButton.setAttribute("aria-label", label);
    this.playButton.title = label;
    const path = this.timer ? "M8 5.5v13M16 5.5v13" : "M8 5v14l11-7z";
    this.playButton.replaceChildren(makeSvg("svg", { viewBox: "0 0 24 24" }, makeSvg("path", { d: path })));
    this.playButton.classList.toggle("on", Boolean(this.timer));
  }

  // ------------------------------------------------------------ what stands on the page

  build() {
    const hadFocus = this.root.getRootNode().activeElement === this.slider;
    this.frames = ["Network", "Slice", "Truth"].map((title) => {
      const frame = make("div", { class: "frame" });
      const caption = make("figcaption", {}, title);
      return { frame, caption, figure: make("figure", {}, caption, frame) };
    });
    const stage = make("div", { class: "stage" }, ...this.frames.map((part) => part.figure));
    this.board = make("div", { class: "board" }, stage);
    this.root.replaceChildren(this.board);
    if (!this.last) return;
    this.buildSteps();
    const lossTitle = "Loss (logarithmic): how far off the network is";
    const iouTitle = "IoU on the validation part: 1 is perfect";
    this.charts = [this.makeChart(lossTitle, "loss"), this.makeChart(iouTitle, "IoU")];
    this.board.append(make("div", { class: "charts" }, ...this.charts.map((chart) => chart.box)));
    this.widths.disconnect();
    this.charts.forEach((chart) => this.widths.observe(chart.box));
    if (hadFocus) this.slider.focus();
  }

  buildSteps() {
    this.slider = make("input", {
      type: "range",
      min: 1,
      max: Math.max(this.last, 2),
      step: 1,
      "aria-label": "Epoch",
      oninput: () => this.choose(Number(this.slider.value), false),
      onchange: () => this.choose(Number(this.slider.value)),
    });
    this.slider.disabled = this.last < 2;
    this.count = make("span", { class: "count" });
    const attributes = { type: "button", class: "play", onclick: () => this.play() };
    this.playButton = make("button", attributes);
    this.playButton.disabled = this.last < 2;
    this.board.append(make("div", { class: "steps" }, this.playButton, this.slider, this.count));
    this.tellPlay();
  }

  makeChart(title, kind) {
    const keys = make("div", { class: "keys" });
    const svg = makeSvg("svg", { class: "chart", role: "img", "aria-label": `${title}, by epoch` });
    const box = make("div", { class: "chartbox" }, make("div", { class: "name" }, title), svg, keys);
    const pick = (event, isFinal) => {
      const share = (event.clientX - svg.getBoundingClientRect().left - MARGIN.left) / this.inner(svg);
      this.choose(Math.round(1 + share * (this.nEpochs - 1)), isFinal);
    };
    svg.onpointerdown = (event) => {
      svg.setPointerCapture(event.pointerId);
      pick(event, false);
    };
    svg.onpointermove = (event) => event.buttons && pick(event, false);
    svg.onpointerup = (event) => pick(event, true);
    return { box, svg, keys, lines: this.lines(kind), isLog: kind === "loss" };
  }

  lines(kind) {
    const { epochs, classes } = this.header;
    if (kind === "loss") {
      const found = [{ name: "training", values: epochs.map((one) => one.loss) }];
      const validation = epochs.map((one) => one.validationLoss);
      if (validation.some(isNumber)) found.push({ name: "validation", values: validation, dash: "5 4" });
      return found;
    }
    const byClass = classes.map(({ name, color }, i) => ({
      name,
      color,
      values: epochs.map((one) => one.iou[i] ?? null),
    }));
    return [...byClass, { name: "mean", values: epochs.map((one) => one.meanIou), dash: "5 4" }];
  }

  show() {
    const { epochs, nEpochs, best } = this.header;
    const drawn = [...this.pictures.keys()].filter((epoch) => epoch <= this.epoch).at(-1);
    const parts = [this.pictures.get(drawn), this.image, this.truth];
    const texts = [`Labels after epoch ${drawn}`, "A place of the validation part", "Its true labels"];
    this.frames.forEach(({ frame, caption }, i) => {
      if (parts[i]) parts[i].alt = texts[i];
      frame.replaceChildren(parts[i] ?? make("p", {}, i ? "" : this.header.waiting));
      if (i === 0) caption.textContent = drawn ? `Network after epoch ${drawn}` : "Network";
    });
    if (!epochs.length) return;
    this.slider.value = this.epoch;
    const isBest = this.epoch === best && this.last > 1;
    const end = Math.max(nEpochs, this.last);
    this.count.textContent = `Epoch ${this.epoch} of ${end}${isBest ? ", the best one" : ""}`;
    this.slider.setAttribute("aria-valuetext", this.count.textContent);
    this.drawCharts();
  }

  // ------------------------------------------------------------ curves

  get nEpochs() {
    return Math.max(this.header.nEpochs, this.last, 2);
  }

  inner(svg) {
    return Math.max(svg.clientWidth - MARGIN.left - MARGIN.right, 1);
  }

  drawCharts() {
    for (const chart of this.charts ?? []) if (chart.svg.clientWidth) this.drawChart(chart);
  }

  drawChart({ svg, keys, lines, isLog }) {
    const bottom = CHART_HEIGHT - MARGIN.bottom;
    const right = MARGIN.left + this.inner(svg);
    const x = (epoch) => MARGIN.left + ((epoch - 1) / (this.nEpochs - 1)) * this.inner(svg);
    const { y, ticks } = this.axis(lines, isLog, bottom);
    const place = { x1: MARGIN.left, x2: right, class: "grid" };
    const parts = ticks.flatMap((tick) => [
      makeSvg("line", { ...place, y1: y(tick), y2: y(tick) }),
      makeSvg("text", { x: MARGIN.left - 8, y: y(tick) + 4, class: "tick end" }, String(tick)),
    ]);
    for (const epoch of this.epochTicks(svg)) {
      parts.push(makeSvg("text", { x: x(epoch), y: bottom + 17, class: "tick" }, String(epoch)));
    }
    const here = x(this.epoch);
    parts.push(makeSvg("line", { x1: here, x2: here, y1: MARGIN.top, y2: bottom, class: "here" }));
    for (const line of lines) parts.push(...this.drawLine(line, x, y));
    svg.setAttribute("height", CHART_HEIGHT);
    svg.replaceChildren(...parts);
    keys.replaceChildren(...lines.map((line) => this.key(line, isLog)));
  }

  drawLine({ values, color, dash }, x, y) {
    let path = "";
    let isDown = false;
    values.forEach((value, i) => {
      if (isNumber(value)) path += `${isDown ? "L" : "M"}${x(i + 1).toFixed(1)} ${y(value).toFixed(1)}`;
      isDown = isNumber(value);
    });
    const style = { d: path, "stroke-dasharray": dash ?? "none" };
    const parts = color ? [makeSvg("path", { ...style, class: "casing" })] : [];
    parts.push(makeSvg("path", { ...style, class: "line", stroke: color ?? "currentColor" }));
    const value = values[this.epoch - 1];
    if (isNumber(value)) {
      const dot = { cx: x(this.epoch), cy: y(value), r: 4, fill: color ?? "currentColor", class: "dot" };
      parts.push(makeSvg("circle", dot));
    }
    return parts;
  }

  axis(lines, isLog, bottom) {
    const height = bottom - MARGIN.top;
    if (!isLog) return { y: (value) => bottom - value * height, ticks: [0, 0.5, 1] };
    const values = lines.flatMap((line) => line.values).filter((value) => value > 0);
    const [low, high] = [Math.min(...values) / 1.15, Math.max(...values) * 1.15];
    const span = Math.log(high / low) || 1;
    const y = (value) => bottom - (Math.log(Math.max(value, low) / low) / span) * height;
    return { y, ticks: logTicks(low, high) };
  }

  /** Whole, round epochs with room for their numbers; the first and the last among them. */
  epochTicks(svg) {
    const room = Math.max(this.inner(svg) / 44, 2);
    const step = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((one) => this.nEpochs / one <= room) ?? 1000;
    const ticks = [1];
    for (let epoch = step === 1 ? 2 : step; epoch <= this.nEpochs; epoch += step) ticks.push(epoch);
    return ticks;
  }

  key({ name, values, color, dash }, isLoss) {
    const sample = color ? swatch(color) : make("i", { class: dash ? "dashed" : "solid" });
    return make("span", {}, sample, `${name} `, make("b", {}, figure(values[this.epoch - 1], isLoss ? 3 : 2)));
  }
}
