import assert from "node:assert/strict";
import { test } from "node:test";

import { Strokes } from "../../../../pages/components/painting/strokes/strokes.js";
import { events, numbers } from "./random.mjs";

const SHAPE = [5, 37, 43];

const volume = (strokes) => Buffer.concat([0, 1, 2, 3, 4].map((z) => Buffer.from(strokes.plane("z", z))));
const paint = (points, rest = {}) => ({ id: "a-stroke", do: "paint", axis: "z", at: 2, value: 1, tool: "brush", size: 3, points, ...rest });

function played(list, shape = SHAPE) {
  const strokes = new Strokes(shape);
  for (const event of list) strokes.play(event);
  return strokes;
}

test("all undone is empty, all done again is what it was, byte for byte", () => {
  const strokes = played(events(200, SHAPE, 1).filter((event) => event.do === "paint"));
  const before = volume(strokes);
  assert.ok(before.some(Boolean));
  while (strokes.canUndo) strokes.play({ do: "undo" });
  assert.ok(volume(strokes).every((value) => value === 0));
  while (strokes.canRedo) strokes.play({ do: "redo" });
  assert.deepEqual(volume(strokes), before);
});

test("each step can be taken back to exactly what was", () => {
  const strokes = new Strokes(SHAPE);
  const known = events(150, SHAPE, 2).map((event) => ({ before: volume(strokes), record: strokes.play(event) }));
  for (const { before, record } of known.reverse()) {
    if (record) strokes.takeBack(record);
    assert.deepEqual(volume(strokes), before);
  }
  assert.equal(strokes.canUndo, false);
});

test("the planes of all axes show the same voxels", () => {
  const strokes = played(events(60, SHAPE, 3));
  const random = numbers(4);
  for (let i = 0; i < 500; i += 1) {
    const [z, y, x] = SHAPE.map(random);
    const value = strokes.plane("z", z)[y * 43 + x];
    assert.equal(strokes.plane("y", y)[z * 43 + x], value);
    assert.equal(strokes.plane("x", x)[z * 37 + y], value);
    assert.equal(strokes.valueAt("y", y, [x, z]), value);
    assert.equal(strokes.valueAt("x", x, [y, z]), value);
  }
});

test("a stroke painted point by point is the stroke played at once", () => {
  const whole = paint([[3, 4], [20, 9], [20, 30], [1, 1]]);
  const strokes = new Strokes(SHAPE);
  strokes.begin({ ...whole, points: [whole.points[0]] });
  for (const point of whole.points.slice(1)) strokes.extend(point);
  strokes.keep();
  assert.deepEqual(volume(strokes), volume(played([whole])));
  strokes.play({ do: "undo" });
  assert.ok(volume(strokes).every((value) => value === 0));
});

test("a stroke given up leaves what was under it", () => {
  const strokes = played([paint([[10, 10], [30, 10]])]);
  const before = volume(strokes);
  strokes.begin(paint([[5, 5]], { value: 3, size: 21 }));
  strokes.extend([30, 30]);
  assert.notDeepEqual(volume(strokes), before);
  strokes.cancel();
  assert.deepEqual(volume(strokes), before);
});

test("a new stroke drops what could be done again, a refused fill does not", () => {
  const fill = paint([[0, 0]], { tool: "fill", value: 2 });
  const strokes = played([paint([[10, 10]]), paint([[20, 20]]), { do: "undo" }, fill]);
  assert.equal(strokes.canRedo, true);
  strokes.play(paint([[1, 1]]));
  assert.equal(strokes.canRedo, false);
});

test("a closed outline is filled, an open one is not", () => {
  const ring = paint([[10, 10], [20, 10], [20, 20], [10, 20], [10, 10]], { size: 1 });
  const fill = paint([[15, 15]], { tool: "fill", value: 2 });
  assert.equal(played([ring, fill]).valueAt("z", 2, [11, 19]), 2);
  assert.equal(played([ring, fill]).valueAt("z", 2, [10, 10]), 1);
  const open = paint([[10, 10], [20, 10], [20, 20], [10, 20], [10, 12]], { size: 1 });
  const strokes = played([open]);
  assert.match(strokes.refusal(fill), /not closed/);
  assert.equal(strokes.play(fill), null);
  assert.match(played([ring, fill]).refusal(fill), /already/);
});

test("clear can be undone", () => {
  const strokes = played([paint([[10, 10]]), { do: "clear" }]);
  assert.equal(strokes.valueAt("z", 2, [10, 10]), 0);
  strokes.play({ do: "undo" });
  assert.equal(strokes.valueAt("z", 2, [10, 10]), 1);
});

test("strokes that a file brings lie over those there, and can be undone", () => {
  const strokes = played([paint([[10, 10], [30, 10]])]);
  const before = volume(strokes);
  const values = new Uint8Array(37 * 43);
  values.fill(2, 10 * 43 + 20, 12 * 43);
  values.fill(3, 20 * 43, 20 * 43 + 5);
  strokes.files.set("a.npz", new Map([[2, values], [4, values]]));
  strokes.play({ do: "import", file: "a.npz" });
  assert.deepEqual([[10, 10], [20, 10], [0, 20], [0, 30]].map((at) => strokes.valueAt("z", 2, at)), [1, 2, 3, 0]);
  assert.equal(strokes.valueAt("z", 4, [25, 11]), 2);
  strokes.play({ do: "undo" });
  assert.deepEqual(volume(strokes), before);
  strokes.play({ do: "redo" });
  assert.equal(strokes.valueAt("z", 4, [25, 11]), 2);
});

test("classes change and change back", () => {
  const strokes = new Strokes(SHAPE);
  const [two, three] = [["a", "b"], ["a", "b", "c"]].map((names) => names.map((name) => ({ name })));
  strokes.play({ do: "classes", classes: two });
  strokes.play({ do: "classes", classes: three });
  strokes.play({ do: "undo" });
  assert.equal(strokes.classes, two);
});

test("whoever draws hears of every pixel that changes", () => {
  const heard = new Uint8Array(5 * 37 * 43);
  let isAll = false;
  const strokes = new Strokes(SHAPE, (z, y, first, last) => {
    if (z === undefined) isAll = true;
    else heard.fill(1, (z * 37 + y) * 43 + first, (z * 37 + y) * 43 + last);
  });
  for (const event of events(80, SHAPE, 5)) {
    const before = volume(strokes);
    heard.fill(0);
    isAll = false;
    strokes.play(event);
    volume(strokes).forEach((value, i) => assert.ok(value === before[i] || isAll || heard[i]));
  }
});

test("two hundred strokes are played in a moment", () => {
  const list = events(200, [8, 1024, 996], 6).filter((event) => event.tool !== "fill");
  const start = performance.now();
  played(list, [8, 1024, 996]);
  assert.ok(performance.now() - start < 1000);
});
