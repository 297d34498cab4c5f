import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { Talk } from "../../../../pages/components/viewer/talk.js";

let clock, told, talk;

function pass(ms) {
  clock += ms;
  mock.timers.tick(ms);
}

beforeEach(() => {
  mock.reset();
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  clock = 1000;
  mock.method(performance, "now", () => clock);
  told = [];
  talk = new Talk((step) => told.push(step));
});

test("the first word goes out at once, many that follow as one", () => {
  talk.say();
  pass(1);
  for (let i = 0; i < 10; i += 1) talk.sayStep();
  pass(100);
  assert.deepEqual(told, [null]);

  pass(100);

  assert.equal(told.length, 2);
});

test("each step has a higher number than those before, even after a reload of the page", () => {
  const before = Date.now();
  talk.sayStep();
  pass(1);
  talk.sayStep();
  pass(200);

  assert.ok(told[0] >= before);
  assert.ok(told[1] > told[0]);
});

test("until the newest step is answered no other answer moves the slice", () => {
  talk.sayStep();
  pass(1);
  talk.sayStep();
  assert.equal(talk.isNewSlice(told[0]), false); // one more step waits to be told
  pass(200);

  assert.equal(talk.isNewSlice(told[0]), false);
  assert.equal(talk.isNewSlice(told[1]), true);
  assert.equal(talk.isNewSlice(told[1]), true); // nothing is awaited now: Python's word counts
});

test("after ten seconds without an answer Python's word counts again", () => {
  talk.sayStep();
  pass(1);
  assert.equal(talk.isNewSlice(null), false);

  pass(10_000);

  assert.equal(talk.isNewSlice(null), true);
});

test("a marker from Python is news, but no answer to an earlier place of one that moves", () => {
  assert.equal(talk.isNewMarker([1, 2], false), true);
  talk.sayPixel([5, 5]);
  talk.sayPixel([6, 5]);

  assert.equal(talk.isNewMarker([5, 5], true), false);
  assert.equal(talk.isNewMarker([6, 5], true), false); // still held
  assert.equal(talk.isNewMarker([6, 5], false), true);
  assert.equal(talk.isNewMarker([9, 9], false), true);
});

test("a closed talk tells nothing more", () => {
  talk.say();
  talk.close();
  pass(1000);

  assert.deepEqual(told, []);
});
