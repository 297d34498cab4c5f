/**
 * Draws slices. Each pane is composed once per change of colors into a canvas of the slice's own size;
 * zoom and pan only draw that canvas again.
 */

import { clamp } from "../shared/clamp.js";
import { colorTable, outlinePens, tint, traceBorders } from "./colors.js";
import { blocksOf, isColoredByLabels, makeCanvas, valuesOf } from "./pictures.js";

const SURROUND = "#0d0c0b"; // grey levels are judged against near-black
const LARGEST_BLOCK = 8; // image pixels that errors are gathered from
const CROSS_HAIR = [["rgba(0,0,0,.5)", 3], ["rgba(255,255,255,.75)", 1]]; // each line: color, CSS pixels

export class Painter {
  constructor() {
    this.canvases = new Map(); // name -> canvas of a slice's size, with its pixels
    this.guest = null; // draws over the slices, and says what is seen under it
  }

  /** Compose all panes of a slice anew, as the visitor chose. */
  compose(slice, choices, header) {
    Object.assign(this, { slice, choices, header });
    const { panes, highlight } = slice;
    const filled = choices.outline ? [] : header.classes;
    const lit = highlight && valuesOf(highlight);
    const plain = [colorTable([], choices)];
    const tables = [colorTable(filled, choices, { light: lit ? 0.65 : 0 })];
    if (lit) tables.push(colorTable(filled, choices, { dim: 0.3 }));
    const known = new Map(); // panes over the same grey share its canvas
    this.composed = panes.map((pane, index) => {
      const greys = valuesOf(pane.grey);
      if (!known.has(greys)) known.set(greys, this.fill(`grey${known.size}`, { greys }, plain));
      const grey = known.get(greys);
      if (this.showsPicture(pane) || (!pane.labels && !lit)) return { grey, tinted: grey };
      const labels = pane.labels && valuesOf(pane.labels);
      return { grey, tinted: this.fill(`tinted${index}`, { greys, labels, lit }, tables) };
    });
  }

  fill(name, values, tables) {
    const { width, height } = this.slice;
    let kept = this.canvases.get(name);
    if (kept?.canvas.width !== width || kept.canvas.height !== height) {
      const canvas = makeCanvas(width, height);
      kept = { canvas, image: new ImageData(width, height), context: canvas.getContext("2d") };
      this.canvases.set(name, kept);
    }
    tint(new Uint32Array(kept.image.data.buffer), values, tables);
    kept.context.putImageData(kept.image, 0, 0);
    return kept.canvas;
  }

  showsPicture(pane) {
    return Boolean(pane.picture && (this.choices.errors || !isColoredByLabels(pane)));
  }

  /** Whether a pane has colors that a divider can part from the grey. */
  isParted(index) {
    const { labels, picture } = this.slice.panes[index];
    if (this.guest && this.guest.under !== "labels") return false;
    return Boolean(this.choices.swipe && (labels || picture));
  }

  /** Draw the pane of an index. */
  draw(index, context, view) {
    const { canvas } = context;
    const ratio = canvas.width / view.size.width;
    const zoom = view.scale * ratio;
    const round = zoom >= 1 ? Math.round : (value) => value;
    const left = round(canvas.width / 2 - view.x * zoom);
    const top = round(canvas.height / 2 - view.y * zoom);
    const { grey, tinted } = this.composed[index];
    const under = this.guest?.under ?? "labels"; // what is painted on
    context.imageSmoothingQuality = zoom < 0.5 ? "medium" : "low"; // beyond a half plain bilinear is as good
    context.fillStyle = SURROUND;
    context.fillRect(0, 0, canvas.width, canvas.height);
    if (under !== "alone") drawImage(context, under === "labels" ? tinted : grey, { zoom, left, top });
    if (under === "labels" || under === "confidence") this.drawMarks(index, context, { zoom, left, top }, view);
    if (this.isParted(index) && this.choices.split) {
      context.save();
      context.beginPath();
      context.rect(0, 0, Math.round(this.choices.split * canvas.width), canvas.height);
      context.clip();
      context.fillRect(0, 0, canvas.width, canvas.height);
      drawImage(context, grey, { zoom, left, top });
      context.restore();
    }
    this.guest?.draw(context, { zoom, left, top });
    if (this.choices.marker) drawCrossHair(context, this.choices.marker, { zoom, left, top }, ratio);
  }

  /** What lies over the colors: errors, what is highlighted, or outlines. */
  drawMarks(index, context, place, view) {
    const pane = this.slice.panes[index];
    const { highlight } = this.slice;
    if (this.showsPicture(pane) && pane.confidence) drawImage(context, pane.picture.bitmap, place);
    else if (this.showsPicture(pane)) this.drawBlocks(context, pane.picture, place);
    else if (highlight && place.zoom < 1) this.drawBlocks(context, highlight, place);
    else if (this.choices.outline && pane.labels) this.drawOutlines(context, valuesOf(pane.labels), view);
  }

  drawBlocks(context, picture, { zoom, left, top }) {
    const size = clamp(Math.round(1 / zoom), 1, LARGEST_BLOCK);
    const image = blocksOf(picture, size, this.header.hatched);
    drawImage(context, image, { zoom: zoom * size, left, top }, false);
  }

  /** Borders one screen pixel wide at any zoom: sample the labels per screen pixel and compare. */
  drawOutlines(context, labels, view) {
    const [width, height] = [Math.ceil(view.size.width), Math.ceil(view.size.height)];
    const sample = (n, middle, length) =>
      Int32Array.from({ length: n }, (_, i) => {
        const at = Math.floor(middle + (i + 0.5 - n / 2) / view.scale);
        return at >= 0 && at < length ? at : -1;
      });
    const columns = sample(width, view.x, this.slice.width);
    const rows = sample(height, view.y, this.slice.height);
    if (this.outlines?.width !== width || this.outlines?.height !== height) {
      this.outlines = new ImageData(width, height);
      this.outlineCanvas = makeCanvas(width, height);
    }
    const pens = outlinePens(this.header.classes, this.choices.hidden);
    const out = new Uint32Array(this.outlines.data.buffer);
    traceBorders(out, { labels, stride: this.slice.width }, { columns, rows }, pens);
    this.outlineCanvas.getContext("2d").putImageData(this.outlines, 0, 0);
    context.globalAlpha = Math.max(this.choices.opacity, 0.2);
    context.imageSmoothingEnabled = false;
    context.drawImage(this.outlineCanvas, 0, 0, context.canvas.width, context.canvas.height);
    context.globalAlpha = 1;
  }
}

/** Draw an image with its corner at (left, top); enlarged pixels stay crisp. */
export function drawImage(context, image, { zoom, left, top }, isSmooth = zoom < 1) {
  context.imageSmoothingEnabled = isSmooth;
  context.setTransform(zoom, 0, 0, zoom, left, top);
  context.drawImage(image, 0, 0);
  context.setTransform(1, 0, 0, 1, 0, 0);
}

function drawCrossHair(context, marker, { zoom, left, top }, ratio) {
  const x = Math.round(left + (marker[0] + 0.5) * zoom);
  const y = Math.round(top + (marker[1] + 0.5) * zoom);
  const { width, height } = context.canvas;
  for (const [color, line] of CROSS_HAIR) {
    context.fillStyle = color;
    const half = Math.floor((line * ratio) / 2);
    context.fillRect(x - half, 0, line * ratio, height);
    context.fillRect(0, y - half, width, line * ratio);
  }
}
