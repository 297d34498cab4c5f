/** The viewer that is painted on, as it is mounted: one for each root element. */

import { SliceViewer } from "../viewer/slice_viewer.js";
import { Painting } from "./painting.js";

const viewers = new WeakMap(); // root element -> SliceViewer

export default function render({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".viewer");
  if (!root || !data) return undefined;
  if (!viewers.has(root)) viewers.set(root, new SliceViewer(root, (viewer) => new Painting(viewer)));
  const viewer = viewers.get(root);
  viewer.update(data, (view) => setStateValue("view", view));
  return () => {
    viewer.close();
    viewers.delete(root);
  };
}
