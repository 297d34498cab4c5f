/** Labels learned from the strokes, as they come: coarse blocks of a part first, then all of a plane. */

import { IGNORED, pixel } from "../viewer/colors.js";
import { makeCanvas } from "../viewer/pictures.js";

const MOST_PLANES = 16; // whose labels are kept to be shown at once when somebody returns

/**
 * Write blocks of values, each `step` pixels wide, into a part `box` [x0, y0, x1, y1] of all values. With
 * `isPartial` some are not known yet, and stay what they were.
 */
export function spread(out, width, { values, width: columns, box, step, isPartial = false }) {
  const [left, top, right, bottom] = box;
  for (let y = top; y < bottom; y += 1) {
    const row = Math.floor((y - top) / step) * columns;
    if (step === 1 && !isPartial) out.set(values.subarray(row, row + right - left), y * width + left);
    else for (let x = left; x < right; x += 1) {
      const value = values[row + Math.floor((x - left) / step)];
      if (!isPartial || value !== IGNORED) out[y * width + x] = value;
    }
  }
}

/** The color of each percent of confidence: clear where it is sure, none where nobody knows. */
export function doubtColors({ color, low }) {
  return Uint32Array.from({ length: 256 }, (_, percent) => {
    const share = percent > 100 ? 0 : Math.min(1, (1 - percent / 100) / (1 - low));
    return ((pixel(...color) & 0xffffff) | (Math.round(255 * share) << 24)) >>> 0;
  });
}

export class Answers {
  constructor() {
    this.planes = new Map(); // name -> labels and confidence of a plane, the latest last
  }

  has(plane) {
    return this.planes.has(nameOf(plane));
  }

  /** Whether it is known how sure the labels of a plane are. */
  hasDoubt(plane) {
    return Boolean(this.planes.get(nameOf(plane))?.doubt);
  }

  /** How many of the slices that a plane crosses have labels, if that was said; null for none. */
  known(plane) {
    return this.planes.get(nameOf(plane))?.known ?? null;
  }

  take({ axis, z, values, sure, isEmpty, known, ...part }, { width, height }) {
    const name = nameOf({ axis, at: z });
    const before = this.planes.get(name);
    this.planes.delete(name);
    if (isEmpty || !values) return;
    const nothing = () => new Uint8Array(width * height).fill(IGNORED);
    const labels = before?.labels ?? nothing();
    spread(labels, width, { values, ...part });
    let doubt = null; // older labels' is not theirs
    if (sure) spread((doubt = before?.doubt ?? nothing()), width, { values: sure, ...part });
    this.planes.set(name, { labels, doubt, known });
    for (const old of this.planes.keys()) if (this.planes.size > MOST_PLANES) this.planes.delete(old);
  }

  /** Make them the labels of a plane that is shown, in place of those that came with it. */
  putInto(slice, plane, doubt) {
    const found = this.planes.get(nameOf(plane));
    const { width, height } = slice;
    const of = (values) => ({ values, width, height, isExact: true });
    for (const pane of slice.panes) {
      pane.given ??= { labels: pane.labels };
      pane.labels = found ? of(found.labels) : pane.given.labels;
      const isDrawn = Boolean(doubt && found?.doubt);
      pane.confidence = isDrawn ? of(found.doubt) : null;
      pane.picture = isDrawn ? { bitmap: drawn(found.doubt, slice, doubtColors(doubt)) } : null;
    }
  }
}

const nameOf = ({ axis, at }) => `${axis} ${at}`;

function drawn(values, { width, height }, colors) {
  const canvas = makeCanvas(width, height);
  const image = new ImageData(width, height);
  const out = new Uint32Array(image.data.buffer);
  for (let i = 0; i < values.length; i += 1) out[i] = colors[values[i]];
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}
