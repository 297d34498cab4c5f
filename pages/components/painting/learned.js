/** What is learned from the strokes, as the picture that is painted on, and what is said of it. */

import { Answers } from "./answers.js";

export class Learned {
  constructor(painting) {
    this.painting = painting;
    this.forget();
  }

  /** Something else is painted on. */
  forget() {
    this.answers = new Answers();
  }

  /** Labels of a part of a plane, in blocks of `step` pixels; without `values` there are none. */
  show(labels) {
    const { viewer, plane } = this.painting;
    const { slice } = viewer;
    if (!slice || labels.axis !== plane.axis) return; // a plane of another size, left since
    this.answers.take(labels, slice);
    if (labels.z !== slice.z) return;
    this.put();
    viewer.chooseHidden();
    viewer.change({});
    viewer.panes.forgetColors();
    this.painting.colorStrokes();
  }

  /** Make it the labels of the plane that is shown, or how sure it is the picture. */
  put() {
    const { viewer, plane, palette } = this.painting;
    if (!viewer.slice) return;
    this.answers.putInto(viewer.slice, plane, this.isDoubtSeen ? this.painting.paint.doubt : null);
    palette.explain(this.explanation);
  }

  /** What comes with labels: how many events the server has, and where painting helps most. */
  hear({ n, next }) {
    const { session, cross } = this.painting;
    if (Number.isInteger(n)) session.sync.hear(n);
    if (next !== undefined) cross.offer(next);
  }

  get isDoubtSeen() {
    return this.painting.under === "confidence";
  }

  /** What must be known to read the picture right; "" for nothing. */
  get explanation() {
    const { plane, paint, session, under } = this.painting;
    const words = [];
    if (this.isDoubtSeen && !this.answers.has(plane)) words.push("Nothing is learned here yet.");
    else if (this.isDoubtSeen) words.push(this.answers.hasDoubt(plane) ? paint.doubt.words : "Looking how sure it is …");
    const { nSlices } = session.strokes;
    const known = this.answers.known(plane) ?? nSlices;
    if (known < nSlices && (under === "labels" || this.isDoubtSeen)) {
      words.push(`Labels on ${known} of ${nSlices} slices: those that were opened or painted on.`);
    }
    return words.join(" ");
  }
}
