/** The picture viewer in the browser. */

import { mounted } from "./mounted.js";
import { SliceViewer } from "./slice_viewer.js";

export default mounted((root) => new SliceViewer(root));
