/**
 * Which pixels a stroke paints: geometry without a page, the same whole numbers as in
 * `sandseg/teach/painting/raster.py`.
 *
 * A pixel p is painted by the segment from a to b if 4 · distance² (p, segment) ≤ size².
 */

const LONGEST = 256; // pixels of a segment, each way: all products stay whole numbers below 2⁵³
const ROOM = 0.01; // the estimate of a row is that much too wide, never too narrow

/** Whether a segment a → b of a brush `size` pixels wide paints the pixel (x, y). */
function isPainted(x, y, [ax, ay], [bx, by], size) {
  const [dx, dy] = [bx - ax, by - ay];
  const [px, py] = [x - ax, y - ay];
  const length2 = dx * dx + dy * dy;
  const along = px * dx + py * dy;
  if (along <= 0) return 4 * (px * px + py * py) <= size * size;
  if (along >= length2) return 4 * ((x - bx) ** 2 + (y - by) ** 2) <= size * size;
  return 4 * (dx * py - dy * px) ** 2 <= size * size * length2;
}

/** Pass on each row that a segment paints within a plane: y, first x, x after the last. */
export function segmentRows(a, b, size, { width, height }, paintRow) {
  const reach = Math.floor(size / 2);
  const top = Math.max(0, Math.min(a[1], b[1]) - reach);
  const bottom = Math.min(height - 1, Math.max(a[1], b[1]) + reach);
  for (let y = top; y <= bottom; y += 1) {
    const about = estimate(y, a, b, size / 2 + ROOM);
    let first = Math.max(0, Math.floor(about[0]));
    let last = Math.min(width - 1, Math.ceil(about[1]));
    while (first <= last && !isPainted(first, y, a, b, size)) first += 1;
    while (last >= first && !isPainted(last, y, a, b, size)) last -= 1;
    if (first <= last) paintRow(y, first, last + 1);
  }
}

/** About from where to where a row is painted: what the discs at both ends and the band between cover. */
function estimate(y, a, b, radius) {
  let [low, high] = [Infinity, -Infinity];
  const cover = (from, to) => {
    if (from > to) return;
    low = Math.min(low, from);
    high = Math.max(high, to);
  };
  for (const [x, middle] of [a, b]) {
    const half2 = radius * radius - (y - middle) ** 2;
    if (half2 >= 0) cover(x - Math.sqrt(half2), x + Math.sqrt(half2));
  }
  const [dx, dy, down] = [b[0] - a[0], b[1] - a[1], y - a[1]];
  const length = Math.hypot(dx, dy);
  if (!length) return [low, high];
  const across = between(-dy, dx * down, -radius * length, radius * length);
  const along = between(dx, dy * down, 0, length * length);
  cover(a[0] + Math.max(across[0], along[0]), a[0] + Math.min(across[1], along[1]));
  return [low, high];
}

/** All x with low ≤ slope · x + offset ≤ high. */
function between(slope, offset, low, high) {
  if (!slope) return offset >= low && offset <= high ? [-Infinity, Infinity] : [Infinity, -Infinity];
  const ends = [(low - offset) / slope, (high - offset) / slope];
  return slope > 0 ? ends : ends.reverse();
}

/** The points after `a` of a way to `b`, none further from the last than a segment may reach. */
export function pointsTo(a, b) {
  const n = Math.max(1, Math.ceil(Math.max(Math.abs(b[0] - a[0]), Math.abs(b[1] - a[1])) / LONGEST));
  return Array.from({ length: n }, (_, i) => a.map((start, axis) => start + Math.round(((b[axis] - start) * (i + 1)) / n)));
}

/**
 * The pixels of equal value joined to (x, y) by their edges, as a mask (height × width); `isOpen` if
 * they reach the border of the plane.
 */
export function regionAt([x, y], values, { width, height }) {
  const mask = new Uint8Array(width * height);
  const value = values[y * width + x];
  const waiting = [y * width + x];
  mask[waiting[0]] = 1;
  let isOpen = false;
  const reach = (index) => {
    if (mask[index] || values[index] !== value) return;
    mask[index] = 1;
    waiting.push(index);
  };
  while (waiting.length) {
    const index = waiting.pop();
    const column = index % width;
    if (column > 0) reach(index - 1);
    if (column < width - 1) reach(index + 1);
    if (index >= width) reach(index - width);
    if (index < width * (height - 1)) reach(index + width);
    isOpen ||= column === 0 || column === width - 1 || index < width || index >= width * (height - 1);
  }
  return { mask, isOpen };
}

/** Pass on the rows of what has a value, as `segmentRows` does. */
export function valueRows(values, value, { width, height }, paintRow) {
  for (let y = 0; y < height; y += 1) {
    const end = (y + 1) * width;
    for (let i = values.indexOf(value, y * width); i >= 0 && i < end; i = values.indexOf(value, i)) {
      const first = i;
      while (i < end && values[i] === value) i += 1;
      paintRow(y, first - y * width, i - y * width);
    }
  }
}
