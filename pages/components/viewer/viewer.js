/**
 * The picture viewer in the browser: linked panes over one slice.
 *
 * Python sends pictures and settings as one block of bytes (see viewer.py). All that can be done to a
 * picture without other pixels happens here. Each pane is composed once per change of colors into
 * a canvas of the slice's own size; zoom and pan only draw that canvas again.
 */

const SURROUND = "#0d0c0b"; // grey levels are judged against near-black
const MAX_SCALE = 64; // screen pixels per image pixel
const NARROW = 560; // CSS pixels: below it one pane with tabs
const GAP = 10;
const AROUND = 240; // CSS pixels of a window kept for menu, title and slider: no scrolling for those
const LEAST_HEIGHT = 320;
const SEND_EVERY_MS = 200;
const GIVE_UP_MS = 10000; // then Python's slice counts again, answer or not
const TAP_MS = 260;
const REACH = { mouse: 6, touch: 16 }; // CSS pixels from a line of the cross-hair to take hold of it
const DECODED_KEPT = 16;
const OPACITIES = [0, 0.35, 0.6, 1];
const IGNORED = 255;
const HATCH = 3; // pixels from line to line
const LARGEST_BLOCK = 8; // image pixels that errors are gathered from

const ICONS = {
  swipe: "M4 5h16v14H4zM12 3v18M9 10l-2 2 2 2M15 10l2 2-2 2",
  outline: "M8.5 4.5c4-1.5 10 .5 11 5s-2 10-7 10-8.5-3-8-7.5 1-6.5 4-7.5z",
  errors: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM9 9l6 6M15 9l-6 6",
  contrast: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 3.5v17M12 8h7M12 12h8.5M12 16h7",
  zoomOut: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5L20 20M7.5 10.5h6",
  zoomIn: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5L20 20M7.5 10.5h6M10.5 7.5v6",
  fit: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5M9 9h6v6H9z",
  full: "M14 4h6v6M20 4l-7 7M10 20H4v-6M4 20l7-7",
  help: "M9 9.2a3 3 0 1 1 4.3 2.7c-.9.45-1.3 1-1.3 2.1M12 17.5v.2",
  previous: "M14.5 6l-6 6 6 6",
  next: "M9.5 6l6 6-6 6",
};

const HELP = [
  ["wheel, pinch, + −", "zoom"],
  ["drag, Ctrl + arrows", "move the picture, or a cross-hair's line"],
  ["double-click, f", "fit the whole slice"],
  ["← →", "previous, next slice; with Shift ten at a time"],
  ["1 … 8", "color or clear a class"],
  ["o", "next opacity"],
  ["s", "divider: grey left, colors right"],
  ["e", "errors only, where there are any"],
  ["?", "this list"],
];

const remembered = new Map(); // key of a viewer -> the visitor's choices, kept while the page lives
const viewers = new WeakMap(); // root element -> Viewer
const groups = new Map(); // name -> viewers that show the same place

export default function render({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".viewer");
  if (!root || !data) return undefined;
  if (!viewers.has(root)) viewers.set(root, new Viewer(root));
  const viewer = viewers.get(root);
  viewer.update(data, (view) => setStateValue("view", view));
  return () => {
    viewer.close();
    viewers.delete(root);
  };
}

// ---------------------------------------------------------------- small helpers

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const now = () => performance.now();

/** Make an element; texts are set as text, never as markup. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element[name] = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

function iconButton(name, label, onclick, toggles = false) {
  const state = toggles ? { "aria-pressed": "false" } : {};
  const attributes = { type: "button", class: "icon", "data-action": name, onclick };
  return make("button", { ...attributes, title: label, "aria-label": label, ...state }, icon(name));
}

const rgb = (color) => [1, 3, 5].map((start) => parseInt(color.slice(start, start + 2), 16));
const pixel = (r, g, b) => (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;

/** A line must be seen on dark grey: lift dark colors, leave the others. */
function lineColor([r, g, b]) {
  const share = 0.2126 * r + 0.7152 * g + 0.0722 * b < 70 ? 0.5 : 0;
  return pixel(...[r, g, b].map((value) => Math.round(value + (255 - value) * share)));
}

/** The longest of 1, 2, 5, 10, … that fits. */
function niceLength(longest) {
  const power = 10 ** Math.floor(Math.log10(longest));
  return [5, 2, 1].map((digit) => digit * power).find((length) => length <= longest);
}

function lengthText(length, inMicrometres) {
  if (!inMicrometres) return `${length} px`;
  return length >= 1000 ? `${length / 1000} mm` : `${length} µm`;
}

// ---------------------------------------------------------------- what Python sends

/** Split the bytes into the header and the pictures, each with its digest. */
function unpack(bytes) {
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + size)));
  let start = 4 + size;
  const blobs = header.blobs.map(([digest, length]) => {
    start += length;
    return { digest, bytes: bytes.subarray(start - length, start) };
  });
  return { header, blobs };
}

/** Decode without any color management: a label value must arrive as it was sent. */
async function decode(bytes) {
  const type = bytes[0] === 0xff ? "image/jpeg" : "image/png";
  const options = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
  const bitmap = await createImageBitmap(new Blob([bytes], { type }), options);
  const isExact = type === "image/png";
  return { bitmap, width: bitmap.width, height: bitmap.height, isExact, values: null };
}

/** The red samples of a decoded picture: grey levels or label values, (height × width). */
function valuesOf(decoded) {
  if (!decoded.values) {
    const { width, height, bitmap } = decoded;
    const context = makeCanvas(width, height).getContext("2d", { willReadFrequently: true });
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    decoded.values = new Uint8Array(width * height);
    for (let i = 0; i < decoded.values.length; i += 1) decoded.values[i] = data[4 * i];
  }
  return decoded.values;
}

