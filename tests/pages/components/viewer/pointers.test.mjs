import assert from "node:assert/strict";
import { test } from "node:test";

import { linesAt, wheelFactor } from "../../../../pages/components/viewer/pointers.js";
import { View } from "../../../../pages/components/viewer/view.js";

const VIEW = new View({ width: 400, height: 400 }, { width: 100, height: 100 }, null); // 4 screen pixels each
const MARKER = [50, 20]; // its lines cross at (202, 82)

test("a pointer takes hold of the line it is near, and of both where they cross", () => {
  assert.deepEqual(linesAt({ x: 205, y: 300 }, MARKER, VIEW), [true, false]);
  assert.deepEqual(linesAt({ x: 20, y: 78 }, MARKER, VIEW), [false, true]);
  assert.deepEqual(linesAt({ x: 200, y: 80 }, MARKER, VIEW), [true, true]);
  assert.equal(linesAt({ x: 209, y: 90 }, MARKER, VIEW), null);
});

test("a finger reaches further than a mouse", () => {
  assert.deepEqual(linesAt({ x: 215, y: 300 }, MARKER, VIEW, "touch"), [true, false]);
  assert.equal(linesAt({ x: 215, y: 300 }, MARKER, VIEW, "mouse"), null);
  assert.equal(linesAt({ x: 215, y: 300 }, MARKER, VIEW, "pen"), null);
});

test("a turn of the wheel and back again leaves the zoom as it was", () => {
  const turn = (deltaY, more = {}) => wheelFactor({ deltaY, deltaMode: 0, ctrlKey: false, ...more });

  assert.ok(turn(-100) > 1);
  assert.ok(Math.abs(turn(-100) * turn(100) - 1) < 1e-12);
  assert.equal(turn(-1000), turn(-240)); // one turn never jumps
  assert.equal(turn(-3, { deltaMode: 1 }), turn(-48)); // lines
  assert.ok(turn(-10, { ctrlKey: true }) > turn(-10)); // two fingers on a pad
});
