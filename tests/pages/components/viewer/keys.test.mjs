import assert from "node:assert/strict";
import { test } from "node:test";

import { HELP, actionFor } from "../../../../pages/components/viewer/keys.js";

const CLASSES = [{ value: 7 }, { value: 3 }];
const press = (key, held = {}, isField = false) => actionFor({ key, ...held }, isField, CLASSES);

test("arrows step through slices, with Shift ten at a time", () => {
  assert.deepEqual(press("ArrowLeft"), ["step", -1]);
  assert.deepEqual(press("ArrowRight", { shiftKey: true }), ["step", 10]);
  assert.equal(press("ArrowUp"), null);
});

test("with Ctrl or Command arrows move the picture", () => {
  assert.deepEqual(press("ArrowUp", { ctrlKey: true }), ["goTowards", 0, -1]);
  assert.deepEqual(press("ArrowRight", { metaKey: true }), ["goTowards", 1, 0]);
});

test("a digit stands for a class in the order of the legend", () => {
  assert.deepEqual(press("1"), ["toggleClass", 7]);
  assert.deepEqual(press("2"), ["toggleClass", 3]);
  assert.equal(press("3"), null);
});

test("sliders keep their arrows and digits", () => {
  for (const key of ["ArrowLeft", "ArrowUp", "1"]) assert.equal(press(key, {}, true), null);
  assert.equal(press("ArrowLeft", { ctrlKey: true }, true), null);
  assert.deepEqual(press("f", {}, true), ["fit"]);
});

test("keys of the browser and of an input method are left alone", () => {
  assert.equal(press("f", { ctrlKey: true }), null);
  assert.equal(press("s", { metaKey: true }), null);
  assert.equal(press("ArrowLeft", { altKey: true }), null);
  assert.equal(press("o", { isComposing: true }), null);
});

test("every key that the help names does something, and none does that it does not name", () => {
  const named = HELP.flatMap(([keys]) => keys.match(/(?<=^|[ ,])[+−a-z?](?=$|,| )/g) ?? []);
  const typed = named.map((key) => key.replace("−", "-"));

  for (const key of typed) assert.ok(press(key), `${key} does nothing`);
  for (let code = 33; code < 127; code += 1) {
    const key = String.fromCharCode(code);
    if (press(key) && !/[12=]/.test(key)) assert.ok(typed.includes(key), `${key} is not in the help`);
  }
});