/**
 * Ready a picture of errors, or a mask, for the screen. Where image pixels are smaller than those of the screen
 * it comes in blocks of `size` pixels, each in the color of its errors: single ones would fade away. Of two
 * given colors the first is hatched with white, the second with black: who cannot tell the colors
 * apart sees one brighter and one darker than the other, and lines that cross.
 */
function blocksOf(decoded, size, colors) {
  decoded.ready ??= new Map();
  const name = `${size} ${colors}`;
  if (!decoded.ready.has(name)) {
    const { width, height, bitmap } = decoded;
    const context = makeCanvas(width, height).getContext("2d", { willReadFrequently: true });
    context.drawImage(bitmap, 0, 0);
    const pixels = new Uint32Array(context.getImageData(0, 0, width, height).data.buffer);
    const background = pixel(0, 0, 0); // of a mask
    const image = new ImageData(Math.ceil(width / size), Math.ceil(height / size));
    const out = new Uint32Array(image.data.buffer);
    for (let i = 0; i < pixels.length; i += 1) {
      if (pixels[i] && pixels[i] !== background) out[Math.floor(Math.floor(i / width) / size) * image.width + Math.floor((i % width) / size)] = pixels[i];
    }
    if (colors) hatch(out, image.width, image.height, colors);
    const canvas = makeCanvas(image.width, image.height);
    canvas.getContext("2d").putImageData(image, 0, 0);
    decoded.ready.set(name, canvas);
  }
  return decoded.ready.get(name);
}

function hatch(out, width, height, colors) {
  const [first, second] = colors.map((color) => pixel(...color));
  const [white, black] = [pixel(255, 255, 255), pixel(0, 0, 0)];
  for (let i = 0; i < out.length; i += 1) {
    if (out[i] !== first && out[i] !== second) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    if (out[i] === first && (x + y) % HATCH === 0) out[i] = white;
    else if (out[i] === second && (x + height - y) % HATCH === 0) out[i] = black;
  }
}

function makeCanvas(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas;
}

function commonest(labels) {
  const counts = new Uint32Array(256);
  for (const label of labels) counts[label] += 1;
  counts[IGNORED] = 0;
  return counts.indexOf(Math.max(...counts));
}

// ---------------------------------------------------------------- the viewer

class Viewer {
  constructor(root) {
    this.root = root;
    this.panes = [];
    this.slice = null; // the pictures shown
    this.decoded = new Map(); // digest -> picture, the latest last
    this.pointers = new Map();
    this.size = { width: 0, height: 0 }; // of one pane, CSS pixels
    this.build();
    this.observer = new ResizeObserver(() => this.layout());
    this.observer.observe(root);
    this.observer.observe(document.documentElement); // a lower window has less room
  }

  close() {
    this.closed = true;
    this.join(null);
    this.observer.disconnect();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
    clearTimeout(this.tapTimer);
  }

  // -------------------------------------------------------------- parts of the page

  build() {
    this.legend = make("div", { class: "legend", role: "group", "aria-label": "Classes" });
    this.buttons = {
      swipe: iconButton("swipe", "Divider: grey left, colors right (s)", () => this.toggle("swipe"), true),
      outline: iconButton("outline", "Outlines instead of fills", () => this.toggle("outline"), true),
      errors: iconButton("errors", "Errors only (e)", () => this.toggle("errors"), true),
      contrast: iconButton("contrast", "Brightness and contrast", () => this.toggle("contrast"), true),
      zoomOut: iconButton("zoomOut", "Zoom out (−)", () => this.zoomBy(1 / 1.5)),
      zoomIn: iconButton("zoomIn", "Zoom in (+)", () => this.zoomBy(1.5)),
      fit: iconButton("fit", "Fit the whole slice (f)", () => this.fit()),
      full: iconButton("full", "Full screen", () => this.fullScreen()),
      help: iconButton("help", "Keys (?)", () => this.toggle("help"), true),
    };
    this.opacity = make("input", { type: "range", min: 0, max: 100, "aria-label": "Opacity of the colors" });
    this.opacity.oninput = () => this.change({ opacity: this.opacity.value / 100 });
    this.opacityField = make("label", { class: "field", title: "Opacity of the colors (o)" }, "Opacity", this.opacity);
    this.tools = make("div", { class: "tools", role: "toolbar", "aria-label": "View" });
    this.tools.append(this.opacityField, ...Object.values(this.buttons));
    this.bar = make("div", { class: "bar" }, this.legend, this.tools);
    this.contrastPanel = this.buildContrast();
    this.helpPanel = make("dl", { class: "panel help", hidden: true });
    for (const [keys, effect] of HELP) {
      this.helpPanel.append(make("div", {}, make("dt", {}, keys), make("dd", {}, effect)));
    }
    this.tabs = make("div", { class: "tabs", role: "group", "aria-label": "Picture" });
    this.stage = make("div", { class: "stage", role: "application", tabindex: 0 });
    this.stage.setAttribute("aria-roledescription", "slice viewer");
    this.readout = make("div", { class: "readout", hidden: true });
    this.live = make("div", { class: "unseen", "aria-live": "polite" });
    this.root.replaceChildren(this.bar, this.contrastPanel, this.helpPanel, this.tabs, this.stage);
    this.root.append(this.buildStepper(), this.live);
    this.root.addEventListener("keydown", (event) => this.onKey(event));
    this.root.addEventListener("fullscreenchange", () => this.layout());
  }

  buildContrast() {
    const slider = (name, label) => {
      const input = make("input", { type: "range", min: 0, max: 255, "data-window": name });
      input.oninput = () => this.setWindow(name, Number(input.value));
      this[name] = input;
      return make("label", { class: "field" }, label, input);
    };
    const reset = make("button", { type: "button", class: "quiet" }, "Reset");
    reset.onclick = () => this.change({ low: 0, high: 255 });
    const sliders = [slider("low", "Black at"), slider("high", "White at")];
    this.exact = make("input", { type: "checkbox" });
    this.exact.onchange = () => this.chooseExact();
    const title = "Every grey value as it was measured, not compressed; takes longer to load";
    this.exactField = make("label", { class: "field", title }, this.exact, "Exact grey values");
    return make("div", { class: "panel contrast", hidden: true }, ...sliders, reset, this.exactField);
  }

