/** The confusion matrix in the browser: a table whose cells are buttons. */

import { make, swatch } from "./shared/elements.js";

function className({ name, color }, scope) {
  return make("th", { scope }, swatch(color), name);
}

function cellButton(cell, place, isPressed) {
  const attributes = { type: "button", title: cell.title, "aria-label": cell.title };
  const button = make("button", { ...attributes, "aria-pressed": String(isPressed) }, cell.text);
  Object.assign(button.style, { background: cell.color, color: cell.ink });
  button.dataset.cell = place.join();
  return button;
}

export default function render({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".confusion");
  if (!root || !data) return;
  const focused = root.getRootNode().activeElement?.dataset.cell;
  const { classes, cells, selected } = data;
  const across = make("th", { colspan: classes.length, scope: "colgroup" }, "predicted");
  const head = make("thead", {}, make("tr", {}, make("td", { class: "names" }), across));
  const names = make("tr", {}, make("th", { class: "side" }, "true"));
  names.append(...classes.map((material) => className(material, "col")));
  head.append(names);
  const body = make("tbody");
  cells.forEach((row, r) => {
    const line = make("tr", {}, className(classes[r], "row"));
    row.forEach((cell, c) => {
      line.append(make("td", {}, cellButton(cell, [r, c], String(selected) === String([r, c]))));
    });
    body.append(line);
  });
  root.replaceChildren(make("table", {}, head, body));
  root.querySelector(`[data-cell="${focused}"]`)?.focus();

  root.onclick = (event) => {
    const pressed = event.target.closest("button");
    if (!pressed) return;
    const isNew = pressed.getAttribute("aria-pressed") !== "true";
    for (const button of root.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(isNew && button === pressed));
    }
    setTriggerValue("pressed", isNew ? pressed.dataset.cell.split(",").map(Number) : []);
  };
}
