/** Mouse, pen and fingers that paint: one paints, a second finger makes both zoom and move. */

const SECOND_FINGER_MS = 150; // as long after the first, a second finger means that nobody wanted to paint
const PEN_END = 5; // the button that is the other end of a pen

export class Gestures {
  constructor(painting) {
    this.painting = painting;
    this.id = null; // of the pointer that paints
    this.hasPen = false; // then no finger paints: it may be the palm
  }

  /** Each of these returns whether the pointer paints; else it moves the picture. */
  onDown(event, place, nDown) {
    const isPen = event.pointerType === "pen";
    this.hasPen ||= isPen;
    const isPalm = this.hasPen && event.pointerType === "touch";
    if (this.id != null) return isPalm || this.onSecond();
    if (isPalm || (nDown > 1 && !isPen)) return false;
    const isEraser = isPen && event.button === PEN_END;
    const pixel = this.painting.isPen && (event.button === 0 || isEraser) ? this.painting.pixelAt(place) : null;
    if (!pixel) return false;
    this.id = event.pointerId;
    this.startedAt = performance.now();
    this.painting.brush.moveTo(pixel);
    this.painting.viewer.read(null); // nothing lies over what is painted
    this.painting.pen.start(pixel, isEraser);
    return true;
  }

  /** Another finger came: soon after the first, nobody wanted to paint. */
  onSecond() {
    const { pen, brush } = this.painting;
    this.id = null;
    if (performance.now() - this.startedAt <= SECOND_FINGER_MS) pen.cancel();
    else pen.finish();
    brush.moveTo(null);
    return false;
  }

  onMove(event, placeOf) {
    const { pen, brush } = this.painting;
    if (this.id == null) {
      if (!event.buttons) brush.moveTo(this.painting.pixelAt(placeOf(event)));
      return false;
    }
    if (event.pointerId !== this.id) return true;
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