  buildStepper() {
    this.slider = make("input", { type: "range", min: 0, "aria-label": "Slice" });
    this.slider.oninput = () => this.goTo(Number(this.slider.value));
    this.count = make("span", { class: "count", title: "z counts from 0" });
    const previous = iconButton("previous", "Previous slice (←)", () => this.step(-1));
    const next = iconButton("next", "Next slice (→)", () => this.step(1));
    this.stepper = make("div", { class: "stepper" }, previous, this.slider, next, this.count);
    return this.stepper;
  }

  /** One element per pane; made anew only when their number or titles change. */
  buildPanes() {
    const titles = this.header.panes.map((pane) => pane.title);
    if (titles.join("\n") === this.titles) return;
    this.titles = titles.join("\n");
    this.panes = titles.map((title, index) => this.buildPane(title, index));
    this.stage.replaceChildren(...this.panes.map((pane) => pane.figure), this.readout);
    this.tabs.replaceChildren(...this.panes.map((pane) => pane.tab));
  }

  buildPane(title, index) {
    const canvas = make("canvas", { role: "img", "aria-label": title });
    const handle = make("div", { class: "handle", role: "slider", tabindex: 0, hidden: true });
    handle.setAttribute("aria-label", "Divider between grey and colors");
    handle.setAttribute("aria-valuemin", 0);
    handle.setAttribute("aria-valuemax", 100);
    handle.append(make("span", { class: "grip" }, icon("previous"), icon("next")));
    const scale = make("div", { class: "scale" }, make("span"));
    const frame = make("div", { class: "frame" }, canvas, handle, scale);
    const note = make("span");
    const figure = make("figure", {}, make("figcaption", {}, title, " ", note), frame);
    const tab = make("button", { type: "button", onclick: () => this.change({ tab: index }) }, title);
    const pane = { title, note, figure, frame, canvas, handle, scale, tab, context: canvas.getContext("2d", { alpha: false }) };
    this.listen(pane);
    return pane;
  }

  buildLegend() {
    const text = JSON.stringify(this.header.classes);
    if (text === this.legendText) return;
    this.legendText = text;
    const chips = this.header.classes.map(({ value, name, color, description }, index) => {
      const swatch = make("span", { class: "swatch" });
      swatch.style.setProperty("--class-color", color);
      const title = `${description ? `${name}: ${description}. ` : ""}Color or clear (${index + 1})`;
      const onclick = () => this.toggleClass(value);
      return make("button", { type: "button", class: "chip", title, "data-value": value, onclick }, swatch, name);
    });
    this.legend.replaceChildren(...chips);
  }

  // -------------------------------------------------------------- news from Python

  update(bytes, send) {
    const { header, blobs } = unpack(bytes);
    this.send = send;
    const before = this.header;
    this.header = header;
    this.join(header.group);
    this.adoptChoices(before);
    this.adoptSlice();
    this.buildPanes();
    header.panes.forEach(({ note }, index) => (this.panes[index].note.textContent = note ?? ""));
    this.buildLegend();
    this.show(header, blobs);
  }

  /** The visitor's choices stay; a setting counts when Python changes it. */
  adoptChoices(before) {
    const { key, mode, opacity, marker, exact } = this.header;
    if (!remembered.has(key)) {
      remembered.set(key, { view: null, hidden: null, outline: false, errors: false, low: 0, high: 255, split: 0.5, tab: 0 });
      before = null;
    }
    this.choices = remembered.get(key);
    const known = this.choices.given ?? {};
    if (known.mode !== mode) this.choices.swipe = mode === "swipe";
    if (known.opacity !== opacity) this.choices.opacity = opacity;
    if (marker && String(known.marker) !== String(marker) && this.isNews(marker)) this.choices.marker = marker;
    if (known.exact !== exact) this.choices.exact = exact;
    this.choices.given = { mode, opacity, marker, exact };
  }

  /** While the cross-hair is moved, answers to earlier places are none. */
  isNews(marker) {
    const waiting = this.pickedAt != null && now() - this.pickedAt < GIVE_UP_MS;
    const isAnswer = String(marker) === String(this.choices.clicked);
    if (waiting && !isAnswer) return false;
    if (!this.grabbed) this.pickedAt = null;
    return !this.grabbed;
  }

  /** The newest word on the slice counts: an answer to an older step is a picture, not an order. */
  adoptSlice() {
    const waiting = this.sentStep != null && now() - this.sentAt < GIVE_UP_MS;
    const isAnswer = this.header.answered === this.sentStep;
    if ((waiting && !isAnswer) || this.timer) return;
    if (isAnswer) this.sentStep = null;
    this.z = this.header.z;
  }

  async show(header, blobs) {
    const get = (index) => (index == null ? null : this.decodeOnce(blobs[index]));
    const turn = (this.turn = (this.turn ?? 0) + 1);
    const panes = await Promise.all(
      header.panes.map(async ({ grey, labels, picture, confidence }) => ({
        grey: await get(grey),
        labels: await get(labels),
        picture: await get(picture),
        confidence: await get(confidence),
      })),
    );
    const highlight = await get(header.highlight);
    if (turn !== this.turn || this.closed) return;
    const { width, height } = panes[0].grey;
    const isResized = this.slice && (this.slice.width !== width || this.slice.height !== height);
    if (isResized) this.choices.view = null;
    this.slice = { z: header.z, width, height, panes, highlight };
    this.chooseHidden();
    this.composed = null;
    this.layout();
    if (this.announced !== header.z && this.announced != null) this.live.textContent = this.sliceText(header.z);
    this.announced = header.z;
  }

