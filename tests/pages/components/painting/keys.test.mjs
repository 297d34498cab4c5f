import assert from "node:assert/strict";
import { test } from "node:test";

import { actionOf } from "../../../../pages/components/painting/keys.js";

const press = (key, rest = {}, on = "picture", isPen = true) => actionOf({ key, ...rest }, on, isPen);

test("letters choose tools, digits classes", () => {
  assert.deepEqual(["b", "E", "g", "l", "h"].map((key) => press(key)[1]), ["brush", "eraser", "fill", "line", "hand"]);
  assert.deepEqual(press("3", { code: "Digit3" }), ["chooseClass", 2]);
  assert.deepEqual(press("#", { code: "Digit3", shiftKey: true }), ["toggleClass", 2]);
  assert.equal(press("0", { code: "Digit0" }), null);
});

test("undo and redo by the keys of every system", () => {
  for (const how of [{ ctrlKey: true }, { metaKey: true }]) {
    assert.deepEqual(press("z", how), ["undo"]);
    assert.deepEqual(press("Z", { ...how, shiftKey: true }), ["redo"]);
    assert.deepEqual(press("y", how), ["redo"]);
    assert.equal(press("b", how), null);
  }
});

test("arrows move the cross of a tool, and step through slices with the hand", () => {
  assert.deepEqual(press("ArrowRight"), ["moveCross", 1, 0]);
  assert.deepEqual(press("ArrowUp", { shiftKey: true }), ["moveCross", 0, -10]);
  assert.equal(press("ArrowRight", {}, "picture", false), null);
  assert.deepEqual(press("PageDown"), ["step", 1]);
});

test("a slider keeps its own keys, and a button its Enter", () => {
  assert.equal(press("ArrowRight", {}, "field"), null);
  assert.equal(press("4", {}, "field"), null);
  assert.equal(press("PageUp", {}, "field"), null);
  assert.equal(press("Enter", {}, "button"), null);
  assert.deepEqual(press("Enter"), ["press"]);
  assert.deepEqual(press("z", { ctrlKey: true }, "field"), ["undo"]);
});

test("what is written in another script, or with Alt, is no key", () => {
  assert.equal(press("b", { isComposing: true }), null);
  assert.equal(press("b", { altKey: true }), null);
});
