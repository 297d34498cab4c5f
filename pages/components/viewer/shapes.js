/** Circles and boxes over a slice: geometry without a page, in pixels from the slice's upper left corner. */

import { clamp } from "../shared/clamp.js";

const N_NUMBERS = { circle: 3, box: 4 }; // x, y, radius; left, top, right, bottom
export const MOVE = "move"; // the grip that moves a shape; the others are named after directions
const GRIPS = { circle: ["nw", "ne", "se", "sw"], box: ["nw", "n", "ne", "e", "se", "s", "sw", "w"] };
const NAMES = { circle: ["x", "y", "radius"], box: ["left", "top", "right", "bottom"] };

/** What a text as "circle:120,90,61" describes; null where there is nothing to drag. */
export function parseShape(text) {
  const [kind, rest = ""] = (text ?? "").split(":");
  const numbers = rest.split(",").map(Number);
  return numbers.length === N_NUMBERS[kind] && numbers.every(Number.isFinite) ? { kind, numbers } : null;
}

export const textOf = ({ kind, numbers }) => `${kind}:${numbers.join()}`;

/** The numbers of a shape in words, [name, value] each. */
export const wordsOf = ({ kind, numbers }) => numbers.map((number, i) => [NAMES[kind][i], number]);

/** Where a shape is taken hold of: { name, x, y } each, its middle first. */
export function gripsOf(shape) {
  const { left, top, right, bottom } = boundsOf(shape);
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  const reach = shape.kind === "circle" ? Math.SQRT1_2 : 1; // those of a circle lie on it
  const at = (name) => ({
    name,
    x: x + (name.includes("e") - name.includes("w")) * reach * (right - x),
    y: y + (name.includes("s") - name.includes("n")) * reach * (bottom - y),
  });
  return [{ name: MOVE, x, y }, ...GRIPS[shape.kind].map(at)];
}

function boundsOf({ kind, numbers }) {
  if (kind === "box") {
    const [left, top, right, bottom] = numbers;
    return { left, top, right, bottom };
  }
  const [x, y, radius] = numbers;
  return { left: x - radius, top: y - radius, right: x + radius, bottom: y + radius };
}

/** A shape after a grip was dragged from one point to another, in whole pixels; some of it stays in the slice. */
export function dragged(shape, grip, from, to, slice) {
  const by = { x: to.x - from.x, y: to.y - from.y };
  const change = shape.kind === "circle" ? draggedCircle : draggedBox;
  return { kind: shape.kind, numbers: change(shape.numbers, grip, by, slice) };
}

function draggedCircle([x, y, radius], grip, by, { width, height }) {
  if (grip === MOVE) return [clamp(Math.round(x + by.x), 0, width), clamp(Math.round(y + by.y), 0, height), radius];
  const side = radius * Math.SQRT1_2;
  const at = (axis, after, before) => (grip.includes(after) ? side : -side) + by[axis];
  const reach = Math.hypot(at("x", "e", "w"), at("y", "s", "n"));
  return [x, y, clamp(Math.round(reach), 1, Math.ceil(Math.hypot(width, height)))];
}

function draggedBox([left, top, right, bottom], grip, by, { width, height }) {
  if (grip === MOVE) {
    const [x, y] = [shift(left, right, by.x, width), shift(top, bottom, by.y, height)];
    return [left + x, top + y, right + x, bottom + y];
  }
  const moved = (place, change, low, high) => clamp(Math.round(place + change), low, Math.max(low, high));
  return [
    grip.includes("w") ? moved(left, by.x, 0, right - 1) : left,
    grip.includes("n") ? moved(top, by.y, 0, bottom - 1) : top,
    grip.includes("e") ? moved(right, by.x, left + 1, width) : right,
    grip.includes("s") ? moved(bottom, by.y, top + 1, height) : bottom,
  ];
}

/** How far a stretch is moved; what lies within the slice does not leave it. */
function shift(start, end, by, length) {
  return clamp(Math.round(by), Math.min(0, -start), Math.max(0, length - end));
}

/** The outline of a shape as a path. */
export function pathOf({ kind, numbers }) {
  if (kind === "box") {
    const [left, top, right, bottom] = numbers;
    return `M${left} ${top}H${right}V${bottom}H${left}Z`;
  }
  const [x, y, radius] = numbers;
  return `M${x - radius} ${y}a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0Z`;
}

/** Closed polygons, [x, y, x, y, …] each, as a path. */
export function pathThrough(polygons) {
  return polygons.map((points) => `M${points.join(" ")}Z`).join("");
}
