/** Mouse, fingers and wheel: they move the picture, the cross-hair and the divider, and choose pixels. */

import { clamp } from "../shared/clamp.js";

const REACH = { mouse: 6, touch: 16 }; // CSS pixels from a line of the cross-hair to take hold of it
const STILL = 4; // CSS pixels a press may move and be a tap
const LONGEST_TAP_MS = 500;
const TAP_MS = 260; // for a second tap, which makes it a double-click

/** Which lines of a cross-hair stand at a place on a pane, [the upright, the level one]; null: neither. */
export function linesAt(place, marker, view, pointerType = "mouse") {
  const at = view.toPane({ x: marker[0] + 0.5, y: marker[1] + 0.5 });
  const reach = REACH[pointerType] ?? REACH.mouse;
  const lines = [Math.abs(at.x - place.x) <= reach, Math.abs(at.y - place.y) <= reach];
  return lines.some(Boolean) ? lines : null;
}

/** How much larger or smaller a turn of the wheel asks for; two fingers on a pad come as Ctrl + wheel. */
export function wheelFactor({ deltaY, deltaMode, ctrlKey }) {
  const pixels = deltaY * [1, 16, 400][deltaMode];
  return Math.exp(-clamp(pixels, -240, 240) * (ctrlKey ? 0.01 : 0.002));
}

const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

export class Pointers {
  constructor(viewer) {
    this.viewer = viewer;
    this.down = new Map(); // pointer -> its place, while it is pressed
    this.pressed = null; // place and time of what can still become a tap
    this.grabbed = null; // lines of the cross-hair taken hold of
  }

  close() {
    clearTimeout(this.tapTimer);
  }

  listen(pane) {
    const { canvas, frame, handle } = pane;
    canvas.onpointerdown = (event) => this.onDown(canvas, event);
    canvas.onpointermove = (event) => this.onMove(canvas, event);
    canvas.onpointerup = (event) => this.onUp(canvas, event);
    canvas.onpointercancel = (event) => this.onCancel(event);
    canvas.onpointerleave = () => this.onLeave();
    canvas.ondblclick = () => this.viewer.painting?.isPen || this.viewer.fit();
    frame.addEventListener("wheel", (event) => this.onWheel(canvas, event), { passive: false });
    handle.onpointerdown = (event) => handle.setPointerCapture(event.pointerId);
    handle.onpointermove = (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      this.moveDivider(placeOn(canvas, event).x / this.viewer.panes.size.width);
    };
    handle.onkeydown = ({ key, shiftKey }) => {
      const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[key] ?? 0;
      if (by) this.moveDivider(this.viewer.choices.split + by * (shiftKey ? 0.1 : 0.01));
    };
  }

  onDown(canvas, event) {
    canvas.setPointerCapture(event.pointerId);
    const place = placeOn(canvas, event);
    this.down.set(event.pointerId, place);
    this.viewer.panes.stage.focus({ preventScroll: true });
    this.pressed = this.grabbed = null;
    if (this.viewer.painting?.gestures.onDown(event, place, this.down.size)) return;
    this.pressed = this.down.size === 1 ? { ...place, at: performance.now() } : null;
    this.grabbed = this.pressed && this.linesAt(place, event.pointerType);
  }

  onMove(canvas, event) {
    const place = placeOn(canvas, event);
    const before = this.down.get(event.pointerId);
    if (this.viewer.painting?.gestures.onMove(event, (one) => placeOn(canvas, one))) {
      this.down.set(event.pointerId, place);
      return;
    }
    if (!before) {
      this.viewer.read(place, event.clientY);
      canvas.style.cursor = this.cursorAt(place);
      return;
    }
    if (this.pressed && distance(place, this.pressed) > STILL) this.pressed = null;
    const other = [...this.down].find(([id]) => id !== event.pointerId)?.[1];
    this.down.set(event.pointerId, place);
    if (other) this.pinch(before, place, other);
    else if (!this.grabbed) this.viewer.moveBy(place.x - before.x, place.y - before.y);
    else if (!this.pressed) this.moveLines(place);
  }

  pinch(before, place, other) {
    const spread = (point) => distance(point, other) || 1;
    const middle = { x: (place.x + other.x) / 2, y: (place.y + other.y) / 2 };
    this.viewer.zoomBy(spread(place) / spread(before), middle);
    this.viewer.moveBy((place.x - before.x) / 2, (place.y - before.y) / 2);
  }

  onCancel(event) {
    this.viewer.painting?.gestures.onUp(event);
    this.release(event);
  }

  onLeave() {
    this.viewer.read(null);
    this.viewer.painting?.gestures.onLeave();
  }

  onUp(canvas, event) {
    this.viewer.painting?.gestures.onUp(event);
    const isTap = this.pressed && performance.now() - this.pressed.at < LONGEST_TAP_MS;
    this.release(event);
    if (!isTap) return;
    const place = placeOn(canvas, event);
    this.viewer.read(place, event.clientY);
    clearTimeout(this.tapTimer);
    if (!this.viewer.header.pick || event.detail > 1) return;
    this.tapTimer = setTimeout(() => this.pickPixel(place), TAP_MS);
  }

  release(event) {
    this.down.delete(event.pointerId);
    this.pressed = this.grabbed = null;
  }

  /** At full view a wheel turned towards the reader scrolls the page as everywhere else. */
  onWheel(canvas, event) {
    if (!this.viewer.slice || (event.deltaY >= 0 && !event.ctrlKey && this.viewer.view.isFit)) return;
    event.preventDefault();
    this.viewer.zoomBy(wheelFactor(event), placeOn(canvas, event));
  }

  pickPixel(place) {
    const spot = this.viewer.view.pixelAt(place);
    if (spot) this.viewer.pick([spot.x, spot.y]);
  }

  linesAt(place, pointerType) {
    const { header, choices, slice, view } = this.viewer;
    if (!header.pick || !choices.marker || !slice) return null;
    return linesAt(place, choices.marker, view, pointerType);
  }

  cursorAt(place) {
    const [upright, level] = this.linesAt(place) ?? [];
    return upright && level ? "move" : upright ? "ew-resize" : level ? "ns-resize" : "";
  }

  /** Move the lines of the cross-hair that were taken hold of. */
  moveLines(place) {
    const { x, y } = this.viewer.view.nearestPixel(place);
    const { marker } = this.viewer.choices;
    this.viewer.pick([x, y].map((value, axis) => (this.grabbed[axis] ? value : marker[axis])));
  }

  moveDivider(split) {
    this.viewer.change({ split: clamp(split, 0, 1) });
  }
}

/** Place of an event on a pane, CSS pixels from its corner. */
function placeOn(canvas, event) {
  const box = canvas.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}
