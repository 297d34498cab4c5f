import assert from "node:assert/strict";
import { test } from "node:test";

import {
  IGNORED, colorTable, commonest, gatherBlocks, hatch, outlinePens, pixel, tint, traceBorders,
} from "../../../../pages/components/viewer/colors.js";

const CLASSES = [{ value: 0, color: "#1b2a5c" }, { value: 2, color: "#ffd92e" }];
const WHOLE = { low: 0, high: 255, opacity: 1, hidden: new Set() };
const at = (table, label, grey) => table[(label << 8) | grey];
const rgb = (value) => [value & 255, (value >> 8) & 255, (value >> 16) & 255];

test("a class has its color, and what has none or is hidden its grey value", () => {
  const table = colorTable(CLASSES, { ...WHOLE, hidden: new Set([0]) });

  assert.deepEqual(rgb(at(table, 2, 100)), [0xff, 0xd9, 0x2e]);
  for (const label of [0, 1, IGNORED]) assert.deepEqual(rgb(at(table, label, 100)), [100, 100, 100]);
});

test("at half opacity color and grey value mix", () => {
  assert.deepEqual(rgb(at(colorTable(CLASSES, { ...WHOLE, opacity: 0.5 }), 2, 101)), [178, 159, 74]);
});

test("the window spreads its grey values from black to white", () => {
  const table = colorTable([], { ...WHOLE, low: 50, high: 150 });

  assert.deepEqual([20, 50, 100, 150, 200].map((grey) => rgb(at(table, 9, grey))[0]), [0, 0, 128, 255, 255]);
});

test("what is highlighted is lighter and all else darker", () => {
  const tables = [{ light: 0.65 }, { dim: 0.3 }].map((how) => colorTable([], WHOLE, how));
  const out = new Uint32Array(2);

  tint(out, { greys: [100, 100], lit: [255, 0] }, tables);

  assert.deepEqual([...out], [pixel(201, 201, 201), pixel(30, 30, 30)]);
});

test("an outline is one pixel where two labels meet, in the color of a class that is shown", () => {
  const labels = [0, 0, 2, 2, 0, 0, 2, 2];
  const out = new Uint32Array(8);
  const places = { columns: [0, 1, 2, 3], rows: [0, 1] };
  const pens = outlinePens(CLASSES, new Set([0]));

  traceBorders(out, { labels, stride: 4 }, places, pens);

  assert.deepEqual([...out], [0, 0, 0, 0, 0, 0, pixel(0xff, 0xd9, 0x2e), 0]);
});

test("beside the slice there is no outline", () => {
  const out = new Uint32Array(4).fill(1);

  traceBorders(out, { labels: [0, 2], stride: 2 }, { columns: [0, -1], rows: [-1, 0] }, outlinePens(CLASSES));

  assert.deepEqual([...out], [0, 0, 0, 0]);
});

test("an outline of a dark class is lifted, of a bright one not", () => {
  const pens = outlinePens(CLASSES, null);

  assert.ok(rgb(pens[0]).every((level, i) => level > [0x1b, 0x2a, 0x5c][i]));
  assert.equal(pens[2], pixel(0xff, 0xd9, 0x2e));
});

test("a single error is still there when the slice is shown small", () => {
  const pixels = new Uint32Array(5 * 4);
  pixels[2 * 5 + 4] = pixel(255, 0, 0);
  pixels[0] = pixel(0, 0, 0); // the background of a mask

  const { out, columns, rows } = gatherBlocks(pixels, 5, 2);

  assert.deepEqual([columns, rows], [3, 2]);
  assert.deepEqual([...out], [0, 0, 0, 0, 0, pixel(255, 0, 0)]);
});

test("two colors are hatched with white and black, in lines that cross", () => {
  const [first, second] = [pixel(200, 80, 0), pixel(0, 80, 200)];
  const both = [[200, 80, 0], [0, 80, 200]];
  const found = [first, second].map((color) => {
    const out = new Uint32Array(9).fill(color);
    hatch(out, 3, both);
    return [...out].map((one) => one !== color);
  });
  const lone = new Uint32Array([first]);
  hatch(lone, 1, both);

  assert.deepEqual(found[0], [true, false, false, false, false, true, false, true, false]);
  assert.deepEqual(found[1], [true, false, false, false, true, false, false, false, true]);
  assert.equal(lone[0], pixel(255, 255, 255));
});

test("the commonest label is one that somebody gave", () => {
  assert.equal(commonest([IGNORED, IGNORED, IGNORED, 2, 2, 0]), 2);
});
