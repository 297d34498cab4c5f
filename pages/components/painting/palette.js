/** Tools, brush size, what is seen under the strokes, and whether all is saved. */

import { make } from "../shared/elements.js";
import { icon } from "../viewer/icons.js";
import { SAVING } from "./strokes/sync.js";

const PATIENCE_MS = 500; // what is saved sooner need not be said
const NOTICE_MS = 6000;
const LARGEST = 199;
const ENDS = 100; // of the slider, which is finer for small brushes

const TOOLS = [
  ["brush", "Brush (b)"],
  ["eraser", "Eraser (e)"],
  ["line", "Straight line (l)"],
  ["fill", "Fill what is outlined (g)"],
  ["hand", "Move the picture (h, or hold Space)"],
];
export const UNDERS = [
  ["labels", "Labels", "Strokes over what is learned from them (v)"],
  ["confidence", "Confidence", "Strokes over how sure it is (v)"],
  ["grey", "Grey", "Strokes over grey (v)"],
  ["alone", "Strokes", "Strokes alone (v)"],
];

const toSlider = (size) => Math.round(ENDS * Math.sqrt((size - 1) / (LARGEST - 1)));
const toSize = (value) => Math.round(1 + (LARGEST - 1) * (value / ENDS) ** 2);

export class Palette {
  constructor(painting) {
    this.painting = painting;
    this.tools = this.buildGroup("Tool", TOOLS, (name) => painting.choose(name), true);
    this.undo = this.button("undo", "Undo (Ctrl + z)", () => painting.undo());
    this.redo = this.button("redo", "Redo (Ctrl + Shift + z)", () => painting.redo());
    this.unders = this.buildGroup("Seen under the strokes", UNDERS, (name) => painting.see(name), false);
    this.slider = make("input", { type: "range", min: 0, max: ENDS, "aria-label": "Size of the brush" });
    this.slider.oninput = () => painting.session.resize(toSize(Number(this.slider.value)));
    this.sizeText = make("span", { class: "size-text" });
    this.size = make("label", { class: "field size", title: "Size of the brush ([ ])" }, this.slider, this.sizeText);
    const history = make("div", { class: "group", role: "group", "aria-label": "History" });
    history.append(this.undo, this.redo);
    this.bar = make("div", { class: "paint-bar", role: "toolbar", "aria-label": "Painting" });
    this.bar.append(this.tools.root, this.size, history, this.unders.root);
    this.next = make("button", { type: "button", class: "quiet", hidden: true }, icon("target"), "Paint here next");
    this.next.onclick = () => painting.cross.goNext();
    this.status = make("span", { class: "status" });
    this.end = make("div", { class: "paint-end" }, this.status, this.next);
    this.words = make("p", { class: "words", hidden: true });
  }

  close() {
    clearTimeout(this.slow);
    clearTimeout(this.noticed);
  }

  button(name, label, onclick) {
    return make("button", { type: "button", class: "icon", title: label, "aria-label": label, "data-tool": name, onclick }, icon(name));
  }

  buildGroup(label, entries, choose, hasIcons) {
    const buttons = new Map();
    for (const [name, words, title] of entries) {
      const attributes = { type: "button", class: "part", title, "data-under": name, onclick: () => choose(name) };
      buttons.set(name, hasIcons ? this.button(name, words, () => choose(name)) : make("button", attributes, words));
    }
    const root = make("div", { class: hasIcons ? "group" : "group segmented", role: "group", "aria-label": label });
    root.append(...buttons.values());
    const show = (chosen) => buttons.forEach((button, name) => button.setAttribute("aria-pressed", String(name === chosen)));
    return { root, show, buttons };
  }

  show() {
    const { session, under } = this.painting;
    this.tools.show(session.tool);
    this.unders.show(under);
    this.unders.buttons.get("confidence").hidden = !this.painting.paint?.doubt;
    this.slider.value = toSlider(session.size);
    this.slider.setAttribute("aria-valuetext", `${session.size} pixels`);
    this.sizeText.textContent = `${session.size} px`;
    this.undo.disabled = !session.strokes.canUndo;
    this.redo.disabled = !session.strokes.canRedo;
  }

  /** Say whether all is saved: what takes a moment is not worth a word. */
  showStatus({ text, message, isLost }) {
    if (message) this.notice(message);
    clearTimeout(this.slow);
    if (text === SAVING) this.slow = setTimeout(() => this.say(text, false), PATIENCE_MS);
    else this.say(text, isLost);
  }

  /** Say below the picture what must be known to read it. */
  explain(text) {
    this.words.hidden = !text;
    this.words.textContent = text;
  }

  say(text, isLost) {
    if (isLost && !this.isLost) this.painting.announce(text);
    Object.assign(this, { text, isLost });
    this.showWords();
  }

  /** Say something for a while in place of the state. */
  notice(text) {
    clearTimeout(this.noticed);
    this.noticeText = text;
    this.noticed = setTimeout(() => this.notice(""), NOTICE_MS);
    this.showWords();
  }

  showWords() {
    this.status.textContent = this.noticeText || this.text || "";
    this.status.classList.toggle("lost", Boolean(this.noticeText || this.isLost));
  }
}
