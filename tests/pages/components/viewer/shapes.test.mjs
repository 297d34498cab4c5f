import assert from "node:assert/strict";
import { test } from "node:test";

import { dragged, gripsOf, parseShape, pathThrough, textOf } from "../../../../pages/components/viewer/shapes.js";

const SLICE = { width: 200, height: 100 };
const CIRCLE = parseShape("circle:100,50,20");
const BOX = parseShape("box:20,30,60,90");
const ORIGIN = { x: 0, y: 0 };
const drag = (shape, grip, x, y) => textOf(dragged(shape, grip, ORIGIN, { x, y }, SLICE));
const grip = (shape, wanted) => gripsOf(shape).find(({ name }) => name === wanted);

test("a shape survives as a text, and nothing else is one", () => {
  for (const text of ["circle:100,50,20", "box:20,30,60.5,90"]) assert.equal(textOf(parseShape(text)), text);
  for (const text of ["auto", "", null, undefined, "circle:1,2", "box:a,1,2,3"]) assert.equal(parseShape(text), null);
});

test("the middle moves a shape, in whole pixels, and its size stays", () => {
  assert.equal(drag(CIRCLE, "move", 10.4, -7.6), "circle:110,42,20");
  assert.equal(drag(BOX, "move", -5, 3.2), "box:15,33,55,93");
});

test("a shape that is dragged away stays in the picture with a part of it", () => {
  assert.equal(drag(CIRCLE, "move", 900, -900), "circle:200,0,20");
  assert.equal(drag(BOX, "move", -900, 900), "box:0,40,40,100");
});

test("a grip of a circle is on it, and the circle follows the pointer", () => {
  for (const name of ["nw", "ne", "se", "sw"]) {
    const { x, y } = grip(CIRCLE, name);
    assert.ok(Math.abs(Math.hypot(x - 100, y - 50) - 20) < 1e-9);
    assert.equal(drag(CIRCLE, name, (x - 100) / 2, (y - 50) / 2), "circle:100,50,30");
  }
});

test("a circle keeps a pixel", () => {
  const { x, y } = grip(CIRCLE, "se");

  assert.equal(drag(CIRCLE, "se", 100 - x, 50 - y), "circle:100,50,1");
});

test("each grip of a box moves the sides it stands on", () => {
  assert.deepEqual([grip(BOX, "ne").x, grip(BOX, "ne").y, grip(BOX, "s").x, grip(BOX, "s").y], [60, 30, 40, 90]);
  assert.equal(drag(BOX, "nw", 5, 6), "box:25,36,60,90");
  assert.equal(drag(BOX, "e", 5, 6), "box:20,30,65,90");
  assert.equal(drag(BOX, "s", 5, 6), "box:20,30,60,96");
});

test("the sides of a box neither pass each other nor leave the picture", () => {
  assert.equal(drag(BOX, "w", 500, 0), "box:59,30,60,90");
  assert.equal(drag(BOX, "se", 500, 500), "box:20,30,200,100");
});

test("a box that reached beyond the picture by its numbers can be dragged back in", () => {
  assert.equal(drag(parseShape("box:-10,0,50,50"), "move", 5, 0), "box:-5,0,55,50");
  assert.equal(drag(parseShape("box:-10,0,50,50"), "w", 5, 0), "box:0,0,50,50");
});

test("polygons are closed lines", () => {
  assert.equal(pathThrough([[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]]), "M1 2 3 4 5 6ZM7 8 9 10 11 12Z");
  assert.equal(pathThrough([]), "");
});
