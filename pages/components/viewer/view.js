/** Which part of a slice is seen, and how large: geometry without a page. */

import { clamp } from "../shared/clamp.js";

export const MAX_SCALE = 64; // screen pixels per image pixel

/**
 * A slice in a pane. `size` is that of the pane in screen pixels, `slice` that of the slice in image
 * pixels, `scale` screen pixels per image pixel, (x, y) the image point in the middle of the pane.
 */
export class View {
  /** Show a chosen { scale, x, y } as far as it is allowed; without one the whole slice. */
  constructor(size, slice, chosen) {
    Object.assign(this, { size, slice });
    this.fitScale = Math.min(size.width / slice.width, size.height / slice.height) || 1;
    const { scale, x, y } = chosen ?? { scale: this.fitScale, x: slice.width / 2, y: slice.height / 2 };
    this.scale = this.allowed(scale);
    // An edge comes no further in than where it stands at full view
    const margin = (0.5 * this.fitScale) / this.scale;
    const inside = (middle, length) => clamp(middle, length * margin, length * (1 - margin));
    this.x = inside(x, slice.width);
    this.y = inside(y, slice.height);
  }

  allowed(scale) {
    return clamp(scale, this.fitScale, Math.max(MAX_SCALE, this.fitScale));
  }

  get isFit() {
    return this.scale <= this.fitScale * 1.001;
  }

  /** What to remember of it; null for the whole slice, whatever size it will have. */
  get chosen() {
    return this.isFit ? null : { scale: this.scale, x: this.x, y: this.y };
  }

  /** The same place of the same slice in a pane of another size. */
  resized(size) {
    const fit = new View(size, this.slice, null);
    return new View(size, this.slice, { scale: (this.scale / this.fitScale) * fit.fitScale, x: this.x, y: this.y });
  }

  movedBy(right, down) {
    const { scale, x, y } = this;
    return new View(this.size, this.slice, { scale, x: x - right / scale, y: y - down / scale });
  }

  /** The image point under `place` stays there. */
  zoomedBy(factor, place = this.middle) {
    const scale = this.allowed(this.scale * factor);
    const shift = 1 / this.scale - 1 / scale;
    const x = this.x + (place.x - this.middle.x) * shift;
    const y = this.y + (place.y - this.middle.y) * shift;
    return new View(this.size, this.slice, { scale, x, y });
  }

  get middle() {
    return { x: this.size.width / 2, y: this.size.height / 2 };
  }

  /** Place on the pane of an image point. */
  toPane({ x, y }) {
    return { x: (x - this.x) * this.scale + this.middle.x, y: (y - this.y) * this.scale + this.middle.y };
  }

  /** Image point at a place on the pane; it may lie beside the slice. */
  toPoint({ x, y }) {
    return { x: this.x + (x - this.middle.x) / this.scale, y: this.y + (y - this.middle.y) / this.scale };
  }

  /** Image pixel at a place on the pane; it may lie beside the slice. */
  toPixel(place) {
    const { x, y } = this.toPoint(place);
    return { x: Math.floor(x), y: Math.floor(y) };
  }

  /** Image pixel at a place on the pane, null beside the slice. */
  pixelAt(place) {
    const { x, y } = this.toPixel(place);
    return x >= 0 && y >= 0 && x < this.slice.width && y < this.slice.height ? { x, y } : null;
  }

  /** Image pixel nearest to a place on the pane. */
  nearestPixel(place) {
    const { x, y } = this.toPixel(place);
    return { x: clamp(x, 0, this.slice.width - 1), y: clamp(y, 0, this.slice.height - 1) };
  }
}
