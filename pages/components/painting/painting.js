/**
 * Painting on the viewer: its parts put together, and what it says to others.
 *
 * Python sends `paint` in the header of the viewer (see viewer/shown.py). Strokes are events: made by a
 * pen, kept by the session, drawn by a layer. What is learned from them comes back through `learned`.
 */

import { clamp } from "../shared/clamp.js";
import { make } from "../shared/elements.js";
import { Brush } from "./brush.js";
import { Cross } from "./cross.js";
import { Gestures } from "./gestures.js";
import { HELP, Keys } from "./keys.js";
import { Layer } from "./layer.js";
import { Learned } from "./learned.js";
import { Palette, UNDERS } from "./palette.js";
import { Pen } from "./pen.js";
import { sessionOf } from "./strokes/session.js";

const ROW_HEIGHT = 40; // CSS pixels of a row of tools, with the gap below

const textOf = (classes) => JSON.stringify(classes.map(({ name, color }) => [name, color]));

export class Painting {
  /**
   * `onStrokeEnd` hears of each finished stroke, `onView` of the part seen: { axis, z, box [x0, y0, x1,
   * y1], sure, address }, `onClose` of the end.
   */
  constructor(viewer, { onStrokeEnd = () => {}, onView = () => {}, onClose = () => {} } = {}) {
    Object.assign(this, { viewer, onStrokeEnd, onView, onClose });
    this.session = null;
    this.isHeld = false; // Space makes the hand of any tool
    this.pen = new Pen(this);
    this.brush = new Brush(this);
    this.cross = new Cross(this);
    this.gestures = new Gestures(this);
    this.keys = new Keys(this);
    this.palette = new Palette(this);
    this.learned = new Learned(this);
    this.help = HELP;
    this.hint = "Arrow keys move the cross, Space paints";
    this.chipTitle = "Paint with it; pressed again: color or clear its labels";
    viewer.root.classList.add("painting");
  }

  close() {
    this.pen.finish();
    this.session?.leave(this);
    for (const part of [this.cross, this.keys, this.palette]) part.close();
    this.onClose();
  }

  // -------------------------------------------------------------- as a part of the viewer

  place(stepper) {
    this.upper = make("div", { class: "slot" });
    this.lower = make("div", { class: "slot" });
    const foot = make("div", { class: "foot" }, stepper, this.palette.end);
    return { above: [this.upper], below: [this.palette.words, this.lower, foot] };
  }

  /** Tools stand above the picture; where there is little room, below it, at the thumb. */
  layout(isNarrow) {
    const place = isNarrow ? this.lower : this.upper;
    if (this.palette.bar.parentNode !== place) place.append(this.palette.bar);
  }

  /** Height of the rows of tools beyond the one that every viewer has, CSS pixels. */
  get moreHeight() {
    const bars = [this.viewer.tools.bar, this.palette.bar].map((bar) => bar.offsetHeight);
    return Math.max(0, bars[0] + bars[1] - ROW_HEIGHT) + ROW_HEIGHT / 2;
  }

  overlay() {
    return this.brush.overlay();
  }

  adopt({ paint, classes }) {
    const session = sessionOf(paint);
    if (session !== this.session) {
      this.session?.leave(this);
      this.session = session;
      this.learned.forget();
      this.cross.offer(null);
      this.layer = new Layer(session.strokes);
      this.viewer.panes.painter.guest = this;
    }
    this.paint = paint;
    if (session.value > classes.length) session.take({ value: 1 });
    session.join(this, paint.address);
    this.colorStrokes();
    this.showTools();
    this.showStatus(session.status);
  }

  showSlice(slice) {
    const plane = { axis: this.viewer.header.axis, at: slice.z };
    if (plane.axis !== this.plane?.axis || plane.at !== this.plane.at) this.pen.finish();
    this.plane = plane;
    this.layer.see(this.plane.axis, this.plane.at);
    this.learned.put();
    this.cross.arrive(slice.z);
  }

  get under() {
    return this.viewer.choices?.under ?? "labels";
  }

  /** Whether a pointer paints. */
  get isPen() {
    return Boolean(this.session && !this.isHeld && this.session.tool !== "hand");
  }

  get colors() {
    const classes = this.session.strokes.classes ?? this.viewer.header.classes;
    return classes.map(({ color }) => color);
  }

  /** Classes can change by an event, before Python says so. */
  adoptClasses() {
    const { header, tools, panes } = this.viewer;
    const { classes } = this.session.strokes;
    if (!classes || textOf(classes) === textOf(header.classes)) return;
    header.classes = classes.map((one, i) => ({ description: "", ...one, value: header.classes[i]?.value ?? i }));
    tools.buildLegend(header.classes);
    panes.forgetColors();
    panes.requestDraw();
  }

  colorStrokes() {
    this.layer.paintIn(this.colors, this.under === "labels" && Boolean(this.plane && this.learned.answers.has(this.plane)));
  }

