/** Labels learned from the strokes, as they come: coarse blocks of a part first, then all of a slice. */

import { IGNORED } from "../viewer/colors.js";

const MOST_SLICES = 16; // whose labels are kept to be shown at once when somebody returns

/** Write blocks of labels, each `step` pixels wide, into a part `box` [x0, y0, x1, y1] of all labels. */
export function spread(out, width, { values, width: columns, box, step }) {
  const [left, top, right, bottom] = box;
  for (let y = top; y < bottom; y += 1) {
    const row = Math.floor((y - top) / step) * columns;
    if (step === 1) out.set(values.subarray(row, row + right - left), y * width + left);
    else for (let x = left; x < right; x += 1) out[y * width + x] = values[row + Math.floor((x - left) / step)];
  }
}

export class Answers {
  constructor() {
    this.labels = new Map(); // z -> all labels of a slice, the latest last
  }

  has(z) {
    return this.labels.has(z);
  }

  take({ z, values, isEmpty, ...part }, { width, height }) {
    const labels = this.labels.get(z) ?? new Uint8Array(width * height).fill(IGNORED);
    this.labels.delete(z);
    if (isEmpty || !values) return;
    spread(labels, width, { values, ...part });
    this.labels.set(z, labels);
    for (const old of this.labels.keys()) if (this.labels.size > MOST_SLICES) this.labels.delete(old);
  }

  /** Make them the labels of a slice that is shown, in place of those that came with it. */
  putInto(slice) {
    const values = this.labels.get(slice.z);
    const { width, height } = slice;
    for (const pane of slice.panes) {
      pane.given ??= { labels: pane.labels };
      pane.labels = values ? { values, width, height, isExact: true } : pane.given.labels;
    }
  }
}
