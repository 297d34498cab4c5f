/** Elements of the page, made alike in all components. */

/**
 * Make an element; texts are set as text, never as markup. Of the attributes, `on…` is a listener,
 * `true` is set without a value; `false`, null and undefined are left out.
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element[name] = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Make an element of a drawing. */
export function makeSvg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** A spot in the color of a class; each style sheet says how it is filled. */
export function swatch(color) {
  const element = make("i", { class: "swatch" });
  element.style.setProperty("--class-color", color);
  return element;
}
