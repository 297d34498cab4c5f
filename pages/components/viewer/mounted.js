/** How a viewer is mounted: one for each root element. */

/** What Streamlit calls with each news; `make` makes the viewer of a root element. */
export function mounted(make) {
  const viewers = new WeakMap(); // root element -> viewer
  return function render({ data, parentElement, setStateValue }) {
    const root = parentElement.querySelector(".viewer");
    if (!root || !data) return undefined;
    if (!viewers.has(root)) viewers.set(root, make(root));
    const viewer = viewers.get(root);
    viewer.update(data, (view) => setStateValue("view", view));
    return () => {
      viewer.close();
      viewers.delete(root);
    };
  };
}
