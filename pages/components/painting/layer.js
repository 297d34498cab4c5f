/** Strokes of the plane that is shown, as a picture of its size; only what changes is colored anew. */

import { pixel } from "../viewer/colors.js";
import { makeCanvas } from "../viewer/pictures.js";

const PAPER = [0x7d, 0x79, 0x72]; // under strokes alone: dark, pale and yellow ones are seen on it
const OPACITY = 0.82; // over the rock, which is seen through

const rgb = (color) => [1, 3, 5].map((start) => parseInt(color.slice(start, start + 2), 16));
const mix = (color, other, share) => color.map((level, i) => Math.round(level + (other[i] - level) * share));

/** The color of each value, and that of the edge of what is painted with it: 0 is clear. */
export function strokeColors(colors) {
  const [inner, edge] = [new Uint32Array(256), new Uint32Array(256)];
  colors.forEach((text, i) => {
    const color = rgb(text);
    const isPale = 0.2126 * color[0] + 0.7152 * color[1] + 0.0722 * color[2] > 120;
    inner[i + 1] = pixel(...color);
    edge[i + 1] = pixel(...mix(color, isPale ? [0, 0, 0] : [255, 255, 255], 0.6));
  });
  return { inner, edge };
}

/** Color a box of values; where a neighbour has another value, as an edge. */
export function colorBox(out, values, width, [left, top, right, bottom], { inner, edge }) {
  const height = values.length / width;
  for (let y = top; y < bottom; y += 1) {
    for (let x = left; x < right; x += 1) {
      const i = y * width + x;
      const value = values[i];
      const isEdge =
        value &&
        ((x > 0 && values[i - 1] !== value) ||
          (x < width - 1 && values[i + 1] !== value) ||
          (y > 0 && values[i - width] !== value) ||
          (y < height - 1 && values[i + width] !== value));
      out[i] = isEdge ? edge[value] : inner[value];
    }
  }
}

export class Layer {
  constructor(strokes) {
    this.strokes = strokes;
    this.axis = "z";
    this.at = -1;
    this.colors = "";
  }

  /** Show a plane. */
  see(axis, at) {
    if (axis === this.axis && at === this.at) return;
    Object.assign(this, { axis, at });
    const { width, height } = this.strokes.planeSize(axis);
    if (this.canvas?.width !== width || this.canvas.height !== height) {
      this.canvas = makeCanvas(width, height);
      this.context = this.canvas.getContext("2d");
      this.image = new ImageData(width, height);
      this.values = new Uint8Array(width * height);
    }
    this.touch();
  }

  /** Colors of the classes, and whether they lie over labels of the same colors: then edges are drawn. */
  paintIn(colors, hasEdges) {
    const wanted = `${colors} ${hasEdges}`;
    if (wanted === this.colors) return;
    this.colors = wanted;
    const { inner, edge } = strokeColors(colors);
    this.table = { inner, edge: hasEdges ? edge : inner };
    this.touch();
  }

  /** A run of pixels has changed, or all; return whether it is seen. */
  touch(z, y, first, last) {
    if (!this.canvas) return false;
    const { width, height } = this.canvas;
    if (z === undefined) this.dirty = [0, 0, width, height];
    else if (this.axis === "z" && z === this.at) this.spread(first, y, last, y + 1);
    else if (this.axis === "y" && y === this.at) this.spread(first, z, last, z + 1);
    else if (this.axis === "x" && first <= this.at && this.at < last) this.spread(y, z, y + 1, z + 1);
    else return false;
    return true;
  }

  spread(left, top, right, bottom) {
    const [l, t, r, b] = this.dirty ?? [Infinity, Infinity, 0, 0];
    this.dirty = [Math.min(l, left), Math.min(t, top), Math.max(r, right), Math.max(b, bottom)];
  }

  refresh() {
    if (!this.dirty || !this.table) return;
    const { width, height } = this.canvas;
    const [left, top, right, bottom] = this.dirty;
    this.dirty = null;
    for (let y = top; y < bottom; y += 1) this.strokes.copyRow(this.values, this.axis, this.at, y, left, right);
    const box = [Math.max(0, left - 1), Math.max(0, top - 1), Math.min(width, right + 1), Math.min(height, bottom + 1)];
    colorBox(new Uint32Array(this.image.data.buffer), this.values, width, box, this.table);
    this.context.putImageData(this.image, 0, 0, box[0], box[1], box[2] - box[0], box[3] - box[1]);
  }

  /** Draw over a slice, or alone. */
  draw(context, { zoom, left, top }, isAlone) {
    this.refresh();
    context.setTransform(zoom, 0, 0, zoom, left, top);
    if (isAlone) {
      context.fillStyle = `rgb(${PAPER})`;
      context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    }
    context.globalAlpha = isAlone ? 1 : OPACITY;
    context.imageSmoothingEnabled = zoom < 1;
    context.drawImage(this.canvas, 0, 0);
    context.globalAlpha = 1;
    context.setTransform(1, 0, 0, 1, 0, 0);
  }
}
