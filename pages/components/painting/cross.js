/** A cross on the picture, in place of a pointer: moved by keys, or put where painting helps most. */

import { clamp } from "../shared/clamp.js";

// Which of a place's coordinates are the columns, the rows and the number of a plane along an axis
const SEEN_AS = { z: ["x", "y", "z"], y: ["x", "z", "y"], x: ["y", "z", "x"] };
const SAY_MS = 350; // after the last step
const CLOSE_UP = 3; // how much larger than the whole slice a place is shown that is gone to
const MARGIN = 1 / 16; // of the pane, which the cross does not enter

export class Cross {
  constructor(painting) {
    this.painting = painting;
    this.next = null; // where painting helps most, { z, y, x }
    this.goal = null; // a place that is gone to, while its slice is fetched
  }

  close() {
    clearTimeout(this.timer);
  }

  // -------------------------------------------------------------- by keys

  moveCross(right, down) {
    const { viewer, brush, pen } = this.painting;
    const { slice, view } = viewer;
    if (!slice) return;
    const [x, y] = brush.pixel ?? [Math.floor(view.x), Math.floor(view.y)];
    const pixel = [clamp(x + right, 0, slice.width - 1), clamp(y + down, 0, slice.height - 1)];
    brush.moveTo(pixel, true);
    if (pen.isDown) pen.moveTo(pixel);
    this.keepInSight(pixel);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.say(pixel), SAY_MS);
  }

  keepInSight([x, y]) {
    const { viewer } = this.painting;
    const { width, height } = viewer.panes.size;
    const place = viewer.view.toPane({ x: x + 0.5, y: y + 0.5 });
    const beyond = (at, length) => Math.min(0, at - length * MARGIN) + Math.max(0, at - length * (1 - MARGIN));
    const [right, down] = [beyond(place.x, width), beyond(place.y, height)];
    if (right || down) viewer.moveBy(-right, -down);
    viewer.read(viewer.view.toPane({ x: x + 0.5, y: y + 0.5 }));
  }

  say([x, y]) {
    const { session, plane } = this.painting;
    const value = session.strokes.valueAt(plane.axis, plane.at, [x, y]);
    const [across, down] = SEEN_AS[plane.axis];
    this.painting.announce(`${across} ${x}, ${down} ${y}, ${value ? this.painting.className(value) : "not painted"}`);
  }

  /** Put the brush down at the cross, or lift it; without a cross show it first. */
  press() {
    const { viewer, brush, pen, session, isPen } = this.painting;
    if (!viewer.slice || !isPen) return;
    if (!brush.isCursor) {
      this.moveCross(0, 0);
      return;
    }
    if (pen.isDown) pen.finish();
    else pen.start(brush.pixel);
    if (session.tool === "fill") {
      pen.finish();
      return;
    }
    const what = session.tool === "eraser" ? "eraser" : this.painting.className(session.value);
    this.painting.announce(pen.isDown ? `Brush down, ${what}` : "Brush up");
  }

  // -------------------------------------------------------------- to a place

  /** Offer a place, { z, y, x }; null where nobody knows one. */
  offer(next) {
    this.next = next;
    this.painting.palette.next.hidden = !next;
  }

  goNext() {
    if (this.next) this.goTo(this.next);
    return Boolean(this.next);
  }

  /** Show a place closer up, on its slice, or on the plane through it that is along the same axis. */
  goTo(place) {
    const { viewer, pen, plane } = this.painting;
    pen.finish();
    const [x, y, at] = SEEN_AS[plane.axis].map((name) => place[name]);
    this.goal = { x, y, at };
    viewer.goTo(at);
    if (viewer.slice) this.arrive(viewer.slice.z);
  }

  /** A slice is shown: if it is the one that was asked for, show the place. */
  arrive(z) {
    if (this.goal?.at !== z) return;
    const { viewer, brush } = this.painting;
    const { x, y } = this.goal;
    const { fitScale, scale } = viewer.view;
    this.goal = null;
    viewer.goToPlace({ scale: Math.max(scale, fitScale * CLOSE_UP), x: x + 0.5, y: y + 0.5 });
    brush.moveTo([x, y], true);
    viewer.panes.stage.focus({ preventScroll: true });
    const [across, down] = SEEN_AS[this.painting.plane.axis];
    this.painting.announce(`${viewer.sliceText(z)}, ${across} ${x}, ${down} ${y}: paint here next`);
  }
}
