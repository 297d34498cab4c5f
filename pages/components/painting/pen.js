/** One stroke from its first pixel to its last, whoever moves it: pointer or keys. */

import { pointsTo } from "./strokes/raster.js";

const MOST_POINTS = 15_000; // of a stroke; a longer one goes on as another

export class Pen {
  constructor(painting) {
    this.painting = painting;
    this.isDown = false;
  }

  get session() {
    return this.painting.session;
  }

  /** Put the pen down; a fill waits until it is lifted. */
  start(point, isErasing = false) {
    this.finish();
    this.isDown = true;
    const isEraser = isErasing || this.session.tool === "eraser";
    this.event = this.session.stroke(this.painting.plane, point, isEraser);
    if (this.event.tool !== "fill") this.session.strokes.begin(this.event);
    this.painting.touched();
  }

  moveTo(point) {
    const { event, session } = this;
    const from = event.points[event.points.length - 1];
    if (from[0] === point[0] && from[1] === point[1]) return;
    if (event.tool === "fill") event.points = [point];
    else if (event.tool === "line") this.stretchTo(point);
    else for (const next of pointsTo(from, point)) session.strokes.extend(next);
    if (event.points.length > MOST_POINTS) this.start(point, event.value === 0);
    this.painting.touched();
  }

  /** Draw a line anew, from where it began. */
  stretchTo(point) {
    const { event, session } = this;
    const [start] = event.points;
    session.strokes.cancel();
    event.points = [start, ...pointsTo(start, point)];
    session.strokes.begin(event);
  }

  /** Lift the pen: the stroke counts. */
  finish() {
    if (!this.isDown) return;
    this.isDown = false;
    const { event, session } = this;
    if (event.tool === "fill") this.fill(event);
    else if (session.keep()) this.painting.strokeEnded(event);
    this.painting.touched();
  }

  fill(event) {
    const refusal = this.session.strokes.refusal(event);
    if (refusal) this.painting.notice(refusal);
    else if (this.session.add(event)) this.painting.strokeEnded(event);
  }

  /** Lift the pen as if it had never been down. */
  cancel() {
    if (!this.isDown) return;
    this.isDown = false;
    if (this.event.tool !== "fill") this.session.strokes.cancel();
    this.painting.touched();
  }
}
