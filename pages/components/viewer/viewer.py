"""Python's side of the viewer: packs pictures and settings for the browser, reads its answers."""

import hashlib
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from pages.components.modules import join_modules
from pages.components.viewer.label_png import plain_label_png
from pages.components.viewer.shown import Allowed, Display, Pane, Shown, ViewerState
from pages.session import address
from pages.words.numbers import bare

_HERE = Path(__file__).parent
_EXACT = "exact"  # whether grey values come without loss; stands in the address

_PAINTING = _HERE.parent / "painting"
_CSS = (_HERE / "viewer.css").read_text("utf-8")

_mount = st.components.v2.component(
    "sandseg_viewer",
    html='<div class="viewer"></div>\n',
    css=_CSS,
    js=join_modules(_HERE / "viewer.js"),
)
_mount_painting = st.components.v2.component(
    "sandseg_painting",
    html='<div class="viewer"></div>\n',
    css=_CSS + (_PAINTING / "painting.css").read_text("utf-8"),
    js=join_modules(_PAINTING / "mount.js"),
)


def viewer(
    panes: Sequence[Pane],
    shown: Shown,
    display: Display | None = None,
    allowed: Allowed | None = None,
    *,
    key: str,
) -> ViewerState:
    """Show one to four linked panes over the same slice.

    Zoom, pan, colors and contrast never leave the browser; steps to another slice, toggled classes
    and, where they are asked for, clicked pixels cause a rerun. What Python passes counts when it
    changes.

    Args:
        panes: One to four pictures of equal height and width.
        shown: The slice they are of.
        display: How it is shown at first.
        allowed: What else the visitor may do.
        key: Name of this viewer; the visitor's zoom and choices are kept under it.

    Returns:
        The state, at most about 200 ms behind the visitor; `hidden` is empty until they change it.

    Raises:
        ValueError: There are no panes or more than four.
        LabelError: The labels of a pane are no palette or grey PNG of at most 8 bits.
    """
    if not 1 <= len(panes) <= 4:
        raise ValueError(f"A viewer has one to four panes, not {len(panes)}.")
    allowed = allowed or Allowed()
    key = key.replace("__", "-")  # an upload's name may hold it, and Streamlit raises
    is_exact = None if shown.exact_grey is None else _is_exact()
    if is_exact:
        grey = shown.exact_grey()
        panes = [replace(pane, grey=grey) for pane in panes]
    blobs = _Blobs()
    header = {
        **_slice_header(shown, blobs),
        **_display_header(display or Display()),
        "key": key,
        "panes": [_pane_header(pane, blobs) for pane in panes],
        "pick": allowed.on_pick is not None,
        "exact": is_exact,
        "answered": _answered(key, heard=allowed.on_step is not None),
        "shaped": st.session_state.get(_shaped_key(key)),
        "paint": allowed.paint and allowed.paint.header(),
    }
    mount = _mount_painting if allowed.paint else _mount
    result = mount(
        key=key,
        data=blobs.packed(header),
        on_view_change=lambda: _hear(key, shown.n_slices, allowed),
    )
    view = result.get("view") or {}
    state = _state(view, shown.z, shown.n_slices)
    if allowed.on_step is None and view.get("step") != st.session_state.get(_heard_key(key)):
        st.session_state[_heard_key(key)] = view.get("step")
        return state
    return replace(state, z=shown.z)


class _Blobs:
    """Collects pictures; equal ones travel once."""

    def __init__(self):
        self._index: dict[str, int] = {}
        self._blobs: list[bytes] = []

    def add(self, blob: bytes | None) -> int | None:
        if blob is None:
            return None
        digest = hashlib.blake2b(blob, digest_size=12).hexdigest()
        if digest not in self._index:
            self._index[digest] = len(self._blobs)
            self._blobs.append(blob)
        return self._index[digest]

    def packed(self, header: Mapping[str, Any]) -> bytes:
        """Length of the header, header (JSON), pictures: bytes travel as bytes, not as text."""
        sizes = [[digest, len(self._blobs[i])] for digest, i in self._index.items()]
        head = json.dumps({**header, "blobs": sizes}).encode()
        return b"".join([struct.pack("<I", len(head)), head, *self._blobs])


