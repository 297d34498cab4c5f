/**
 * What is painted in a stack: events played in their order, taken back, played again. The same events
 * give the same values as in `sandseg/teach/painting/strokes.py`.
 *
 * Values lie in bands of rows, made where somebody paints: 0 is unpainted, 1 … the classes. Of each
 * event is kept which runs of pixels it changed and what they were, so that undo costs what the stroke
 * did.
 */

import { regionAt, segmentRows, valueRows } from "./raster.js";

const BAND = 16; // rows
const RUN = 4; // numbers of a run: row of the stack, first x, length, value before
export const NOT_CLOSED = "Nothing was filled: the outline around this place is not closed.";
export const FILLED_ALREADY = "Nothing was filled: this place has that class already.";

/** Runs of changed pixels, four numbers each. */
class Runs {
  constructor() {
    this.numbers = new Uint32Array(16 * RUN);
    this.length = 0;
  }

  add(row, x, length, before) {
    if (this.length + RUN > this.numbers.length) {
      const larger = new Uint32Array(2 * this.numbers.length);
      larger.set(this.numbers);
      this.numbers = larger;
    }
    this.numbers.set([row, x, length, before], this.length);
    this.length += RUN;
  }

  finish() {
    this.numbers = this.numbers.slice(0, this.length);
  }
}

export class Strokes {
  /** `changed` hears of each run of pixels that changes: z, y, first x, x after the last; nothing: all. */
  constructor([nSlices, height, width], changed = () => {}) {
    Object.assign(this, { nSlices, height, width, changed });
    this.bands = new Map();
    this.classes = null; // those of the user, once an event has said them
    this.done = this.undone = null; // chains of { entry, below }
    this.live = null; // the stroke that is being painted: its event, its runs
    this.files = new Map(); // name -> slices (by z) that an import brings
  }

  // -------------------------------------------------------------- events

  /**
   * Play an event; return what `takeBack` needs, or null where it does nothing. What is being painted
   * must have ended.
   */
  play(event) {
    const before = { done: this.done, undone: this.undone };
    if (event.do === "undo" || event.do === "redo") {
      const from = event.do === "undo" ? "done" : "undone";
      const to = event.do === "undo" ? "undone" : "done";
      if (!this[from]) return null;
      const { entry, below } = this[from];
      this.turn(entry, event.do === "redo");
      this[from] = below;
      this[to] = { entry, below: this[to] };
      return { ...before, entry, isBack: event.do === "undo" };
    }
    const entry = this.enter(event);
    if (!entry) return null;
    this.done = { entry, below: this.done };
    this.undone = null;
    return { ...before, entry, isBack: false };
  }

  /** Undo a `play` as if it had never been: the last first. */
  takeBack({ done, undone, entry, isBack }) {
    this.turn(entry, isBack);
    Object.assign(this, { done, undone });
  }

  enter(event) {
    if (event.do === "paint") {
      if (this.refusal(event)) return null;
      this.begin(event);
      return this.end();
    }
    if (event.do === "import") return { parts: this.paste(event) };
    if (event.do === "clear") {
      const entry = { bands: new Map() };
      this.turn(entry, true);
      return entry;
    }
    if (event.do === "classes") {
      const entry = { classes: event.classes };
      this.turn(entry, true);
      return entry;
    }
    return event.do === "accept" ? { parts: [] } : null; // it paints nothing, and is undone as all is
  }

  /** Do what an entry did, or undo it. */
  turn(entry, isForth) {
    if (entry.bands) {
      [this.bands, entry.bands] = [entry.bands, this.bands];
      this.changed();
    } else if (entry.parts) {
      for (const part of entry.parts) this.turn(part, isForth);
    } else if ("classes" in entry) {
      [this.classes, entry.classes] = [entry.classes, this.classes];
      this.changed();
    } else {
      const { numbers } = entry.runs;
      for (let i = 0; i < numbers.length; i += RUN) {
        const [row, x, length, before] = numbers.subarray(i, i + RUN);
        this.write(row, x, length, isForth ? entry.value : before);
      }
    }
  }

  /** Paint what a file brings, each class in each slice as a part. */
  paste({ file }) {
    const parts = [];
    for (const [at, values] of this.files.get(file) ?? []) {
      for (const value of new Set(values)) {
        if (!value) continue;
        this.live = { event: { axis: "z", at, value }, runs: new Runs() };
        valueRows(values, value, this, (...row) => this.paintRow(...row));
        parts.push(this.end());
      }
    }
    return parts;
  }

  /** Why a fill does nothing; "" if it does. */
  refusal(event) {
    if (event.tool !== "fill") return "";
    const values = this.plane(event.axis, event.at);
    const size = this.planeSize(event.axis);
    const [x, y] = event.points[0];
    const value = values[y * size.width + x];
    if (value === event.value) return FILLED_ALREADY;
    return value === 0 && regionAt([x, y], values, size).isOpen ? NOT_CLOSED : "";
  }

