import assert from "node:assert/strict";
import { test } from "node:test";

import { spread } from "../../../../pages/components/painting/answers.js";
import { outlineOf } from "../../../../pages/components/painting/brush.js";
import { colorBox, strokeColors } from "../../../../pages/components/painting/layer.js";
import { numbers } from "./random.mjs";

const [WIDTH, HEIGHT] = [23, 19];

test("unpainted is clear, painted has its color, and its edge another", () => {
  const tables = strokeColors(["#1B2A5C", "#FFD92E"]);
  const values = new Uint8Array(WIDTH * HEIGHT);
  for (let y = 4; y < 9; y += 1) values.fill(2, y * WIDTH + 4, y * WIDTH + 9);
  const out = new Uint32Array(values.length);
  colorBox(out, values, WIDTH, [0, 0, WIDTH, HEIGHT], tables);
  assert.equal(out[0], 0);
  assert.equal(out[6 * WIDTH + 6], 0xff2ed9ff);
  assert.equal(out[4 * WIDTH + 6], tables.edge[2]);
  assert.notEqual(tables.edge[2], tables.inner[2]);
});

test("what is colored by boxes is what is colored at once", () => {
  const random = numbers(1);
  const tables = strokeColors(["#1B2A5C", "#FFD92E", "#8FBCD4"]);
  const values = new Uint8Array(WIDTH * HEIGHT);
  const [out, whole] = [0, 1].map(() => new Uint32Array(values.length));
  for (let i = 0; i < 300; i += 1) {
    const [x, y] = [random(WIDTH), random(HEIGHT)];
    values[y * WIDTH + x] = random(4);
    colorBox(out, values, WIDTH, [Math.max(0, x - 1), Math.max(0, y - 1), Math.min(WIDTH, x + 2), Math.min(HEIGHT, y + 2)], tables);
    colorBox(whole, values, WIDTH, [0, 0, WIDTH, HEIGHT], tables);
    assert.deepEqual(out, whole);
  }
});

test("the outline of a brush encloses as many pixels as it paints", () => {
  const area = (path) => {
    const points = path.slice(1, -1).split("L").map((text) => text.split(" ").map(Number));
    return Math.abs(points.reduce((sum, [x, y], i) => {
      const [nextX, nextY] = points[(i + 1) % points.length];
      return sum + (x * nextY - nextX * y) / 2;
    }, 0));
  };
  for (const size of [1, 2, 3, 4, 7, 12, 40, 199]) {
    let n = 0;
    for (let y = -100; y <= 100; y += 1) for (let x = -100; x <= 100; x += 1) n += 4 * (x * x + y * y) <= size * size;
    assert.equal(area(outlineOf(size)), n);
  }
});

test("coarse labels fill blocks, also those cut off at the edge of their part", () => {
  const out = new Uint8Array(WIDTH * HEIGHT).fill(255);
  spread(out, WIDTH, { values: Uint8Array.from([0, 1, 2, 3]), width: 2, box: [3, 2, 10, 8], step: 4 });
  const at = (x, y) => out[y * WIDTH + x];
  assert.deepEqual([at(3, 2), at(6, 5), at(7, 2), at(9, 5), at(3, 6), at(9, 7)], [0, 0, 1, 1, 2, 3]);
  assert.deepEqual([at(2, 2), at(10, 2), at(3, 8)], [255, 255, 255]);
  spread(out, WIDTH, { values: Uint8Array.from([5, 6]), width: 2, box: [4, 3, 6, 4], step: 1 });
  assert.deepEqual([at(3, 3), at(4, 3), at(5, 3), at(6, 3)], [0, 5, 6, 0]);
});
