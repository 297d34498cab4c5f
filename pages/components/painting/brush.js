/** What shows where the brush is: its outline at true size, pixel by pixel, and the cross of the keyboard. */

import { makeSvg } from "../shared/elements.js";
import { segmentRows } from "./strokes/raster.js";

const ARM = 14; // CSS pixels of the cross, beyond the brush
const LEAST_GAP = 5;

const outlines = new Map(); // size -> path

/** The border of the pixels that one touch of a brush paints, around the middle of pixel (0, 0). */
export function outlineOf(size) {
  if (!outlines.has(size)) outlines.set(size, makeOutline(size));
  return outlines.get(size);
}

function makeOutline(size) {
  const middle = Math.ceil(size / 2);
  const rows = [];
  const plane = { width: 2 * middle + 1, height: 2 * middle + 1 };
  segmentRows([middle, middle], [middle, middle], size, plane, (y, first, last) => rows.push([y, first, last]));
  const place = (x, y) => `${x - middle - 0.5} ${y - middle - 0.5}`;
  const down = rows.flatMap(([y, , last]) => [place(last, y), place(last, y + 1)]);
  const up = rows.reverse().flatMap(([y, first]) => [place(first, y + 1), place(first, y)]);
  return `M${[...down, ...up].join("L")}Z`;
}

/** Four arms around a gap, in CSS pixels. */
function crossAround(gap) {
  const end = gap + ARM;
  return `M${-end} 0H${-gap}M${gap} 0H${end}M0 ${-end}V${-gap}M0 ${gap}V${end}`;
}

export class Brush {
  constructor(painting) {
    this.painting = painting;
    this.overlays = [];
    this.pixel = null; // where the brush is: a whole pixel of the plane
    this.isCursor = false; // moved by keys, not by a pointer
  }

  overlay() {
    const lines = ["halo", "line"].map((name) => makeSvg("path", { class: name }));
    const cross = makeSvg("g", {}, ...["halo", "line"].map((name) => makeSvg("path", { class: name })));
    const outline = makeSvg("g", {}, ...lines);
    const svg = makeSvg("svg", { class: "brush", "aria-hidden": "true" }, outline, cross);
    this.overlays.push({ svg, outline, lines, cross });
    return svg;
  }

  /** Move to a pixel; null: nowhere. */
  moveTo(pixel, isCursor = false) {
    Object.assign(this, { pixel, isCursor });
    this.draw();
  }

  draw() {
    const { viewer, session, isPen } = this.painting;
    const isShown = Boolean(this.pixel && isPen && viewer.slice);
    const isDisc = isShown && session.tool !== "fill";
    this.overlays = this.overlays.filter(({ svg }) => svg.isConnected || !svg.wasSeen);
    for (const { svg, outline, lines, cross } of this.overlays) {
      svg.wasSeen ||= svg.isConnected;
      outline.toggleAttribute("hidden", !isDisc);
      cross.toggleAttribute("hidden", !isShown || !this.isCursor);
      if (!isShown) continue;
      const { view } = viewer;
      const [x, y] = this.pixel;
      const at = view.toPane({ x: x + 0.5, y: y + 0.5 });
      outline.setAttribute("transform", `translate(${at.x} ${at.y}) scale(${view.scale})`);
      cross.setAttribute("transform", `translate(${at.x} ${at.y})`);
      setPath(lines, outlineOf(session.size));
      const reach = isDisc ? (session.size / 2) * view.scale : 0;
      setPath([...cross.children], crossAround(Math.round(reach) + LEAST_GAP));
    }
  }
}

function setPath(lines, path) {
  if (lines[0].getAttribute("d") !== path) for (const line of lines) line.setAttribute("d", path);
}
