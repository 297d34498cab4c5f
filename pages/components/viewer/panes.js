/** The panes: one canvas for each picture of the slice, all of one size and at one place. */

import { clamp } from "../shared/clamp.js";
import { make } from "../shared/elements.js";
import { icon } from "./icons.js";
import { Painter } from "./painter.js";
import { scaleBar } from "./readout.js";

const GAP = 10; // between panes
const CAPTION = 26; // height of a pane's title
const LEAST_PANE = 80;
const AROUND = 240; // of a window kept for menu, title and slider: no scrolling for those
const LEAST_HEIGHT = 320;

/** Columns, and the size of each of `n` panes, for the largest pictures that the room allows. */
export function arrange(n, room, slice) {
  const aspect = slice.height / slice.width;
  const caption = n > 1 ? CAPTION : 0;
  const choices = [1, 2, 3, 4].slice(0, n).map((columns) => {
    const rows = Math.ceil(n / columns);
    const width = Math.floor((room.width - GAP * (columns - 1)) / columns);
    const height = Math.floor((room.height - GAP * (rows - 1)) / rows - caption);
    return { columns, width, height: Math.max(LEAST_PANE, Math.min(height, Math.round(width * aspect))) };
  });
  const picture = ({ width, height }) => Math.min(width * aspect, height);
  return choices.reduce((a, b) => (picture(b) > picture(a) ? b : a));
}

export class Panes {
  constructor(viewer) {
    this.viewer = viewer;
    this.list = [];
    this.size = { width: 0, height: 0 }; // of one pane, CSS pixels
    this.painter = new Painter();
    this.tabs = make("div", { class: "tabs", role: "group", "aria-label": "Picture" });
    this.stage = make("div", { class: "stage", role: "application", tabindex: 0 });
    this.stage.setAttribute("aria-roledescription", "slice viewer");
  }

  close() {
    cancelAnimationFrame(this.frame);
  }

  /** One element per pane; made anew only when their number or titles change. */
  build(panes) {
    const titles = panes.map(({ title }) => title).join("\n");
    if (titles !== this.titles) {
      this.titles = titles;
      this.list = panes.map(({ title }, index) => this.buildPane(title, index));
      this.stage.replaceChildren(...this.list.map(({ figure }) => figure), this.viewer.readout);
      this.tabs.replaceChildren(...this.list.map(({ tab }) => tab));
    }
    panes.forEach(({ title, note }, index) => {
      this.list[index].note.textContent = note ?? "";
      this.list[index].figure.firstChild.title = `${title} ${note ?? ""}`.trim(); // whole where it is cut off
    });
  }

  buildPane(title, index) {
    const canvas = make("canvas", { role: "img", "aria-label": title });
    const handle = make("div", { class: "handle", role: "slider", tabindex: 0, hidden: true });
    handle.setAttribute("aria-label", "Divider between grey and colors");
    handle.setAttribute("aria-valuemin", 0);
    handle.setAttribute("aria-valuemax", 100);
    handle.append(make("span", { class: "grip" }, icon("previous"), icon("next")));
    const scale = make("div", { class: "scale" }, make("span"));
    const overlay = this.viewer.sample.overlay();
    const marks = this.viewer.painting?.overlay() ?? "";
    const frame = make("div", { class: "frame" }, canvas, overlay.svg, marks, handle, scale);
    const note = make("span");
    const figure = make("figure", {}, make("figcaption", {}, title, " ", note), frame);
    const tab = make("button", { type: "button", onclick: () => this.viewer.change({ tab: index }) }, title);
    const context = canvas.getContext("2d", { alpha: false });
    const pane = { title, note, figure, frame, canvas, context, overlay, handle, scale, tab };
    this.viewer.pointers.listen(pane);
    return pane;
  }

  // -------------------------------------------------------------- sizes

  /** Give every pane its size; where it is narrow, one pane is shown, with tabs. */
  layout(isNarrow) {
    const { slice, choices } = this.viewer;
    this.tabs.hidden = !isNarrow || this.list.length < 2;
    const room = { width: this.stage.clientWidth, height: this.roomHeight() };
    this.size = arrange(isNarrow ? 1 : this.list.length, room, slice);
    this.tab = clamp(choices.tab, 0, this.list.length - 1);
    this.stage.style.setProperty("--columns", this.size.columns);
    this.stage.style.gridTemplateColumns = `repeat(${this.size.columns}, ${this.size.width}px)`;
    this.list.forEach((pane, index) => {
      pane.isShown = !isNarrow || index === this.tab;
      pane.figure.hidden = !pane.isShown;
      pane.tab.setAttribute("aria-pressed", String(index === this.tab));
      pane.figure.classList.toggle("lone", isNarrow || this.list.length === 1);
      this.resize(pane);
    });
  }

  roomHeight() {
    const { header, isFull } = this.viewer;
    if (isFull) return this.stage.clientHeight; // all that tools and slider leave
    const isGrid = this.list.length > 3; // its pictures are small enough already
    const around = AROUND + (this.viewer.painting?.moreHeight ?? 0);
    return isGrid ? header.height : Math.min(header.height, Math.max(LEAST_HEIGHT, window.innerHeight - around));
  }

  resize({ frame, canvas }) {
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [this.size.width, this.size.height].map((length) => Math.round(length * ratio));
    frame.style.height = `${this.size.height}px`;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  }

  // -------------------------------------------------------------- drawing: every frame

  /** Colors changed: compose them anew when next drawn. */
  forgetColors() {
    this.isComposed = false;
  }

  requestDraw() {
    this.frame ??= requestAnimationFrame(() => this.draw());
  }

  draw() {
    const { root, slice, choices, header } = this.viewer;
    cancelAnimationFrame(this.frame);
    this.frame = null;
    if (!slice || this.viewer.isClosed) return;
    if (!this.isComposed) this.painter.compose(slice, choices, header);
    this.isComposed = true;
    const { view } = this.viewer;
    this.list.forEach((pane, index) => {
      if (pane.isShown && slice.panes[index]) this.drawPane(pane, index, view);
    });
    root.dataset.view = [view.scale, view.x, view.y].map((value) => value.toFixed(4)).join(" ");
    root.dataset.z = slice.z;
    this.viewer.painting?.drawn(view);
    root.dataset.frames = Number(root.dataset.frames ?? 0) + 1;
    this.stage.classList.toggle("zoomed", !view.isFit);
  }

  drawPane({ context, overlay, handle, scale }, index, view) {
    const { choices, header, sample, slice } = this.viewer;
    this.painter.draw(index, context, view);
    overlay.svg.setAttribute("viewBox", `0 0 ${this.size.width} ${this.size.height}`); // on paper it has another size
    sample.draw(overlay, view, slice);
    handle.hidden = !this.painter.isParted(index);
    handle.style.left = `${choices.split * 100}%`;
    handle.setAttribute("aria-valuenow", Math.round(choices.split * 100));
    const { width, text } = scaleBar(view.scale, this.size.width, header.voxelSizeUm);
    scale.style.width = `${width.toFixed(1)}px`;
    scale.firstChild.textContent = text;
  }

  /** Say which slice is asked for, and which each pane shows. */
  nameSlice(asked, shown) {
    this.stage.setAttribute("aria-label", `${asked}. ${this.viewer.painting?.hint ?? "Arrow keys change the slice"}, ? lists all keys.`);
    for (const { canvas, title } of this.list) {
      canvas.setAttribute("aria-label", `${title}, ${shown.toLowerCase()}`);
    }
  }
}