def _slice_header(shown: Shown, blobs: _Blobs) -> dict[str, Any]:
    return {
        "z": int(shown.z),
        "nSlices": int(shown.n_slices),
        "classes": [
            {
                "value": c.value,
                "name": bare(c.name),
                "color": c.color,
                "description": bare(c.description),
            }
            for c in shown.classes
        ],
        "voxelSizeUm": shown.voxel_size_um,
        "highlight": blobs.add(shown.highlight),
        "marker": shown.marker and [int(coordinate) for coordinate in shown.marker],
        "outline": [[round(float(v), 1) for xy in line for v in xy] for line in shown.outline],
        "shape": shown.shape,
        "axis": shown.axis,
    }


def _display_header(display: Display) -> dict[str, Any]:
    return {
        "mode": display.mode,
        "opacity": display.opacity,
        "clearClass": display.clear_class,
        "height": display.height,
        "stepper": display.stepper,
        "pictureName": display.picture_name,
        "hatched": [list(color) for color in display.hatched] or None,
        "group": display.group or None,
    }


def _is_exact() -> bool:
    """Whether the visitor, or the address they came by, asked for exact grey values."""
    says = address.read(_EXACT)
    if says is not None:
        st.session_state[_EXACT] = bool(says) and says[-1] == "true"
    is_exact = st.session_state.get(_EXACT, False)
    address.write(_EXACT, ["true"] if is_exact else [])
    return is_exact


def _pane_header(pane: Pane, blobs: _Blobs) -> dict[str, Any]:
    labels = None if pane.labels is None else plain_label_png(pane.labels)
    return {
        "title": bare(pane.title),
        "grey": blobs.add(pane.grey),
        "labels": blobs.add(labels),
        "picture": blobs.add(pane.picture),
        "confidence": blobs.add(pane.confidence),
        "note": pane.note,
    }


def _heard_key(key: str) -> str:
    return f"{key}: last step heard"


def _shaped_key(key: str) -> str:
    return f"{key}: last shape heard"


def _view(key: str) -> Mapping[str, Any]:
    """What the browser sent last; it can be anything."""
    view = (st.session_state.get(key) or {}).get("view")
    return view if isinstance(view, Mapping) else {}


def _hear(key: str, n_slices: int, allowed: Allowed) -> None:
    """Pass a step, a click and a shape on once; they are sent again with whatever else changes."""
    view = _view(key)
    if isinstance(view.get(_EXACT), bool):
        st.session_state[_EXACT] = view[_EXACT]
    z, clicked = _state(view, -1, n_slices).z, _state(view, -1, n_slices).clicked
    if allowed.on_pick and clicked and clicked != st.session_state.get(f"{key}: last click heard"):
        st.session_state[f"{key}: last click heard"] = clicked
        allowed.on_pick(*clicked)
    if allowed.on_step and z >= 0 and view.get("step") != st.session_state.get(_heard_key(key)):
        st.session_state[_heard_key(key)] = view.get("step")
        allowed.on_step(z)
    shape, shaped = view.get("shape"), view.get("shaped")
    is_new = shaped != st.session_state.get(_shaped_key(key))
    if allowed.on_shape and isinstance(shape, str) and is_new:
        st.session_state[_shaped_key(key)] = shaped
        allowed.on_shape(shape)


def _answered(key: str, heard: bool) -> Any:
    """Number of the step `z` already reflects: to a newer one this run's `z` is no answer yet."""
    return _view(key).get("step") if heard else st.session_state.get(_heard_key(key))


def _state(view: Mapping[str, Any], z: int, n_slices: int) -> ViewerState:
    new_z, clicked, hidden = view.get("z"), view.get("clicked"), view.get("hidden")
    return ViewerState(
        z=min(max(new_z, 0), n_slices - 1) if isinstance(new_z, int) else z,
        clicked=tuple(clicked) if _are_integers(clicked) and len(clicked) == 2 else None,
        hidden=tuple(dict.fromkeys(value for value in hidden if 0 <= value < 256))
        if _are_integers(hidden)
        else (),
    )


def _are_integers(values: object) -> bool:
    return isinstance(values, list | tuple) and all(isinstance(value, int) for value in values)
