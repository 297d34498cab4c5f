/** The viewer that is painted on, with the labels that are learned as it goes. */

import { mounted } from "../viewer/mounted.js";
import { SliceViewer } from "../viewer/slice_viewer.js";
import { Live } from "./live.js";
import { Painting } from "./painting.js";

export default mounted((root) => new SliceViewer(root, taught));

function taught(viewer) {
  const live = new Live({
    show: (labels) => painting.learned.show(labels),
    hear: (header) => painting.learned.hear(header),
  });
  const painting = new Painting(viewer, {
    onView: (seen) => live.see(seen),
    onClose: () => live.close(),
  });
  return painting;
}
