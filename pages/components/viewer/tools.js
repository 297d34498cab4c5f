/** What stands around the panes: legend, buttons, the panels they open, and the slider of slices. */

import { make, swatch } from "../shared/elements.js";
import { icon } from "./icons.js";
import { HELP } from "./keys.js";
import { hasSwitch, isColoredByLabels } from "./pictures.js";

const TOGGLES = ["swipe", "outline", "errors", "contrast", "help"];

// Icon, label, and what a press asks the viewer for: an action and what it needs
const BUTTONS = [
  ["swipe", "Divider: grey left, colors right (s)", "toggle", "swipe"],
  ["outline", "Outlines instead of fills", "toggle", "outline"],
  ["errors", "Errors only (e)", "toggle", "errors"],
  ["contrast", "Brightness and contrast", "toggle", "contrast"],
  ["zoomOut", "Zoom out (−)", "zoomBy", 1 / 1.5],
  ["zoomIn", "Zoom in (+)", "zoomBy", 1.5],
  ["fit", "Fit the whole slice (f)", "fit"],
  ["full", "Full screen", "fullScreen"],
  ["help", "Keys (?)", "toggle", "help"],
];

export class Tools {
  constructor(viewer) {
    this.viewer = viewer;
    this.legend = make("div", { class: "legend", role: "group", "aria-label": "Classes" });
    this.buttons = Object.fromEntries(BUTTONS.map(([name, ...rest]) => [name, this.button(name, ...rest)]));
    const named = { type: "range", min: 0, max: 100, "aria-label": "Opacity of the colors" };
    this.opacity = make("input", { ...named, oninput: () => viewer.change({ opacity: this.opacity.value / 100 }) });
    const title = "Opacity of the colors (o)";
    this.opacityField = make("label", { class: "field", title }, "Opacity", this.opacity);
    this.tools = make("div", { class: "tools", role: "toolbar", "aria-label": "View" });
    this.tools.append(this.opacityField, ...Object.values(this.buttons));
    this.bar = make("div", { class: "bar" }, this.legend, this.tools);
    this.contrastPanel = this.buildContrast();
    const lines = (viewer.painting?.help ?? HELP).map(([keys, effect]) => make("div", {}, make("dt", {}, keys), make("dd", {}, effect)));
    this.helpPanel = make("dl", { class: "panel help", hidden: true }, ...lines);
    this.stepper = this.buildStepper();
  }

  button(name, label, ...action) {
    const state = TOGGLES.includes(name) ? { "aria-pressed": "false" } : {};
    const attributes = { type: "button", class: "icon", "data-action": name, title: label, "aria-label": label };
    return make("button", { ...attributes, ...state, onclick: () => this.viewer.act(action) }, icon(name));
  }

  buildContrast() {
    const slider = (name, label) => {
      const input = make("input", { type: "range", min: 0, max: 255, "data-window": name });
      input.oninput = () => this.viewer.setWindow(name, Number(input.value));
      this[name] = input;
      return make("label", { class: "field" }, label, input);
    };
    const sliders = [slider("low", "Black at"), slider("high", "White at")];
    const onclick = () => this.viewer.change({ low: 0, high: 255 });
    const reset = make("button", { type: "button", class: "quiet", onclick }, "Reset");
    this.exact = make("input", { type: "checkbox", onchange: () => this.viewer.chooseExact(this.exact.checked) });
    const title = "Every grey value as it was measured, not compressed; takes longer to load";
    this.exactField = make("label", { class: "field", title }, this.exact, "Exact grey values");
    return make("div", { class: "panel contrast", hidden: true }, ...sliders, reset, this.exactField);
  }

  buildStepper() {
    this.slider = make("input", { type: "range", min: 0, "aria-label": "Slice" });
    this.slider.oninput = () => this.viewer.goTo(Number(this.slider.value));
    this.count = make("span", { class: "count", title: "z counts from 0" });
    const previous = this.button("previous", "Previous slice (←)", "step", -1);
    const next = this.button("next", "Next slice (→)", "step", 1);
    return make("div", { class: "stepper" }, previous, this.slider, next, this.count);
  }

  /** One chip per class; made anew only when the classes change. */
  buildLegend(classes) {
    const text = JSON.stringify(classes);
    if (text === this.legendText) return;
    this.legendText = text;
    const chips = classes.map(({ value, name, color, description }, index) => {
      const effect = this.viewer.painting?.chipTitle ?? "Color or clear";
      const title = `${description ? `${name}: ${description}. ` : ""}${effect} (${index + 1})`;
      const onclick = () => this.viewer.pressClass(value, index);
      const attributes = { type: "button", class: "chip", title, "data-value": value, onclick };
      return make("button", attributes, swatch(color), name);
    });
    this.legend.replaceChildren(...chips);
  }

  /** A narrow bar has no room for the slider of the opacity. */
  placeOpacity(isNarrow) {
    const place = isNarrow ? this.contrastPanel : this.tools;
    if (this.opacityField.parentNode !== place) place.prepend(this.opacityField);
  }

  /** Show what can be chosen, and what is. */
  show() {
    const { choices, header, slice, painting } = this.viewer;
    const panes = slice?.panes ?? [];
    const { swipe, outline, errors, full } = this.buttons;
    for (const name of TOGGLES) this.buttons[name].setAttribute("aria-pressed", String(Boolean(choices[name])));
    swipe.hidden = !panes.some(({ labels, picture }) => labels || picture);
    outline.hidden = this.opacityField.hidden = !panes.some(isColoredByLabels);
    this.legend.hidden = outline.hidden && !painting;
    errors.hidden = !panes.some(hasSwitch);
    errors.title = `Only ${header.pictureName} (e)`;
    errors.setAttribute("aria-label", errors.title);
    full.setAttribute("aria-pressed", String(this.viewer.isFull));
    this.contrastPanel.hidden = !choices.contrast;
    this.helpPanel.hidden = !choices.help;
    this.exactField.hidden = header.exact == null;
    this.exact.checked = Boolean(choices.exact);
    this.opacity.value = Math.round(choices.opacity * 100);
    this.low.value = choices.low;
    this.high.value = choices.high;
    [...this.legend.children].forEach((chip, index) => {
      const isClear = Boolean(choices.hidden?.has(Number(chip.dataset.value)));
      chip.setAttribute("aria-pressed", String(painting ? painting.isChosen(index) : !isClear));
      chip.classList.toggle("clear", isClear);
    });
  }

  showSlice(z, text) {
    const { header: { nSlices, stepper }, isFull } = this.viewer;
    this.stepper.hidden = nSlices < 2 || (stepper === false && !isFull); // the page's own is not seen then
    this.slider.max = nSlices - 1;
    this.slider.value = z;
    this.slider.setAttribute("aria-valuetext", text);
    this.count.textContent = text;
  }
}
