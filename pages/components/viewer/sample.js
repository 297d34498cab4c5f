/** The sample over the panes: its outline and, where it can be corrected, a circle or a box to be dragged. */

import { makeSvg } from "../shared/elements.js";
import { showWords } from "./readout.js";
import { dragged, gripsOf, MOVE, parseShape, pathOf, pathThrough, textOf, wordsOf } from "./shapes.js";
import { GIVE_UP_MS } from "./talk.js";

const now = () => performance.now();

export class Sample {
  constructor(viewer) {
    this.viewer = viewer;
    this.shape = null; // circle or box that can be dragged
    this.drag = null; // what is dragged: grip, point it was taken at, shape it was then
    this.onKey = (event) => this.cancelBy(event);
  }

  close() {
    removeEventListener("keydown", this.onKey, true);
  }

  /** The drawing over a pane. */
  overlay() {
    const lines = ["halo", "line", "grab"].map((name) => makeSvg("path", { class: name }));
    const group = makeSvg("g", {}, ...lines);
    const grips = makeSvg("g");
    const svg = makeSvg("svg", { class: "sample", "aria-hidden": "true" }, group, grips);
    this.listen(lines[2], svg, MOVE);
    return { svg, group, lines, grips };
  }

  listen(element, svg, grip) {
    element.onpointerdown = (event) => this.start(element, svg, grip, event);
    element.onpointermove = (event) => this.move(svg, event);
    element.onpointerup = () => this.end();
    element.onpointercancel = () => this.cancel();
  }

  // -------------------------------------------------------------- news from Python

  /** What Python says counts once it knows what was dragged last. */
  adopt({ shape, shaped }) {
    const isWaiting = this.serial != null && shaped !== this.serial && now() - this.saidAt < GIVE_UP_MS;
    if (!this.drag && !isWaiting) this.shape = parseShape(shape);
  }

  /** What Python is told: the shape dragged last, and which one it is. */
  get said() {
    return { shape: this.serial == null ? null : this.saidText, shaped: this.serial ?? null };
  }

  // -------------------------------------------------------------- dragging

  start(element, svg, grip, event) {
    if (event.button || this.drag) return;
    event.preventDefault();
    element.setPointerCapture(event.pointerId);
    this.drag = { grip, from: this.pointAt(svg, event), shape: this.shape };
    this.viewer.panes.stage.focus({ preventScroll: true });
    addEventListener("keydown", this.onKey, true); // before anything else that Escape may close
  }

  move(svg, event) {
    if (!this.drag) return;
    const { grip, from, shape } = this.drag;
    this.shape = dragged(shape, grip, from, this.pointAt(svg, event), this.viewer.slice);
    const { top, height } = svg.getBoundingClientRect();
    showWords(this.viewer.readout, wordsOf(this.shape), event.clientY > top + 0.6 * height);
    this.viewer.panes.requestDraw();
  }

  end() {
    if (!this.drag) return;
    const before = textOf(this.drag.shape);
    this.letGo();
    if (textOf(this.shape) === before) return;
    this.saidText = textOf(this.shape);
    this.serial = Math.max((this.serial ?? 0) + 1, Date.now()); // higher than any of a page since reloaded
    this.saidAt = now();
    this.viewer.talk.say();
  }

  cancelBy(event) {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    this.cancel();
  }

  cancel() {
    if (!this.drag) return;
    this.shape = this.drag.shape;
    this.letGo();
    this.adopt(this.viewer.header); // it may have changed meanwhile
    this.viewer.panes.requestDraw();
  }

  letGo() {
    this.drag = null;
    this.viewer.read(null);
    this.close();
  }

  /** Image point under a pointer. */
  pointAt(svg, event) {
    const box = svg.getBoundingClientRect();
    return this.viewer.view.toPoint({ x: event.clientX - box.left, y: event.clientY - box.top });
  }

  // -------------------------------------------------------------- drawing: every frame

  draw({ svg, group, lines, grips }, view, slice) {
    const path = this.shape ? pathOf(this.shape) : pathThrough(slice.outline ?? []);
    if (lines[0].getAttribute("d") !== path) for (const line of lines) line.setAttribute("d", path);
    lines[2].toggleAttribute("hidden", !this.shape);
    const corner = view.toPane({ x: 0, y: 0 });
    group.setAttribute("transform", `translate(${corner.x} ${corner.y}) scale(${view.scale})`);
    this.placeGrips(grips, svg, view);
  }

  placeGrips(grips, svg, view) {
    const places = this.shape ? gripsOf(this.shape) : [];
    const names = places.map(({ name }) => name).join();
    if (grips.dataset.names !== names) {
      grips.dataset.names = names;
      grips.replaceChildren(...places.map(({ name }) => this.grip(name, svg)));
    }
    places.forEach((place, index) => {
      const { x, y } = view.toPane(place);
      grips.children[index].setAttribute("transform", `translate(${x} ${y})`);
    });
  }

  grip(name, svg) {
    const cross = { d: "M-7 0H7M0 -7V7" };
    const look =
      name === MOVE
        ? [makeSvg("path", { class: "halo", ...cross }), makeSvg("path", { class: "line", ...cross })]
        : [makeSvg("circle", { class: "dot", r: 5 })];
    const reach = makeSvg("circle", { class: "reach" });
    const element = makeSvg("g", { class: "grip-of-sample", "data-grip": name }, reach, ...look);
    this.listen(element, svg, name);
    return element;
  }
}
