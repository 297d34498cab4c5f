/** Mouse, pen and fingers that paint: one paints, a second finger makes both zoom and move. */

const SECOND_FINGER_MS = 150; // as long after the first, a second finger means that nobody wanted to paint

export class Gestures {
  constructor(painting) {
    this.painting = painting;
    this.id = null; // of the pointer that paints
  }

  /** Each of these returns whether the pointer paints; else it moves the picture. */
  onDown(event, place, nDown) {
    const { pen, brush } = this.painting;
    if (this.id != null) {
      this.id = null;
      if (performance.now() - this.startedAt <= SECOND_FINGER_MS) pen.cancel();
      else pen.finish();
      brush.moveTo(null);
      return false;
    }
    if (nDown > 1 || event.button || !this.painting.isPen) return false;
    const pixel = this.painting.pixelAt(place);
    if (!pixel) return false;
    this.id = event.pointerId;
    this.startedAt = performance.now();
    brush.moveTo(pixel);
    this.painting.viewer.read(null); // nothing lies over what is painted
    pen.start(pixel);
    return true;
  }

  onMove(event, placeOf) {
    const { pen, brush } = this.painting;
    if (event.pointerId !== this.id) {
      if (!event.buttons) brush.moveTo(this.painting.pixelAt(placeOf(event)));
      return false;
    }
    const moves = event.getCoalescedEvents?.() ?? [];
    for (const move of moves.length ? moves : [event]) pen.moveTo(this.painting.nearest(placeOf(move)));
    brush.moveTo(this.painting.nearest(placeOf(event)));
    return true;
  }

  onUp(event) {
    if (event.pointerId !== this.id) return;
    this.id = null;
    this.painting.pen.finish();
    if (event.pointerType === "touch") this.painting.brush.moveTo(null);
  }

  onLeave() {
    const { brush } = this.painting;
    if (this.id == null && !brush.isCursor) brush.moveTo(null);
  }
}
