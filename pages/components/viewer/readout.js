/** What stands under the pointer, and the scale bar. */

import { clamp } from "../shared/clamp.js";
import { make } from "../shared/elements.js";
import { IGNORED } from "./colors.js";
import { valuesOf } from "./pictures.js";

// What the columns, the rows and the number of a plane along an axis count
const COUNTED = { z: ["x", "y", "z"], y: ["x", "z", "y"], x: ["y", "z", "x"] };

/** The words on a pixel, [name, value] each. `header` is what Python said of the slice. */
export function wordsOn(spot, slice, header) {
  const index = spot.y * slice.width + spot.x;
  const { grey } = slice.panes[0];
  const [across, down, along] = COUNTED[header.axis ?? "z"];
  const words = [[across, spot.x], [down, spot.y]];
  if (header.nSlices > 1) words.push([along, slice.z]);
  words.push(["grey", `${grey.isExact ? "" : "≈ "}${valuesOf(grey)[index]}`]);
  const isCompared = slice.panes.filter(({ labels }) => labels).length > 1;
  slice.panes.forEach(({ labels, confidence }, i) => {
    const title = isCompared ? header.panes[i].title : "";
    if (labels) words.push([title, className(valuesOf(labels)[index], header.classes)]);
    if (confidence) words.push(["confidence", `${valuesOf(confidence)[index]} %`]);
  });
  return words;
}

function className(value, classes) {
  const found = classes.find((material) => material.value === value);
  return found?.name ?? (value === IGNORED ? "no label" : `label ${value}`);
}

/** Show words in the corner where the pointer is not; without words hide. */
export function showWords(readout, words, isAbove = false) {
  readout.hidden = !words;
  if (words) readout.classList.toggle("above", isAbove);
  const spans = (words ?? []).map(([name, value]) => make("span", {}, name && make("i", {}, name), ` ${value}`));
  readout.replaceChildren(...spans);
}

/** Length on the screen and text of a scale bar that suits a pane; without a voxel size it counts pixels. */
export function scaleBar(scale, paneWidth, voxelSizeUm) {
  const unit = voxelSizeUm || 1; // micrometres, or pixels
  const length = niceLength((clamp(paneWidth / 4, 56, 150) / scale) * unit);
  return { width: (length / unit) * scale, text: lengthText(length, Boolean(voxelSizeUm)) };
}

/** The longest of 1, 2, 5, 10, … that fits. */
function niceLength(longest) {
  const power = 10 ** Math.floor(Math.log10(longest));
  return [5, 2, 1].map((digit) => digit * power).find((length) => length <= longest);
}

function lengthText(length, inMicrometres) {
  if (!inMicrometres) return `${length} px`;
  return length >= 1000 ? `${length / 1000} mm` : `${length} µm`;
}
