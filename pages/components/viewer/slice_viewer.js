/**
 * The picture viewer in the browser: linked panes over one slice.
 *
 * Python sends pictures and settings as one block of bytes (see viewer.py). All that can be done to a
 * picture without other pixels happens here. This module holds what the visitor chose, and passes on:
 * from Python, buttons, keys and pointers to panes, tools and back to Python.
 */

import { clamp } from "../shared/clamp.js";
import { make } from "../shared/elements.js";
import { commonest } from "./colors.js";
import { actionFor, DONE } from "./keys.js";
import { Panes } from "./panes.js";
import { Decoder, hasSwitch, readMessage, valuesOf } from "./pictures.js";
import { Pointers } from "./pointers.js";
import { showWords, wordsOn } from "./readout.js";
import { Sample } from "./sample.js";
import { Talk } from "./talk.js";
import { Tools } from "./tools.js";
import { View } from "./view.js";

const NARROW = 560; // CSS pixels: below it one pane with tabs
const OPACITIES = [0, 0.35, 0.6, 1];
const UNTOUCHED = {
  view: null, hidden: null, outline: false, errors: false, low: 0, high: 255, split: 0.5, tab: 0,
};
const NO_COLORS = ["split", "marker", "clicked"]; // choices that leave the colors as they are

const remembered = new Map(); // key of a viewer -> the visitor's choices, kept while the page lives
const groups = new Map(); // name -> viewers that show the same place

export class SliceViewer {
  /** `guest` makes what else is done on the slice, for example painting, for this viewer. */
  constructor(root, guest = () => null) {
    this.root = root;
    this.slice = null; // the pictures shown
    this.decoder = new Decoder();
    this.talk = new Talk((step) => this.tell(step));
    this.pointers = new Pointers(this);
    this.sample = new Sample(this);
    this.readout = make("div", { class: "readout", hidden: true });
    this.live = make("div", { class: "unseen", "aria-live": "polite" });
    this.painting = guest(this);
    this.panes = new Panes(this);
    this.tools = new Tools(this);
    const { bar, contrastPanel, helpPanel, stepper } = this.tools;
    const { above = [], below = [stepper] } = this.painting?.place(stepper) ?? {};
    root.replaceChildren(bar, ...above, contrastPanel, helpPanel, this.panes.tabs, this.panes.stage, ...below, this.live);
    root.addEventListener("keydown", (event) => this.onKey(event));
    root.addEventListener("fullscreenchange", () => this.layout());
    this.observer = new ResizeObserver(() => this.layout());
    this.observer.observe(root);
    this.observer.observe(document.documentElement); // a lower window has less room
  }

  close() {
    this.isClosed = true;
    this.join(null);
    this.observer.disconnect();
    for (const part of [this.panes, this.talk, this.pointers, this.sample, this.painting]) part?.close();
  }

  // -------------------------------------------------------------- news from Python

  update(bytes, send) {
    const message = readMessage(bytes);
    const { header } = message;
    Object.assign(this, { header, send });
    this.join(header.group);
    this.adoptChoices();
    this.sample.adopt(header);
    this.painting?.adopt(header);
    if (this.talk.isNewSlice(header.answered)) this.z = header.z;
    this.panes.build(header.panes);
    this.tools.buildLegend(header.classes);
    this.showPictures(message);
  }

  /** The visitor's choices stay; a setting counts when Python changes it. */
  adoptChoices() {
    const { key, mode, opacity, marker, exact } = this.header;
    if (!remembered.has(key)) remembered.set(key, { ...UNTOUCHED });
    this.choices = remembered.get(key);
    const known = this.choices.given ?? {};
    if (known.mode !== mode) this.choices.swipe = mode === "swipe";
    if (known.opacity !== opacity) this.choices.opacity = opacity;
    if (marker && String(known.marker) !== String(marker) && this.talk.isNewMarker(marker, this.pointers.grabbed)) {
      this.choices.marker = marker;
    }
    if (known.exact !== exact) this.choices.exact = exact;
    this.choices.given = { mode, opacity, marker, exact };
  }