  async decodeOnce({ digest, bytes }) {
    const picture = this.decoded.get(digest) ?? decode(bytes);
    this.decoded.delete(digest);
    this.decoded.set(digest, picture);
    for (const old of this.decoded.keys()) {
      if (this.decoded.size > DECODED_KEPT) this.decoded.delete(old);
    }
    return picture;
  }

  /** At first one class is clear, so that the rock shows through. */
  chooseHidden() {
    const { classes, clearClass } = this.header;
    const values = classes.map(({ value }) => value).join();
    const labelled = this.slice.panes.find(({ labels }) => labels);
    if (!labelled || (this.choices.hidden && this.choices.values === values)) return;
    const clear = clearClass === "majority" ? commonest(valuesOf(labelled.labels)) : clearClass;
    this.choices.hidden = new Set(clear == null || classes.length < 2 ? [] : [clear]);
    this.choices.values = values;
  }

  // -------------------------------------------------------------- news for Python

  /** Send at once, then at most every 200 ms. */
  tell(isStep = false) {
    if (isStep) this.stepNumber = Math.max((this.stepNumber ?? 0) + 1, Date.now());
    if (this.timer) return;
    const wait = Math.max(0, SEND_EVERY_MS - (now() - (this.toldAt ?? -Infinity)));
    this.timer = setTimeout(() => {
      this.timer = null;
      this.toldAt = now();
      const { hidden, clicked } = this.choices;
      const exact = this.choices.exact ?? null;
      const view = { z: this.z, step: this.stepNumber ?? null, hidden: [...(hidden ?? [])], clicked: clicked ?? null, exact };
      if (this.stepNumber !== this.toldStep) {
        this.sentStep = this.toldStep = this.stepNumber;
        this.sentAt = now();
      }
      this.send(view);
    }, wait);
  }

  goTo(z) {
    const target = clamp(z, 0, this.header.nSlices - 1);
    if (target === this.z) return;
    this.z = target;
    this.showControls();
    this.tell(true);
  }

  step(by) {
    this.goTo(this.z + by);
  }

  // -------------------------------------------------------------- choices

  change(choices) {
    Object.assign(this.choices, choices);
    if (Object.keys(choices).some((name) => !["split", "marker", "clicked"].includes(name))) this.composed = null;
    if ("tab" in choices) this.layout();
    this.showControls();
    this.requestDraw();
  }

  toggle(name) {
    if (name === "help" || name === "contrast") {
      const panel = name === "help" ? this.helpPanel : this.contrastPanel;
      panel.hidden = !panel.hidden;
    }
    this.change({ [name]: !this.choices[name] });
  }

  toggleClass(value) {
    const hidden = new Set(this.choices.hidden);
    if (!hidden.delete(value)) hidden.add(value);
    this.change({ hidden });
    this.tell();
  }

  chooseExact() {
    this.change({ exact: this.exact.checked });
    this.tell();
  }

  nextOpacity() {
    const next = OPACITIES.find((value) => value > this.choices.opacity + 0.01);
    this.change({ opacity: next ?? OPACITIES[0] });
  }

  setWindow(name, value) {
    const { low, high } = { ...this.choices, [name]: value };
    const apart = name === "low" ? { low: Math.min(value, high - 1) } : { high: Math.max(value, low + 1) };
    this.change(apart);
  }

  // -------------------------------------------------------------- keys and pointers

  onKey(event) {
    if (event.altKey || event.isComposing) return;
    const isField = event.target.closest("input, [role=slider]");
    const action = event.ctrlKey || event.metaKey ? this.moveKey(event.key) : this.plainKey(event, isField);
    if (!action || (isField && event.key.startsWith("Arrow"))) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  }

