/** Keys while painting: tools, sizes, classes, undo, and a cross that paints without a pointer. */

import { DONE } from "../viewer/keys.js";

const FAR = 10; // pixels of a step with Shift
const HELD_MS = 250; // Space pressed for longer was meant to move the picture

export const HELP = [
  ["b  e  l  g", "brush, eraser, straight line, fill"],
  ["[  ]", "smaller, larger brush"],
  ["1 … 8", "choose a class; with Shift color or clear its labels"],
  ["Ctrl + z", "undo; with Shift, or Ctrl + y, redo"],
  ["h, Space held", "hand: drag moves the picture, as two fingers do"],
  ["v", "strokes over labels, confidence, grey, alone"],
  ["arrows", "move the cross; with Shift ten pixels at a time"],
  ["Space, Enter", "put the brush down at the cross, lift it again"],
  ["Escape", "give up the stroke that is being painted"],
  ["n", "go where painting helps most"],
  ["Page up, Page down", "previous, next slice or plane"],
  ["wheel, pinch, + −", "zoom; f fits the whole slice"],
  ["Ctrl + arrows", "move the picture"],
  ["o", "next opacity"],
  ["s", "divider: grey left, colors right"],
  ["?", "this list"],
];

const TOOLS = { b: "brush", e: "eraser", g: "fill", l: "line", h: "hand" };
const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEPS = { PageUp: -1, PageDown: 1, ",": -1, ".": 1 };

/**
 * What a key asks for: a name, then what it needs; null if it is none of painting's. `on` says where it
 * was pressed: "picture", "button" or "field".
 */
export function actionOf(event, on, isPen) {
  const { key, code = "", shiftKey, ctrlKey, metaKey, altKey, isComposing } = event;
  const letter = key.toLowerCase();
  if (altKey || isComposing) return null;
  if (ctrlKey || metaKey) {
    if (letter === "z") return [shiftKey ? "redo" : "undo"];
    return letter === "y" ? ["redo"] : null;
  }
  const digit = code.match(/^(?:Digit|Numpad)([1-9])$/)?.[1] ?? key.match(/^[1-9]$/)?.[0];
  if (digit && on !== "field") return [shiftKey ? "toggleClass" : "chooseClass", Number(digit) - 1];
  if (TOOLS[letter] && !shiftKey) return ["choose", TOOLS[letter]];
  if (key === "[" || key === "]") return ["resizeBy", key === "[" ? -1 : 1];
  if (letter === "v") return ["nextUnder"];
  if (letter === "n") return ["goNext"];
  if (key === "Escape") return ["escape"];
  if (STEPS[key] && on !== "field") return ["step", STEPS[key]];
  if (on !== "picture" || !isPen) return null;
  if (DIRECTIONS[key]) return ["moveCross", ...DIRECTIONS[key].map((by) => by * (shiftKey ? FAR : 1))];
  return key === "Enter" ? ["press"] : null;
}

export class Keys {
  constructor(painting) {
    this.painting = painting;
    this.spaceAt = null; // since when Space is held
    const parts = { keydown: (event) => this.hear(event), keyup: (event) => this.onUp(event), blur: () => this.release() };
    for (const [name, listener] of Object.entries(parts)) addEventListener(name, listener);
    this.close = () => Object.entries(parts).forEach(([name, listener]) => removeEventListener(name, listener));
  }

  /** Keys pressed while nothing on the page has the focus are the picture's, too. */
  hear(event) {
    const { viewer, brush } = this.painting;
    if (event.target !== document.body || event.defaultPrevented || !viewer.root.clientWidth) return;
    const isOurs = event.ctrlKey || event.metaKey || TOOLS[event.key] || /^[[\]1-9]$/.test(event.key);
    if (isOurs || (event.key === " " && brush.pixel)) viewer.onKey(event);
  }

  actionFor(event, isField) {
    const { target } = event;
    const on = isField ? "field" : target.closest("button, a, summary") ? "button" : "picture";
    if (event.key === " " && on === "picture") return this.onSpace(event);
    const action = actionOf(event, on, this.painting.session.tool !== "hand");
    if (!action) return null;
    const [name, ...needs] = action;
    if (name === "step") return action;
    const owner = name in this.painting.cross ? this.painting.cross : this.painting;
    return owner[name](...needs) === false ? null : DONE;
  }

  /** Space paints at the cross; where there is none, it is the hand while it is held. */
  onSpace({ repeat }) {
    if (repeat) return DONE;
    if (this.painting.brush.isCursor) this.painting.cross.press();
    else {
      this.spaceAt = performance.now();
      this.painting.hold(true);
    }
    return DONE;
  }

  onUp({ key }) {
    if (key !== " " || this.spaceAt == null) return;
    const isTap = performance.now() - this.spaceAt < HELD_MS && !this.painting.hasMoved;
    this.release();
    if (isTap) this.painting.cross.press();
  }

  release() {
    if (this.spaceAt == null) return;
    this.spaceAt = null;
    this.painting.hold(false);
  }
}
