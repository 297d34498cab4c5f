/** The viewer that is painted on, as it is mounted: one for each root element. */

import { SliceViewer } from "../viewer/slice_viewer.js";
import { Live } from "./live.js";
import { Painting } from "./painting.js";

const viewers = new WeakMap(); // root element -> SliceViewer

export default function render({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".viewer");
  if (!root || !data) return undefined;
  if (!viewers.has(root)) viewers.set(root, new SliceViewer(root, (viewer) => taught(viewer)));
  const viewer = viewers.get(root);
  viewer.update(data, (view) => setStateValue("view", view));
  return () => {
    viewer.close();
    viewers.delete(root);
  };
}

/** Painting whose labels are learned as it goes. */
function taught(viewer) {
  const live = new Live({
    show: (labels) => painting.showLabels(labels),
    hear: (header) => painting.hear(header),
  });
  const painting = new Painting(viewer, {
    onView: ({ z, box, address }) => live.see(address, z, box),
    onClose: () => live.close(),
  });
  return painting;
}
