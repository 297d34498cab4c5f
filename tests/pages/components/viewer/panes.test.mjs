import assert from "node:assert/strict";
import { test } from "node:test";

import { arrange } from "../../../../pages/components/viewer/panes.js";

const SQUARE = { width: 1000, height: 1000 };

test("a lone pane is as wide as the room, and no higher than its picture", () => {
  assert.deepEqual(arrange(1, { width: 400, height: 640 }, SQUARE), { columns: 1, width: 400, height: 400 });
  assert.deepEqual(arrange(1, { width: 900, height: 640 }, SQUARE), { columns: 1, width: 900, height: 640 });
});

test("panes stand side by side where that makes their pictures larger, else in a grid", () => {
  assert.equal(arrange(2, { width: 1400, height: 640 }, SQUARE).columns, 2);
  assert.equal(arrange(4, { width: 2400, height: 640 }, SQUARE).columns, 4);
  assert.equal(arrange(4, { width: 1000, height: 1000 }, SQUARE).columns, 2);
  assert.equal(arrange(2, { width: 500, height: 1400 }, SQUARE).columns, 1);
});

test("all panes with their titles and gaps fit into the room", () => {
  for (const n of [2, 3, 4]) {
    const { columns, width, height } = arrange(n, { width: 1200, height: 700 }, { width: 996, height: 1024 });
    const rows = Math.ceil(n / columns);

    assert.ok(columns * width + (columns - 1) * 10 <= 1200);
    assert.ok(rows * (height + 26) + (rows - 1) * 10 <= 700);
  }
});

test("a picture stays large enough to be seen in a room without height", () => {
  assert.equal(arrange(1, { width: 800, height: 10 }, SQUARE).height, 80);
});