  draw(context, place) {
    this.colorStrokes();
    this.layer.draw(context, place, this.under === "alone");
  }

  /** The panes were drawn: say which part is seen. */
  drawn(view) {
    this.brush.draw();
    const { width, height } = view.slice;
    const start = view.toPoint({ x: 0, y: 0 });
    const end = view.toPoint({ x: view.size.width, y: view.size.height });
    const box = [
      clamp(Math.floor(start.x), 0, width - 1),
      clamp(Math.floor(start.y), 0, height - 1),
      clamp(Math.ceil(end.x), 1, width),
      clamp(Math.ceil(end.y), 1, height),
    ];
    const { axis, at: z } = this.plane;
    this.onView({ axis, z, box, sure: this.under === "confidence", address: this.paint.address });
  }

  wordsOn({ x, y }) {
    const value = this.session.strokes.valueAt(this.plane.axis, this.plane.at, [x, y]);
    return value ? [["painted", this.className(value)]] : [];
  }

  className(value) {
    const classes = this.session.strokes.classes ?? this.viewer.header.classes;
    return classes[value - 1]?.name ?? `class ${value}`;
  }

  pixelAt(place) {
    const spot = this.viewer.slice && this.viewer.view.pixelAt(place);
    return spot && [spot.x, spot.y];
  }

  nearest(place) {
    const { x, y } = this.viewer.view.nearestPixel(place);
    return [x, y];
  }

  // -------------------------------------------------------------- news

  /** Pixels have changed; from the session. */
  changed(...run) {
    if (this.layer.touch(...run)) this.viewer.panes.requestDraw();
  }

  /** Events of others have come. */
  arrived() {
    this.adoptClasses();
    this.showTools();
    this.viewer.panes.requestDraw();
  }

  touched() {
    this.palette.show();
    this.viewer.panes.requestDraw();
  }

  strokeEnded(event) {
    this.onStrokeEnd(event);
  }

  showStatus(status) {
    this.palette.showStatus(this.session.log.n || status.isLost ? status : { ...status, text: "" });
  }

  notice(text) {
    this.palette.notice(text);
    this.announce(text);
  }

  /** Say to who does not see; the same words twice are said twice. */
  announce(text) {
    const { live } = this.viewer;
    live.textContent = live.textContent === text ? `${text}\u00a0` : text;
  }

  showTools() {
    this.palette.show();
    if (this.viewer.slice) this.viewer.tools.show();
    this.brush.draw();
    this.viewer.root.dataset.tool = this.isPen ? this.session.tool : "hand";
  }

  // -------------------------------------------------------------- what keys and buttons ask for

  choose(tool) {
    this.pen.finish();
    this.session.choose(tool);
    this.announce(tool === "hand" ? "Hand" : `${tool[0].toUpperCase()}${tool.slice(1)}`);
  }

  resizeBy(steps) {
    this.session.resizeBy(steps);
    this.announce(`${this.session.size} pixels`);
  }

  isChosen(index) {
    return Boolean(this.session) && this.session.value === index + 1 && this.session.tool !== "eraser";
  }

  chooseClass(index) {
    const { classes } = this.viewer.header;
    if (!classes[index]) return false;
    this.session.chooseClass(index + 1, classes.length);
    this.announce(this.className(index + 1));
    return true;
  }

  pressClass(index) {
    if (this.isChosen(index)) this.toggleClass(index);
    else this.chooseClass(index);
  }

  toggleClass(index) {
    const found = this.viewer.header.classes[index];
    if (found) this.viewer.toggleClass(found.value);
    return Boolean(found);
  }

  undo() {
    this.turn("undo", "Undone", "There is nothing to undo.");
  }

  redo() {
    this.turn("redo", "Done again", "There is nothing to redo.");
  }

  turn(what, done, nothing) {
    this.pen.finish();
    const isDone = this.session.add({ do: what });
    this.adoptClasses();
    if (isDone) this.strokeEnded({ do: what });
    this.announce(isDone ? done : nothing);
    this.touched();
  }

  see(under) {
    this.viewer.choices.under = under;
    this.learned.put();
    this.viewer.change({ under });
    this.palette.show();
    this.announce(UNDERS.find(([name]) => name === under)[2].replace(" (v)", ""));
  }

  nextUnder() {
    const names = UNDERS.map(([name]) => name).filter((name) => name !== "confidence" || this.paint.doubt);
    this.see(names[(names.indexOf(this.under) + 1) % names.length]);
  }

  escape() {
    if (this.pen.isDown) {
      this.pen.cancel();
      this.announce("Stroke given up");
    } else if (this.brush.isCursor) this.brush.moveTo(null);
    else return false;
    return true;
  }

  /** While Space is held the picture is moved, whatever the tool. */
  hold(isHeld) {
    this.isHeld = isHeld;
    this.heldAt = this.viewer.choices.view;
    this.showTools();
  }

  get hasMoved() {
    return this.heldAt !== this.viewer.choices.view;
  }
}
