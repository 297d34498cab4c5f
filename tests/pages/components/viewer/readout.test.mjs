import assert from "node:assert/strict";
import { test } from "node:test";

import { scaleBar, wordsOn } from "../../../../pages/components/viewer/readout.js";

const picture = (values, isExact = true) => ({ values: Uint8Array.from(values), isExact });
const CLASSES = [{ value: 0, name: "air" }, { value: 1, name: "clay" }];
const slice = (...panes) => ({ z: 5, width: 2, height: 2, panes });
const GREY = picture([10, 20, 30, 40]);
const SPOT = { x: 1, y: 1 };

const header = (nSlices, ...titles) => ({ nSlices, classes: CLASSES, panes: titles.map((title) => ({ title })) });

test("a pixel is told by its place, grey value and class", () => {
  const words = wordsOn(SPOT, slice({ grey: GREY, labels: picture([0, 0, 0, 1]) }), header(12, "Labels"));

  assert.deepEqual(words, [["x", 1], ["y", 1], ["z", 5], ["grey", "40"], ["", "clay"]]);
});

test("a single slice has no z, and a JPEG only about a grey value", () => {
  const words = wordsOn(SPOT, slice({ grey: picture([1, 2, 3, 4], false) }), header(1, "Grey"));

  assert.deepEqual(words, [["x", 1], ["y", 1], ["grey", "≈ 4"]]);
});

test("where labels are compared each is told with its pane, and what nobody labelled", () => {
  const panes = [0, 255].map((value) => ({ grey: GREY, labels: picture([0, 0, 0, value]) }));

  const words = wordsOn(SPOT, slice(...panes), header(1, "Truth", "Prediction"));

  assert.deepEqual(words.slice(3), [["Truth", "air"], ["Prediction", "no label"]]);
});

test("a label without a class keeps its number, and confidence is told in percent", () => {
  const pane = { grey: GREY, labels: picture([0, 0, 0, 9]), confidence: picture([0, 0, 0, 87]) };

  const words = wordsOn(SPOT, slice(pane), header(1, "Confidence"));

  assert.deepEqual(words.slice(3), [["", "label 9"], ["confidence", "87 %"]]);
});

test("a scale bar is a round length at every scale, and as long as it says", () => {
  for (let scale = 0.01; scale < 64; scale *= 1.13) {
    const { width, text } = scaleBar(scale, 640, 2.2315);
    const [number, unit] = text.split(" ");
    const length = Number(number) * (unit === "mm" ? 1000 : 1);

    assert.match(Number(number).toExponential(), /^[125]e/);
    assert.ok(Math.abs(width - (length / 2.2315) * scale) < 1e-9);
    assert.ok(width <= 150 && width > 150 / 2.51, `${text} is ${width} px at ${scale}`);
  }
});

test("a scale bar counts pixels without a voxel size, and mm from a thousand micrometres", () => {
  assert.deepEqual(scaleBar(1, 640, null), { width: 100, text: "100 px" });
  assert.equal(scaleBar(1, 640, 10).text, "1 mm");
  assert.equal(scaleBar(1, 640, 9).text, "1 mm");
  assert.equal(scaleBar(1, 640, 5).text, "500 µm");
});
