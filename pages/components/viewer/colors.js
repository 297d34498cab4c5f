/** Colors of pixels, without a page: arrays in, arrays out. A pixel is one number, as a canvas stores it. */

import { clamp } from "../shared/clamp.js";

export const IGNORED = 255; // the label of a pixel nobody labelled
const HATCH = 3; // pixels from line to line

export const pixel = (r, g, b) => (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;

const rgb = (color) => [1, 3, 5].map((start) => parseInt(color.slice(start, start + 2), 16));

/**
 * Color of each pair of label and grey value, at `label << 8 | grey`: window, opacity and hidden
 * classes in one table. `dim` darkens what is not meant, `light` lifts what is.
 */
export function colorTable(classes, { low, high, opacity, hidden }, { dim = 1, light = 0 } = {}) {
  const row = (color, share) =>
    Uint32Array.from({ length: 256 }, (_, grey) => {
      const shown = clamp(((grey - low) * 255) / (high - low), 0, 255);
      const mixed = (c) => (shown + (c - shown) * share) * dim;
      return pixel(...color.map((c) => Math.round(mixed(c) + (255 - mixed(c)) * light)));
    });
  const clear = row([0, 0, 0], 0);
  const table = new Uint32Array(65536);
  for (let label = 0; label < 256; label += 1) table.set(clear, label << 8);
  for (const { value, color } of classes) {
    if (!hidden?.has(value)) table.set(row(rgb(color), opacity), value << 8);
  }
  return table;
}

/** Color pixels by grey value and label; where a mask is 0, by the second table. */
export function tint(out, { greys, labels = null, lit = null }, [table, dimmed]) {
  for (let i = 0; i < out.length; i += 1) {
    const index = ((labels ? labels[i] : IGNORED) << 8) | greys[i];
    out[i] = lit && !lit[i] ? dimmed[index] : table[index];
  }
}

/** Color of the outline of each label, 0 for none: dark ones lifted, a line must be seen on dark grey. */
export function outlinePens(classes, hidden) {
  const pens = new Uint32Array(256);
  for (const { value, color } of classes) {
    const [r, g, b] = rgb(color);
    const share = 0.2126 * r + 0.7152 * g + 0.0722 * b < 70 ? 0.5 : 0;
    const lifted = [r, g, b].map((level) => Math.round(level + (255 - level) * share));
    if (!hidden?.has(value)) pens[value] = pixel(...lifted);
  }
  return pens;
}

/**
 * Color the screen pixels whose label differs from the one to the left or above. `columns` and `rows`
 * say which image pixel each screen pixel shows, -1 for none; `stride` is the width of the labels.
 */
export function traceBorders(out, { labels, stride }, { columns, rows }, pens) {
  out.fill(0);
  const width = columns.length;
  for (let y = 1; y < rows.length; y += 1) {
    if (rows[y] < 0 || rows[y - 1] < 0) continue;
    const [here, above] = [rows[y] * stride, rows[y - 1] * stride];
    for (let x = 1; x < width; x += 1) {
      if (columns[x - 1] < 0 || columns[x] < 0) continue;
      const label = labels[here + columns[x]];
      const left = labels[here + columns[x - 1]];
      const upper = labels[above + columns[x]];
      if (label !== left) out[y * width + x] = pens[label] || pens[left];
      else if (label !== upper) out[y * width + x] = pens[label] || pens[upper];
    }
  }
}

/** Shrink a picture of errors, or a mask, to blocks of `size` pixels: one error colors its block. */
export function gatherBlocks(pixels, width, size) {
  const background = pixel(0, 0, 0); // of a mask
  const [columns, rows] = [Math.ceil(width / size), Math.ceil(pixels.length / width / size)];
  const out = new Uint32Array(columns * rows);
  for (let i = 0; i < pixels.length; i += 1) {
    if (!pixels[i] || pixels[i] === background) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    out[Math.floor(y / size) * columns + Math.floor(x / size)] = pixels[i];
  }
  return { out, columns, rows };
}

/**
 * Hatch the first of two colors with white, the second with black: who cannot tell the colors apart
 * sees one brighter and one darker than the other, and lines that cross.
 */
export function hatch(out, width, colors) {
  const [first, second] = colors.map((color) => pixel(...color));
  const [white, black] = [pixel(255, 255, 255), pixel(0, 0, 0)];
  const height = out.length / width;
  for (let i = 0; i < out.length; i += 1) {
    if (out[i] !== first && out[i] !== second) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    if (out[i] === first && (x + y) % HATCH === 0) out[i] = white;
    else if (out[i] === second && (x + height - y) % HATCH === 0) out[i] = black;
  }
}

/** The commonest label, of those that somebody gave. */
export function commonest(labels) {
  const counts = new Uint32Array(256);
  for (const label of labels) counts[label] += 1;
  counts[IGNORED] = 0;
  return counts.indexOf(Math.max(...counts));
}
