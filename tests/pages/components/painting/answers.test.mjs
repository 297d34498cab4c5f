import assert from "node:assert/strict";
import { test } from "node:test";

import { Answers, doubtColors, spread } from "../../../../pages/components/painting/answers.js";

const SIZE = { width: 4, height: 2 };
const piece = (values, more = {}) => ({
  axis: "z", z: 3, box: [0, 0, 4, 2], step: 1, width: 4, values: Uint8Array.from(values), ...more,
});
const SLICE = { axis: "z", at: 3 };

test("what is not known yet of a part stays what it was", () => {
  const out = Uint8Array.from([1, 1, 1, 1]);
  spread(out, 2, { values: Uint8Array.from([255, 2, 255, 3]), width: 2, box: [0, 0, 2, 2], step: 1, isPartial: true });
  assert.deepEqual([...out], [1, 2, 1, 3]);
  spread(out, 2, { values: Uint8Array.from([255]), width: 1, box: [0, 0, 2, 2], step: 2 });
  assert.deepEqual([...out], [255, 255, 255, 255]);
});

test("the less sure, the more of the color of doubt; none where nobody knows", () => {
  const colors = doubtColors({ color: [254, 232, 56], low: 0.5 });
  const share = (percent) => colors[percent] >>> 24;
  assert.equal(colors[40] & 0xffffff, (56 << 16) | (232 << 8) | 254);
  assert.deepEqual([0, 50, 75, 100, 255].map(share), [255, 255, 128, 0, 0]);
  for (let percent = 1; percent <= 100; percent += 1) assert.ok(share(percent) <= share(percent - 1));
});

test("planes along each axis have labels of their own", () => {
  const answers = new Answers();
  answers.take(piece(new Array(8).fill(1)), SIZE);
  assert.ok(answers.has(SLICE));
  assert.ok(!answers.has({ axis: "y", at: 3 }));
  answers.take(piece(new Array(8).fill(1), { axis: "y", known: 5 }), SIZE);
  assert.equal(answers.known({ axis: "y", at: 3 }), 5);
  assert.equal(answers.known(SLICE), null);
  answers.take({ axis: "z", z: 3, isEmpty: true }, SIZE);
  assert.ok(!answers.has(SLICE));
  assert.ok(answers.has({ axis: "y", at: 3 }));
});

test("how sure older labels were is not shown with newer ones", () => {
  const answers = new Answers();
  answers.take(piece(new Array(8).fill(1), { sure: new Uint8Array(8).fill(60) }), SIZE);
  assert.ok(answers.hasDoubt(SLICE));
  answers.take(piece(new Array(8).fill(2)), SIZE);
  assert.ok(!answers.hasDoubt(SLICE));
});