  // -------------------------------------------------------------- a stroke while it is painted

  begin(event) {
    this.live = { event, runs: new Runs() };
    if (event.tool === "fill") {
      const size = this.planeSize(event.axis);
      const { mask } = regionAt(event.points[0], this.plane(event.axis, event.at), size);
      valueRows(mask, 1, size, (...row) => this.paintRow(...row));
    } else {
      event.points.forEach((point, i) => this.paintSegment(event.points[Math.max(0, i - 1)], point));
    }
  }

  extend(point) {
    const { points } = this.live.event;
    points.push(point);
    this.paintSegment(points[points.length - 2], point);
  }

  /** The finished stroke, as an entry; it is painted already. */
  end() {
    const { event, runs } = this.live;
    this.live = null;
    runs.finish();
    return { runs, value: event.value };
  }

  cancel() {
    this.turn(this.end(), false);
  }

  /** Enter what was painted live; return what `takeBack` needs. */
  keep() {
    const before = { done: this.done, undone: this.undone };
    const entry = this.end();
    this.done = { entry, below: this.done };
    this.undone = null;
    return { ...before, entry, isBack: false };
  }

  paintSegment(from, to) {
    const { size, axis } = this.live.event;
    segmentRows(from, to, size, this.planeSize(axis), (...row) => this.paintRow(...row));
  }

  /** Paint a row of a plane: along x of a slice, along x of one of its rows, or down a column of it. */
  paintRow(row, first, last) {
    const { axis, at } = this.live.event;
    if (axis === "z") this.paintRun(at, row, first, last);
    else if (axis === "y") this.paintRun(row, at, first, last);
    else for (let y = first; y < last; y += 1) this.paintRun(row, y, at, at + 1);
  }

  paintRun(z, y, first, last) {
    const { event, runs } = this.live;
    const stackRow = z * this.height + y;
    const { values, start } = this.rowOf(stackRow);
    if (!values && !event.value) return;
    for (let x = first; x < last; ) {
      const before = values ? values[start + x] : 0;
      const from = x;
      while (x < last && (values ? values[start + x] : 0) === before) x += 1;
      if (before !== event.value) runs.add(stackRow, from, x - from, before);
    }
    this.write(stackRow, first, last - first, event.value);
  }

  // -------------------------------------------------------------- values

  /** Where a row of the stack lies; `values` is undefined where its band was never painted. */
  rowOf(stackRow) {
    const z = Math.floor(stackRow / this.height);
    const y = stackRow % this.height;
    const name = z * Math.ceil(this.height / BAND) + Math.floor(y / BAND);
    return { z, y, name, values: this.bands.get(name), start: (y % BAND) * this.width };
  }

  write(stackRow, x, length, value) {
    const { z, y, name, values, start } = this.rowOf(stackRow);
    const band = values ?? new Uint8Array(BAND * this.width);
    if (!values) this.bands.set(name, band);
    band.fill(value, start + x, start + x + length);
    this.changed(z, y, x, x + length);
  }

  planeSize(axis) {
    if (axis === "z") return { width: this.width, height: this.height };
    return { width: axis === "y" ? this.width : this.height, height: this.nSlices };
  }

  /** Values of a plane, (height × width); axis z: slice `at`, y: XZ, x: YZ. */
  plane(axis, at) {
    const { width, height } = this.planeSize(axis);
    const out = new Uint8Array(width * height);
    for (let row = 0; row < height; row += 1) this.copyRow(out, axis, at, row, 0, width);
    return out;
  }

  /** Copy pixels [first, last) of a row of a plane to where they belong in an array of the plane's size. */
  copyRow(out, axis, at, row, first, last) {
    const { width } = this.planeSize(axis);
    if (axis === "x") {
      for (let y = first; y < last; y += 1) {
        const { values, start } = this.rowOf(row * this.height + y);
        out[row * width + y] = values ? values[start + at] : 0;
      }
      return;
    }
    const { values, start } = this.rowOf(axis === "z" ? at * this.height + row : row * this.height + at);
    if (values) out.set(values.subarray(start + first, start + last), row * width + first);
    else out.fill(0, row * width + first, row * width + last);
  }

  valueAt(axis, at, [x, y]) {
    const [stackRow, column] =
      axis === "z" ? [at * this.height + y, x] : axis === "y" ? [y * this.height + at, x] : [y * this.height + x, at];
    const { values, start } = this.rowOf(stackRow);
    return values ? values[start + column] : 0;
  }

  get canUndo() {
    return Boolean(this.done);
  }

  get canRedo() {
    return Boolean(this.undone);
  }
}
