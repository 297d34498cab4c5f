import assert from "node:assert/strict";
import { test } from "node:test";

import { MAX_SCALE, View } from "../../../../pages/components/viewer/view.js";

const PANE = { width: 640, height: 480 };
const SLICE = { width: 996, height: 1024 };
const CLOSE = { scale: 4, x: 400, y: 500 };

const close = (found, expected) => {
  for (const axis of ["x", "y"]) assert.ok(Math.abs(found[axis] - expected[axis]) < 1e-9, `${axis}: ${found[axis]}`);
};
/** The image point, not only the pixel, at a place. */
const pointAt = (view, place) => ({
  x: view.x + (place.x - PANE.width / 2) / view.scale,
  y: view.y + (place.y - PANE.height / 2) / view.scale,
});

test("at first the whole slice is seen, as large as the pane allows", () => {
  const view = new View(PANE, SLICE, null);

  assert.equal(view.scale, 480 / 1024);
  close(view, { x: 498, y: 512 });
  assert.ok(view.isFit);
  assert.equal(view.chosen, null);
});

for (const factor of [0.7, 1.5, 3]) {
  test(`a zoom by ${factor} keeps the image point under the pointer`, () => {
    const place = { x: 500, y: 100 };
    const before = new View(PANE, SLICE, CLOSE);

    const after = before.zoomedBy(factor, place);

    assert.equal(after.scale, 4 * factor);
    close(pointAt(after, place), pointAt(before, place));
  });
}

test("without a pointer a zoom keeps the middle", () => {
  close(new View(PANE, SLICE, CLOSE).zoomedBy(2), CLOSE);
});

test("zooming ends at the whole slice and at the largest scale", () => {
  const view = new View(PANE, SLICE, CLOSE);

  assert.equal(view.zoomedBy(1e6).scale, MAX_SCALE);
  assert.ok(view.zoomedBy(1e-6).isFit);
  assert.equal(view.zoomedBy(1e-6).chosen, null);
});

test("a slice smaller than the pane can hold at the largest scale is still seen whole", () => {
  const view = new View({ width: 640, height: 640 }, { width: 4, height: 4 }, null);

  assert.equal(view.scale, 160);
  assert.equal(view.zoomedBy(2).scale, 160);
});

test("a drag moves what is under the pointer along with it", () => {
  const before = new View(PANE, SLICE, CLOSE);

  const after = before.movedBy(30, -20);

  close(pointAt(after, { x: 130, y: 80 }), pointAt(before, { x: 100, y: 100 }));
});

test("an edge comes no further in than where it stands at full view", () => {
  for (const [right, down] of [[1e6, 1e6], [-1e6, -1e6]]) {
    const view = new View(PANE, SLICE, CLOSE).movedBy(right, down);
    const fit = new View(PANE, SLICE, null);
    const corner = right > 0 ? { x: 0, y: 0 } : { x: SLICE.width, y: SLICE.height };

    close(view.toPane(corner), fit.toPane(corner));
  }
});

test("the whole slice cannot be moved", () => {
  close(new View(PANE, SLICE, null).movedBy(50, 50), { x: 498, y: 512 });
});

test("in a pane of another size the same part of the slice is as much larger than at full view", () => {
  const small = new View(PANE, SLICE, CLOSE).resized({ width: 320, height: 240 });

  assert.equal(small.scale, 2);
  close(small, CLOSE);
});

test("places on the pane and image pixels answer each other", () => {
  const view = new View(PANE, SLICE, CLOSE);

  assert.deepEqual(view.pixelAt(view.toPane({ x: 420.5, y: 480.5 })), { x: 420, y: 480 });
});

test("beside the slice there is no pixel, but a nearest one", () => {
  const view = new View(PANE, SLICE, null);

  assert.equal(view.pixelAt({ x: 0, y: 240 }), null);
  assert.deepEqual(view.nearestPixel({ x: 0, y: 479.9 }), { x: 0, y: 1023 });
  assert.deepEqual(view.nearestPixel({ x: 639, y: -5 }), { x: 995, y: 0 });
});
