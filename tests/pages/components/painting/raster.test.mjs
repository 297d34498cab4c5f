import assert from "node:assert/strict";
import { test } from "node:test";

import { valueRows, pointsTo, regionAt, segmentRows } from "../../../../pages/components/painting/strokes/raster.js";
import { numbers } from "./random.mjs";

const PLANE = { width: 61, height: 53 };

function painted(a, b, size, plane = PLANE) {
  const out = new Uint8Array(plane.width * plane.height);
  segmentRows(a, b, size, plane, (y, first, last) => out.fill(1, y * plane.width + first, y * plane.width + last));
  return out;
}

/** Distances as fractions of whole numbers: p is painted if 4 · distance² ≤ size². */
function byDefinition([ax, ay], [bx, by], size, { width, height }) {
  const out = new Uint8Array(width * height);
  const [dx, dy] = [bx - ax, by - ay].map(BigInt);
  const length2 = dx * dx + dy * dy;
  for (let i = 0; i < out.length; i += 1) {
    const [px, py] = [(i % width) - ax, Math.floor(i / width) - ay].map(BigInt);
    const t = px * dx + py * dy;
    const square = BigInt(size) ** 2n;
    if (t <= 0n) out[i] = 4n * (px * px + py * py) <= square;
    else if (t >= length2) out[i] = 4n * ((px - dx) ** 2n + (py - dy) ** 2n) <= square;
    else out[i] = 4n * (dx * py - dy * px) ** 2n <= square * length2;
  }
  return out;
}

test("a segment paints the pixels of its definition, and no other", () => {
  const random = numbers(1);
  for (let i = 0; i < 400; i += 1) {
    const [a, b] = [0, 1].map(() => [random(PLANE.width), random(PLANE.height)]);
    const size = 1 + random(i % 2 ? 9 : 60);
    assert.deepEqual(painted(a, b, size), byDefinition(a, b, size, PLANE), `${a} to ${b}, ${size} wide`);
  }
});

test("where a pixel lies exactly on the border of a brush it is painted", () => {
  for (const [a, b, size] of [[[30, 25], [30, 25], 10], [[10, 10], [13, 14], 10], [[20, 20], [50, 20], 8], [[5, 5], [45, 35], 50]]) {
    assert.deepEqual(painted(a, b, size), byDefinition(a, b, size, PLANE));
  }
});

test("a brush of one pixel paints one pixel, at a corner too", () => {
  assert.equal(painted([0, 0], [0, 0], 1).reduce((sum, value) => sum + value), 1);
  assert.equal(painted([60, 52], [60, 52], 1)[61 * 53 - 1], 1);
});

test("a long way is cut into segments that are no longer than 256 pixels each way", () => {
  const random = numbers(2);
  for (let i = 0; i < 200; i += 1) {
    const [a, b] = [0, 1].map(() => [random(4000), random(4000)]);
    const points = pointsTo(a, b);
    assert.deepEqual(points.at(-1), b);
    [a, ...points].reduce((from, to) => {
      assert.ok(Math.abs(to[0] - from[0]) <= 256 && Math.abs(to[1] - from[1]) <= 256);
      assert.ok(to.every(Number.isInteger));
      return to;
    });
  }
});

test("a region ends at its outline, and is open where it reaches the border", () => {
  const plane = { width: 7, height: 6 };
  const values = new Uint8Array(42);
  for (const i of [8, 9, 10, 15, 17, 22, 23, 24]) values[i] = 1; // a ring around (2, 2)
  const inside = regionAt([2, 2], values, plane);
  assert.equal(inside.isOpen, false);
  assert.deepEqual([...inside.mask.keys()].filter((i) => inside.mask[i]), [16]);
  const outside = regionAt([0, 0], values, plane);
  assert.equal(outside.isOpen, true);
  assert.equal(outside.mask.reduce((sum, value) => sum + value), 42 - 9);
});

test("a region that reaches any one side is open", () => {
  const plane = { width: 5, height: 5 };
  for (const way of [[12, 11, 10], [12, 13, 14], [12, 7, 2], [12, 17, 22]]) {
    const values = new Uint8Array(25).fill(1);
    for (const i of way) values[i] = 0;
    assert.equal(regionAt([2, 2], values, plane).isOpen, true);
  }
});

test("a gap at a corner does not open an outline", () => {
  const plane = { width: 5, height: 5 };
  const values = new Uint8Array(25);
  for (const i of [7, 11, 13, 17]) values[i] = 1; // a diamond around (2, 2), joined by corners alone
  assert.equal(regionAt([2, 2], values, plane).isOpen, false);
});

test("the rows of all values are all of them", () => {
  const random = numbers(3);
  const values = Uint8Array.from({ length: 61 * 53 }, () => random(3));
  const out = new Uint8Array(values.length);
  for (const value of [1, 2]) {
    valueRows(values, value, PLANE, (y, first, last) => {
      assert.ok(first < last && last <= PLANE.width);
      out.fill(value, y * PLANE.width + first, y * PLANE.width + last);
    });
  }
  assert.deepEqual(out, values);
});
