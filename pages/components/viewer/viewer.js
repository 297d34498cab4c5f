/** The picture viewer in the browser, as it is mounted: one for each root element. */

import { SliceViewer } from "./slice_viewer.js";

const viewers = new WeakMap(); // root element -> SliceViewer

export default function render({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".viewer");
  if (!root || !data) return undefined;
  if (!viewers.has(root)) viewers.set(root, new SliceViewer(root));
  const viewer = viewers.get(root);
  viewer.update(data, (view) => setStateValue("view", view));
  return () => {
    viewer.close();
    viewers.delete(root);
  };
}