  async showPictures(message) {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    const before = this.slice;
    const slice = await this.decoder.slice(message);
    if (turn !== this.turn || this.isClosed) return;
    if (before && (before.width !== slice.width || before.height !== slice.height)) this.choices.view = null;
    this.slice = slice;
    this.painting?.showSlice(slice);
    this.chooseHidden();
    this.panes.forgetColors();
    this.layout();
    if (this.announced !== slice.z && this.announced != null) this.live.textContent = this.sliceText(slice.z);
    this.announced = slice.z;
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

  tell(step) {
    const { hidden, clicked, exact } = this.choices;
    const known = { z: this.z, step, hidden: [...(hidden ?? [])], clicked: clicked ?? null, exact: exact ?? null };
    this.send({ ...known, ...this.sample.said });
  }

  goTo(z) {
    const target = clamp(z, 0, this.header.nSlices - 1);
    if (target === this.z) return;
    this.z = target;
    this.showControls();
    this.talk.sayStep();
  }

  step(by) {
    this.goTo(this.z + by);
  }

  pick(pixel) {
    this.change({ clicked: pixel, marker: pixel });
    this.talk.sayPixel(pixel);
  }

  pressClass(value, index) {
    if (this.painting) this.painting.pressClass(index);
    else this.toggleClass(value);
  }

  toggleClass(value) {
    const hidden = new Set(this.choices.hidden);
    if (!hidden.delete(value)) hidden.add(value);
    this.change({ hidden });
    this.talk.say();
  }

  chooseExact(exact) {
    this.change({ exact });
    this.talk.say();
  }

  // -------------------------------------------------------------- choices that stay here

  /** Do what a button or a key asks for: [name of a method, what it needs]. */
  act([name, ...needs]) {
    this[name](...needs);
  }

  onKey(event) {
    const isField = Boolean(event.target.closest("input, [role=slider]"));
    const action = this.painting?.keys.actionFor(event, isField) ?? actionFor(event, isField, this.header.classes);
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    if (action !== DONE) this.act(action);
  }

  change(choices) {
    Object.assign(this.choices, choices);
    if (Object.keys(choices).some((name) => !NO_COLORS.includes(name))) this.panes.forgetColors();
    if ("tab" in choices) this.layout();
    this.showControls();
    this.panes.requestDraw();
  }

  toggle(name) {
    if (name === "errors" && !this.slice?.panes.some(hasSwitch)) return;
    this.change({ [name]: !this.choices[name] });
  }

  nextOpacity() {
    const next = OPACITIES.find((value) => value > this.choices.opacity + 0.01);
    this.change({ opacity: next ?? OPACITIES[0] });
  }

  /** Move one end of the window; black stays below white. */
  setWindow(name, value) {
    const { low, high } = this.choices;
    this.change(name === "low" ? { low: Math.min(value, high - 1) } : { high: Math.max(value, low + 1) });
  }

  get isFull() {
    return this.root.matches(":fullscreen, .filled");
  }

  /** The whole screen; the whole window where a browser gives its screen to films alone. */
  fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else if (this.root.requestFullscreen) this.root.requestFullscreen();
    else this.fillWindow(!this.isFull);
  }

  fillWindow(isFilled) {
    this.root.classList.toggle("filled", isFilled);
    this.layout();
  }

  // -------------------------------------------------------------- which part, how large

  get view() {
    return new View(this.panes.size, this.slice, this.choices.view);
  }

  fit() {
    this.goToPlace(null);
  }

  moveBy(right, down) {
    if (this.slice) this.goToPlace(this.view.movedBy(right, down).chosen);
  }

  /** Move on by an eighth of the pane. */
  goTowards(right, down) {
    const far = Math.min(this.panes.size.width, this.panes.size.height) / 8;
    this.moveBy(-right * far, -down * far);
  }

  zoomBy(factor, place) {
    if (this.slice) this.goToPlace(this.view.zoomedBy(factor, place).chosen);
  }

  goToPlace(chosen) {
    this.choices.view = chosen;
    this.panes.requestDraw();
    for (const other of groups.get(this.group) ?? []) if (other !== this && this.slice) other.follow(this);
  }

  /** Show the place another viewer shows, as much larger than at full view as there. */
  follow({ slice, view }) {
    if (this.slice?.width !== slice.width || this.slice.height !== slice.height) return;
    this.choices.view = view.chosen && view.resized(this.panes.size).chosen;
    this.panes.requestDraw();
  }

  join(group) {
    if (group === this.group) return;
    groups.get(this.group)?.delete(this);
    this.group = group;
    if (!group) return;
    if (!groups.has(group)) groups.set(group, new Set());
    groups.get(group).add(this);
  }

  // -------------------------------------------------------------- what is shown

  layout() {
    if (!this.slice || !this.root.clientWidth) return;
    const isNarrow = this.root.clientWidth < NARROW;
    this.root.dataset.layout = isNarrow ? "narrow" : "wide";
    this.tools.placeOpacity(isNarrow);
    this.painting?.layout(isNarrow);
    this.showControls();
    this.panes.layout(isNarrow); // in what the controls leave
    this.panes.draw();
  }

  showControls() {
    this.tools.show();
    this.tools.showSlice(this.z, this.sliceText(this.z));
    this.panes.nameSlice(this.sliceText(this.z), this.sliceText(this.slice?.z ?? this.z));
  }

  sliceText(z) {
    const { axis, nSlices } = this.header;
    return axis === "z" ? `Slice ${z + 1} of ${nSlices}` : `Plane ${axis === "y" ? "XZ" : "YZ"} at ${axis} ${z}`;
  }

  /** Say what stands at a place on the panes; `screenY` is where that is on the screen. */
  read(place, screenY = 0) {
    const spot = this.slice && place && this.view.pixelAt(place);
    const { top, height } = this.panes.stage.getBoundingClientRect();
    const words = spot && [...wordsOn(spot, this.slice, this.header), ...(this.painting?.wordsOn(spot) ?? [])];
    showWords(this.readout, words, screenY > top + 0.6 * height);
  }
}
