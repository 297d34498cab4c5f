/** The two cuts across the slices: a press or a drag moves the lines where the other planes meet. */

import { clamp } from "./shared/clamp.js";
import { make } from "./shared/elements.js";

const SEND_EVERY_MS = 150;

const cuts = new WeakMap(); // root element -> the two cuts

class Cut {
  constructor() {
    this.name = make("b");
    this.place = make("span");
    this.image = make("img", { draggable: "false" });
    this.upright = make("i", { class: "upright" });
    this.level = make("i", { class: "level" });
    this.frame = make("div", { class: "cut", role: "application", tabindex: "0" }, this.image, this.upright, this.level);
    this.figure = make("figure", {}, make("figcaption", {}, this.name, this.place), this.frame);
    this.frame.onpointerdown = (event) => {
      this.frame.setPointerCapture(event.pointerId);
      this.isHeld = true;
      this.moveTo(event);
    };
    this.frame.onpointermove = (event) => this.isHeld && this.moveTo(event);
    this.frame.onpointerup = this.frame.onpointercancel = () => (this.isHeld = false);
    this.frame.onkeydown = (event) => this.onKey(event);
  }

  update(view, send) {
    Object.assign(this, { view, send });
    this.name.textContent = view.plane;
    this.place.textContent = view.cut;
    if (this.image.src !== view.picture) this.image.src = view.picture;
    this.image.alt = view.text;
    this.frame.style.width = `calc(min(100%, ${view.widest}px) * ${view.share})`; // one scale for both
    this.frame.setAttribute("aria-label", `${view.text}. Arrow keys move the lines.`);
    if (!this.isHeld && !this.timer) this.draw(view.at);
  }

  draw(at) {
    this.at = at;
    this.upright.style.left = `${(100 * (at[0] + 0.5)) / this.view.n[0]}%`;
    this.level.style.top = `${(100 * (at[1] + 0.5)) / this.view.n[1]}%`;
  }

  moveTo(event) {
    const box = this.frame.getBoundingClientRect();
    const shares = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    this.go(shares.map((share, i) => clamp(Math.floor(share * this.view.n[i]), 0, this.view.n[i] - 1)));
  }

  onKey(event) {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!by || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const far = event.shiftKey ? 10 : 1;
    this.go(this.at.map((value, i) => clamp(value + far * by[i], 0, this.view.n[i] - 1)));
  }

  /** Draw at once; tell Python now and then. */
  go(at) {
    if (String(at) === String(this.at)) return;
    this.draw(at);
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.send({ [this.view.axis]: this.at[0], z: this.at[1] });
    }, SEND_EVERY_MS);
  }
}

export default function render({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".sides");
  if (!root || !data) return;
  if (!cuts.has(root)) {
    cuts.set(root, data.map(() => new Cut()));
    root.replaceChildren(...cuts.get(root).map((cut) => cut.figure));
  }
  cuts.get(root).forEach((cut, i) => cut.update(data[i], (moved) => setTriggerValue("moved", moved)));
}
