/** What each key asks for. */

export const DONE = ["done"]; // the action of a key whose work is done already

export const HELP = [
  ["wheel, pinch, + −", "zoom"],
  ["drag, Ctrl + arrows", "move the picture, or a cross-hair's line"],
  ["double-click, f", "fit the whole slice"],
  ["← →", "previous, next slice; with Shift ten at a time"],
  ["1 … 8", "color or clear a class"],
  ["o", "next opacity"],
  ["s", "divider: grey left, colors right"],
  ["e", "errors only, where there are any"],
  ["?", "this list"],
];

const ACTIONS = {
  "+": ["zoomBy", 1.5],
  "=": ["zoomBy", 1.5], // the same key without Shift
  "-": ["zoomBy", 1 / 1.5],
  f: ["fit"],
  o: ["nextOpacity"],
  s: ["toggle", "swipe"],
  e: ["toggle", "errors"],
  "?": ["toggle", "help"],
};

const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * The action a key asks for: a name, then what it needs; null if it is left to the page.
 *
 * `isField`: it was pressed in a slider or a field, which have their own use for arrows and digits.
 */
export function actionFor({ key, shiftKey, ctrlKey, metaKey, altKey, isComposing }, isField, classes) {
  const direction = DIRECTIONS[key];
  if (altKey || isComposing || (isField && direction)) return null;
  if (ctrlKey || metaKey) return direction ? ["goTowards", ...direction] : null;
  if (direction) return direction[0] ? ["step", direction[0] * (shiftKey ? 10 : 1)] : null;
  if (!/^[1-8]$/.test(key)) return ACTIONS[key] ?? null;
  const found = classes[Number(key) - 1];
  return found && !isField ? ["toggleClass", found.value] : null;
}