  moveKey(key) {
    const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key] ?? [0, 0];
    if (!x && !y) return null;
    const far = Math.min(this.size.width, this.size.height) / 8;
    return () => this.moveBy(-x * far, -y * far);
  }

  plainKey({ key, shiftKey }, isField) {
    const far = shiftKey ? 10 : 1;
    const digit = /^[1-8]$/.test(key) ? this.header.classes[Number(key) - 1] : null;
    if (digit) return isField ? null : () => this.toggleClass(digit.value);
    const actions = {
      ArrowLeft: () => this.step(-far),
      ArrowRight: () => this.step(far),
      "+": () => this.zoomBy(1.5),
      "=": () => this.zoomBy(1.5),
      "-": () => this.zoomBy(1 / 1.5),
      f: () => this.fit(),
      o: () => this.nextOpacity(),
      s: () => this.toggle("swipe"),
      e: () => this.hasSwitch() && this.toggle("errors"),
      "?": () => this.toggle("help"),
    };
    return actions[key] ?? null;
  }

  listen(pane) {
    const { canvas, frame, handle } = pane;
    canvas.onpointerdown = (event) => this.onDown(pane, event);
    canvas.onpointermove = (event) => this.onMove(pane, event);
    canvas.onpointerup = (event) => this.onUp(pane, event);
    canvas.onpointercancel = (event) => {
      this.pointers.delete(event.pointerId);
      this.pressed = this.grabbed = null;
    };
    canvas.onpointerleave = () => this.read(null);
    canvas.ondblclick = () => this.fit();
    frame.addEventListener("wheel", (event) => this.onWheel(canvas, event), { passive: false });
    handle.onpointerdown = (event) => handle.setPointerCapture(event.pointerId);
    handle.onpointermove = (event) => {
      if (handle.hasPointerCapture(event.pointerId)) this.moveSplit(this.place(canvas, event).x / this.size.width);
    };
    handle.onkeydown = ({ key, shiftKey }) => {
      const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[key] ?? 0;
      if (by) this.moveSplit(this.choices.split + by * (shiftKey ? 0.1 : 0.01));
    };
  }

  place(canvas, event) {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  onDown(pane, event) {
    pane.canvas.setPointerCapture(event.pointerId);
    const place = this.place(pane.canvas, event);
    this.pointers.set(event.pointerId, place);
    this.pressed = this.pointers.size === 1 ? { ...place, at: now() } : null;
    this.grabbed = this.pressed && this.linesAt(place, event.pointerType);
    this.stage.focus({ preventScroll: true });
  }

  onMove(pane, event) {
    const place = this.place(pane.canvas, event);
    const before = this.pointers.get(event.pointerId);
    if (!before) {
      this.read(place, event.clientY);
      pane.canvas.style.cursor = this.cursorAt(place);
      return;
    }
    if (this.pressed && Math.hypot(place.x - this.pressed.x, place.y - this.pressed.y) > 4) this.pressed = null;
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.pointers.set(event.pointerId, place);
    if (!other && this.grabbed) {
      if (!this.pressed) this.moveLines(place);
      return;
    }
    if (!other) {
      this.moveBy(place.x - before.x, place.y - before.y);
      return;
    }
    const spread = (point) => Math.hypot(point.x - other.x, point.y - other.y) || 1;
    this.zoomBy(spread(place) / spread(before), { x: (place.x + other.x) / 2, y: (place.y + other.y) / 2 });
    this.moveBy((place.x - before.x) / 2, (place.y - before.y) / 2);
  }

  onUp(pane, event) {
    this.pointers.delete(event.pointerId);
    const isTap = this.pressed && now() - this.pressed.at < 500;
    this.pressed = this.grabbed = null;
    if (!isTap) return;
    const place = this.place(pane.canvas, event);
    this.read(place, event.clientY);
    clearTimeout(this.tapTimer);
    if (!this.header.pick || event.detail > 1) return;
    this.tapTimer = setTimeout(() => this.pickPixel(place), TAP_MS); // a second tap makes it a double-click
  }

  pickPixel(place) {
    const spot = this.pixelAt(place);
    if (!spot) return;
    this.pickedAt = now();
    this.change({ clicked: [spot.x, spot.y], marker: [spot.x, spot.y] });
    this.tell();
  }

  /** Which lines of the cross-hair stand at a place, [the upright, the level one]; null: neither. */
  linesAt(place, pointerType = "mouse") {
    const { marker } = this.choices;
    if (!this.header.pick || !marker || !this.slice) return null;
    const { scale, x, y } = this.view();
    const away = [
      (marker[0] + 0.5 - x) * scale + this.size.width / 2 - place.x,
      (marker[1] + 0.5 - y) * scale + this.size.height / 2 - place.y,
    ];
    const lines = away.map((distance) => Math.abs(distance) <= (REACH[pointerType] ?? REACH.mouse));
    return lines.some(Boolean) ? lines : null;
  }

  cursorAt(place) {
    const [upright, level] = this.linesAt(place) ?? [];
    return upright && level ? "move" : upright ? "ew-resize" : level ? "ns-resize" : "";
  }

  /** Move the lines of the cross-hair that were taken hold of. */
  moveLines(place) {
    const { scale, x, y } = this.view();
    const at = [
      Math.floor(x + (place.x - this.size.width / 2) / scale),
      Math.floor(y + (place.y - this.size.height / 2) / scale),
    ].map((value, axis) => clamp(value, 0, [this.slice.width, this.slice.height][axis] - 1));
    const spot = at.map((value, axis) => (this.grabbed[axis] ? value : this.choices.marker[axis]));
    this.pickedAt = now();
    this.change({ clicked: spot, marker: spot });
    this.tell();
  }

  /** At full view a wheel turned towards the reader scrolls the page as everywhere else. */
  onWheel(canvas, event) {
    if (!this.slice || (event.deltaY >= 0 && !event.ctrlKey && this.isFit())) return;
    event.preventDefault();
    const pixels = event.deltaY * [1, 16, 400][event.deltaMode];
    this.zoomBy(Math.exp(-clamp(pixels, -240, 240) * (event.ctrlKey ? 0.01 : 0.002)), this.place(canvas, event));
  }

  moveSplit(split) {
    this.change({ split: clamp(split, 0, 1) });
  }

  fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.root.requestFullscreen?.();
  }

  // -------------------------------------------------------------- the view: which part, how large

  fitScale() {
    const { width, height } = this.size;
    return Math.min(width / this.slice.width, height / this.slice.height) || 1;
  }

  /** Scale and the image point in the middle of each pane; without a choice the whole slice. */
  view() {
    const { width, height } = this.slice;
    const fit = this.fitScale();
    const { scale, x, y } = this.choices.view ?? { scale: fit, x: width / 2, y: height / 2 };
    const kept = clamp(scale, fit, Math.max(MAX_SCALE, fit));
    const margin = (0.5 * fit) / kept; // an edge comes no further in than where it stands at full view
    const inside = (middle, length) => clamp(middle, length * margin, length * (1 - margin));
    return { scale: kept, x: inside(x, width), y: inside(y, height) };
  }

  isFit() {
    return this.view().scale <= this.fitScale() * 1.001;
  }

  fit() {
    this.setView(null);
  }

  setView(view) {
    this.choices.view = view;
    if (view) this.choices.view = this.isFit() ? null : this.view();
    this.requestDraw();
    for (const other of groups.get(this.group) ?? []) if (other !== this) other.follow(this);
  }

  /** Show the place another viewer shows, as much larger than at full view as there. */
  follow(other) {
    const { width, height } = other.slice;
    if (this.slice?.width !== width || this.slice?.height !== height) return;
    const { scale, x, y } = other.view();
    const isFit = other.isFit();
    this.choices.view = isFit ? null : { scale: (scale / other.fitScale()) * this.fitScale(), x, y };
    this.requestDraw();
  }

  join(group) {
    if (group === this.group) return;
    groups.get(this.group)?.delete(this);
    this.group = group;
    if (!group) return;
    if (!groups.has(group)) groups.set(group, new Set());
    groups.get(group).add(this);
  }

  moveBy(x, y) {
    const view = this.view();
    this.setView({ ...view, x: view.x - x / view.scale, y: view.y - y / view.scale });
  }

  /** The image point under `place` stays there. */
  zoomBy(factor, place = { x: this.size.width / 2, y: this.size.height / 2 }) {
    const { scale, x, y } = this.view();
    const larger = clamp(scale * factor, this.fitScale(), Math.max(MAX_SCALE, this.fitScale()));
    const [right, down] = [place.x - this.size.width / 2, place.y - this.size.height / 2];
    const shift = 1 / scale - 1 / larger;
    this.setView({ scale: larger, x: x + right * shift, y: y + down * shift });
  }

  pixelAt(place) {
    if (!this.slice || !place) return null;
    const { scale, x, y } = this.view();
    const column = Math.floor(x + (place.x - this.size.width / 2) / scale);
    const row = Math.floor(y + (place.y - this.size.height / 2) / scale);
    const isInside = column >= 0 && row >= 0 && column < this.slice.width && row < this.slice.height;
    return isInside ? { x: column, y: row } : null;
  }

  // -------------------------------------------------------------- layout

  /** Give every pane the same size, the largest that width and height allow. */
  layout() {
    const width = this.root.clientWidth;
    if (!this.slice || !width) return;
    const isNarrow = width < NARROW;
    const n = isNarrow ? 1 : this.panes.length;
    const aspect = this.slice.height / this.slice.width;
    const caption = n > 1 ? 26 : 0;
    const room = this.roomHeight();
    const sizes = [1, 2, 3, 4].slice(0, n).map((columns) => {
      const rows = Math.ceil(n / columns);
      const paneWidth = Math.floor((width - GAP * (columns - 1)) / columns);
      const paneHeight = Math.floor((room - GAP * (rows - 1)) / rows - caption);
      return { columns, width: paneWidth, height: Math.max(80, Math.min(paneHeight, Math.round(paneWidth * aspect))) };
    });
    const picture = (size) => Math.min(size.width * aspect, size.height);
    const best = sizes.reduce((a, b) => (picture(b) > picture(a) ? b : a));
    this.size = best;
    this.tab = clamp(this.choices.tab, 0, this.panes.length - 1);
    this.root.dataset.layout = isNarrow ? "narrow" : "wide";
    this.tabs.hidden = !isNarrow || this.panes.length < 2;
    const opacityPlace = isNarrow ? this.contrastPanel : this.tools;
    if (this.opacityField.parentNode !== opacityPlace) opacityPlace.prepend(this.opacityField);
    this.stage.style.gridTemplateColumns = `repeat(${best.columns}, ${best.width}px)`;
    this.panes.forEach((pane, index) => this.resize(pane, !isNarrow || index === this.tab));
    this.showControls();
    this.draw();
  }

  roomHeight() {
    if (!document.fullscreenElement || !this.root.matches(":fullscreen")) {
      const isGrid = this.panes.length > 3; // its pictures are small enough already
      return isGrid ? this.header.height : Math.min(this.header.height, Math.max(LEAST_HEIGHT, window.innerHeight - AROUND));
    }
    const others = this.root.scrollHeight - this.stage.offsetHeight;
    return window.innerHeight - others;
  }

  resize(pane, isShown) {
    const { width, height } = this.size;
    const ratio = window.devicePixelRatio || 1;
    pane.isShown = isShown;
    pane.figure.hidden = !isShown;
    pane.figure.classList.toggle("lone", this.panes.length === 1 || this.root.dataset.layout === "narrow");
    pane.frame.style.height = `${height}px`;
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (pane.canvas.width !== w || pane.canvas.height !== h) Object.assign(pane.canvas, { width: w, height: h });
  }

  // -------------------------------------------------------------- composing: colors onto grey

  hasSwitch() {
    return this.slice?.panes.some(({ labels, picture, confidence }) => labels && picture && !confidence) ?? false;
  }

  hasLabels() {
    return this.slice?.panes.some(({ labels, confidence }) => labels && !confidence) ?? false;
  }

  /** Where confidence is shown, labels are only read out. */
  showsPicture({ labels, picture, confidence }) {
    return Boolean(picture && (this.choices.errors || !labels || confidence));
  }

  /** Color of each (label, grey) pair: window, opacity and hidden classes in one table. */
  colorTable({ tinted, dim = 1, light = 0 }) {
    const { low, high, opacity, hidden, outline } = this.choices;
    const row = (color, share) =>
      Uint32Array.from({ length: 256 }, (_, grey) => {
        const shown = clamp(((grey - low) * 255) / (high - low), 0, 255);
        const mixed = (c) => (shown + (c - shown) * share) * dim;
        return pixel(...color.map((c) => Math.round(mixed(c) + (255 - mixed(c)) * light)));
      });
    const clear = row([0, 0, 0], 0);
    const table = new Uint32Array(65536);
    for (let label = 0; label < 256; label += 1) table.set(clear, label << 8);
    for (const { value, color } of tinted && !outline ? this.header.classes : []) {
      if (!hidden?.has(value)) table.set(row(rgb(color), opacity), value << 8);
    }
    return table;
  }

  compose() {
    const { panes, highlight } = this.slice;
    const plain = this.colorTable({ tinted: false });
    const lit = highlight && valuesOf(highlight);
    const tinted = this.colorTable({ tinted: true, light: lit ? 0.65 : 0 });
    const dimmed = lit && this.colorTable({ tinted: true, dim: 0.3 });
    const greys = new Map(); // panes over the same grey share its canvas
    this.composed = panes.map((pane, index) => {
      const values = valuesOf(pane.grey);
      if (!greys.has(values)) greys.set(values, this.paint(`grey${greys.size}`, values, null, [plain]));
      const grey = greys.get(values);
      if (this.showsPicture(pane) || (!pane.labels && !lit)) return { grey, tinted: grey };
      const labels = pane.labels ? valuesOf(pane.labels) : null;
      return { grey, tinted: this.paint(`tinted${index}`, values, labels, [tinted, dimmed], lit) };
    });
  }

  paint(name, greys, labels, [table, dimmed], lit = null) {
    const { width, height } = this.slice;
    this.canvases ??= new Map();
    let kept = this.canvases.get(name);
    if (!kept || kept.canvas.width !== width || kept.canvas.height !== height) {
      const canvas = makeCanvas(width, height);
      kept = { canvas, image: new ImageData(width, height), context: canvas.getContext("2d") };
      this.canvases.set(name, kept);
    }
    const out = new Uint32Array(kept.image.data.buffer);
    for (let i = 0; i < out.length; i += 1) {
      const index = ((labels ? labels[i] : IGNORED) << 8) | greys[i];
      out[i] = lit && !lit[i] ? dimmed[index] : table[index];
    }
    kept.context.putImageData(kept.image, 0, 0);
    return kept.canvas;
  }

  // -------------------------------------------------------------- drawing: every frame

  requestDraw() {
    this.frame ??= requestAnimationFrame(() => this.draw());
  }

  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = null;
    if (!this.slice || this.closed) return;
    if (!this.composed) this.compose();
    const view = this.view();
    this.panes.forEach((pane, index) => {
      if (pane.isShown && this.slice.panes[index]) this.drawPane(pane, this.slice.panes[index], this.composed[index], view);
    });
    const { dataset } = this.root;
    dataset.view = [view.scale, view.x, view.y].map((value) => value.toFixed(4)).join(" ");
    dataset.z = this.slice.z;
    dataset.frames = Number(dataset.frames ?? 0) + 1;
    this.stage.classList.toggle("zoomed", !this.isFit());
  }

  drawPane({ canvas, context, handle, scale: bar }, pictures, { grey, tinted }, view) {
    const ratio = canvas.width / this.size.width;
    const zoom = view.scale * ratio;
    const round = zoom >= 1 ? Math.round : (value) => value;
    const left = round(canvas.width / 2 - view.x * zoom);
    const top = round(canvas.height / 2 - view.y * zoom);
    const isColored = pictures.labels || pictures.picture;
    const split = this.choices.swipe && isColored ? this.choices.split : 0;
    const draw = (image) => {
      context.setTransform(zoom, 0, 0, zoom, left, top);
      context.drawImage(image, 0, 0);
      context.setTransform(1, 0, 0, 1, 0, 0);
    };
    context.imageSmoothingEnabled = zoom < 1;
    context.imageSmoothingQuality = zoom < 0.5 ? "medium" : "low"; // beyond a half plain bilinear is as good
    context.fillStyle = SURROUND;
    context.fillRect(0, 0, canvas.width, canvas.height);
    draw(tinted);
    const place = [zoom, left, top];
    if (this.showsPicture(pictures)) this.drawPicture(context, pictures, place);
    else if (this.slice.highlight && zoom < 1) this.drawPicture(context, { picture: this.slice.highlight }, place);
    else if (this.choices.outline && pictures.labels) this.drawOutlines(context, valuesOf(pictures.labels), view);
    if (split) {
      context.save();
      context.beginPath();
      context.rect(0, 0, Math.round(split * canvas.width), canvas.height);
      context.clip();
      context.fillRect(0, 0, canvas.width, canvas.height);
      draw(grey);
      context.restore();
    }
    this.drawMarker(context, zoom, left, top, ratio);
    handle.hidden = !(this.choices.swipe && isColored);
    handle.style.left = `${this.choices.split * 100}%`;
    handle.setAttribute("aria-valuenow", Math.round(this.choices.split * 100));
    this.drawScaleBar(bar, view.scale);
  }

  drawPicture(context, { picture, confidence }, [zoom, left, top]) {
    const size = confidence ? 1 : clamp(Math.round(1 / zoom), 1, LARGEST_BLOCK);
    const image = confidence ? picture.bitmap : blocksOf(picture, size, this.header.hatched);
    context.setTransform(zoom * size, 0, 0, zoom * size, left, top);
    context.imageSmoothingEnabled = Boolean(confidence) && zoom < 1;
    context.drawImage(image, 0, 0);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.imageSmoothingEnabled = zoom < 1;
  }

  /** Borders one screen pixel wide at any zoom: sample the labels per screen pixel and compare. */
  drawOutlines(context, labels, view) {
    const [width, height] = [Math.ceil(this.size.width), Math.ceil(this.size.height)];
    const pens = new Uint32Array(256);
    for (const { value, color } of this.header.classes) {
      if (!this.choices.hidden?.has(value)) pens[value] = lineColor(rgb(color));
    }
    const sample = (n, middle, length) =>
      Int32Array.from({ length: n }, (_, i) => {
        const at = Math.floor(middle + (i + 0.5 - n / 2) / view.scale);
        return at >= 0 && at < length ? at : -1;
      });
    const columns = sample(width, view.x, this.slice.width);
    const rows = sample(height, view.y, this.slice.height);
    if (this.outlines?.width !== width || this.outlines?.height !== height) {
      this.outlines = new ImageData(width, height);
      this.outlineCanvas = makeCanvas(width, height);
    }
    traceBorders(new Uint32Array(this.outlines.data.buffer), labels, this.slice.width, columns, rows, pens);
    this.outlineCanvas.getContext("2d").putImageData(this.outlines, 0, 0);
    context.globalAlpha = Math.max(this.choices.opacity, 0.2);
    context.imageSmoothingEnabled = false;
    context.drawImage(this.outlineCanvas, 0, 0, context.canvas.width, context.canvas.height);
    context.globalAlpha = 1;
    context.imageSmoothingEnabled = view.scale < 1;
  }

  drawMarker(context, zoom, left, top, ratio) {
    const { marker } = this.choices;
    if (!marker) return;
    const x = Math.round(left + (marker[0] + 0.5) * zoom);
    const y = Math.round(top + (marker[1] + 0.5) * zoom);
    const { width, height } = context.canvas;
    for (const [color, line] of [["rgba(0,0,0,.5)", 3], ["rgba(255,255,255,.75)", 1]]) {
      context.fillStyle = color;
      const half = Math.floor((line * ratio) / 2);
      context.fillRect(x - half, 0, line * ratio, height);
      context.fillRect(0, y - half, width, line * ratio);
    }
  }

  drawScaleBar(bar, scale) {
    const { voxelSizeUm } = this.header;
    const unit = voxelSizeUm || 1; // micrometres, or pixels
    const longest = (clamp(this.size.width / 4, 56, 150) / scale) * unit;
    const length = niceLength(longest);
    bar.style.width = `${((length / unit) * scale).toFixed(1)}px`;
    bar.firstChild.textContent = lengthText(length, Boolean(voxelSizeUm));
  }

  // -------------------------------------------------------------- texts and states of the controls

  sliceText(z) {
    return `Slice ${z + 1} of ${this.header.nSlices}`;
  }

  showControls() {
    const { choices, header, buttons } = this;
    for (const name of ["swipe", "outline", "errors", "contrast", "help"]) {
      buttons[name].setAttribute("aria-pressed", String(Boolean(choices[name])));
    }
    const isColored = this.slice?.panes.some(({ labels, picture }) => labels || picture);
    this.contrastPanel.hidden = !choices.contrast;
    this.helpPanel.hidden = !choices.help;
    buttons.swipe.hidden = !isColored;
    buttons.outline.hidden = this.opacityField.hidden = this.legend.hidden = !this.hasLabels();
    buttons.errors.hidden = !this.hasSwitch();
    buttons.errors.title = `Only ${header.pictureName} (e)`;
    buttons.errors.setAttribute("aria-label", buttons.errors.title);
    this.exactField.hidden = header.exact == null;
    this.exact.checked = Boolean(choices.exact);
    buttons.full.hidden = !this.root.requestFullscreen;
    this.opacity.value = Math.round(choices.opacity * 100);
    this.low.value = choices.low;
    this.high.value = choices.high;
    for (const chip of this.legend.children) {
      chip.setAttribute("aria-pressed", String(!choices.hidden?.has(Number(chip.dataset.value))));
    }
    this.panes.forEach((pane, index) => pane.tab.setAttribute("aria-pressed", String(index === this.tab)));
    this.showSlice();
  }

  showSlice() {
    const { nSlices } = this.header;
    this.stepper.hidden = nSlices < 2 || this.header.stepper === false;
    this.slider.max = nSlices - 1;
    this.slider.value = this.z;
    this.slider.setAttribute("aria-valuetext", this.sliceText(this.z));
    this.count.textContent = this.sliceText(this.z);
    this.stage.setAttribute("aria-label", `${this.sliceText(this.z)}. Arrow keys change the slice, ? lists all keys.`);
    for (const pane of this.panes) {
      pane.canvas.setAttribute("aria-label", `${pane.title}, ${this.sliceText(this.slice?.z ?? this.z).toLowerCase()}`);
    }
  }

  /** Say what stands under the pointer, in the corner where the pointer is not. */
  read(place, screenY = 0) {
    const spot = this.pixelAt(place);
    this.readout.replaceChildren();
    this.readout.hidden = !spot;
    if (!spot) return;
    const { top, height } = this.stage.getBoundingClientRect();
    this.readout.classList.toggle("above", screenY > top + 0.6 * height);
    const index = spot.y * this.slice.width + spot.x;
    const add = (name, value) => this.readout.append(make("span", {}, name && make("i", {}, name), ` ${value}`));
    add("x", spot.x);
    add("y", spot.y);
    if (this.header.nSlices > 1) add("z", this.slice.z);
    const { grey } = this.slice.panes[0];
    add("grey", `${grey.isExact ? "" : "≈ "}${valuesOf(grey)[index]}`);
    const labelled = this.slice.panes.filter(({ labels }) => labels).length;
    this.slice.panes.forEach(({ labels, confidence }, i) => {
      if (labels) add(labelled > 1 ? this.panes[i].title : "", this.className(valuesOf(labels)[index]));
      if (confidence) add("confidence", `${valuesOf(confidence)[index]} %`);
    });
  }

  className(value) {
    const found = this.header.classes.find((material) => material.value === value);
    return found?.name ?? (value === IGNORED ? "not labelled" : `label ${value}`);
  }
}

/** Color the screen pixels whose label differs from the one to the left or above. */
function traceBorders(out, labels, stride, columns, rows, pens) {
  out.fill(0);
  const width = columns.length;
  for (let y = 1; y < rows.length; y += 1) {
    if (rows[y] < 0 || rows[y - 1] < 0) continue;
    const [here, above] = [rows[y] * stride, rows[y - 1] * stride];
    for (let x = 1; x < width; x += 1) {
      if (columns[x - 1] < 0 || columns[x] < 0) continue;
      const label = labels[here + columns[x]];
      const left = labels[here + columns[x - 1]];
      const upper = labels[above + columns[x]];
      if (label !== left) out[y * width + x] = pens[label] || pens[left];
      else if (label !== upper) out[y * width + x] = pens[label] || pens[upper];
    }
  }
}
