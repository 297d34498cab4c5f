"""How a stack's grey values reach the model, and whether it is like what the model learned from."""

import numpy as np
import pyarrow as pa
import streamlit as st

from pages.cache import slices as cache
from pages.cache.slices import Task
from pages.cache.store import kept
from pages.charts import phases as widgets
from pages.charts.histogram import INK, PADDING, PALE_INK
from pages.session import address, state
from pages.session.state import Source
from pages.words import scans as words
from sandseg.errors import SandsegError
from sandseg.grey import verdict as domain
from sandseg.grey.appearance import Look, look_at, slices_to_look_at
from sandseg.grey.mapping import sample_values, shares_of
from sandseg.grey.rescale import voxel_text
from sandseg.grey.verdict import DOUBTFUL, FIT, STRANGE, Verdict
from sandseg.model.store import StoredModel

AUTO, STORED, BY_HAND = "auto", "identity", "hand"
KINDS = {AUTO: "Automatic", STORED: "As stored", BY_HAND: "By hand"}
STACK, TRAINING = "this stack", "training slices"
N_BINS = 128  # of 256 grey values: finer shows the combs of stretched pictures and no more
ENDS = 2  # bins: black and white hold what the scanner clipped, often most of a picture
HEADROOM = 1.1
HEIGHT = 170  # with axis
_RESCALED = "The labels come back on the pixels of the scan."
_EVENED = (
    "The model sees the slices without the drift, which is measured on the commonest solid, mostly "
    "quartz. The file and the picture stay as they are."
)
ICONS = {FIT: ":material/check:", DOUBTFUL: ":material/warning:", STRANGE: ":material/error:"}


def verdict(task: Task) -> Verdict:
    """Judge a stack by some of its slices, as the command line does."""
    mapping = cache.mapping_of(task)
    usual = domain.usual_for(cache.model(task.model_name))
    voxel_size_um = cache.open_source(task.source).voxel_size_um
    return domain.judge(mapping, _looks(task), usual, voxel_size_um, cache.zoom_of(task))


@kept()
def _looks(task: Task) -> list[Look]:
    stack, classes = cache.open_source(task.source), cache.model(task.model_name).classes
    mapping = cache.mapping_of(task)
    looks = []
    for z in slices_to_look_at(stack.n_slices):
        found, grey = cache.prediction(task, z), mapping.apply(stack.read_slice(z))
        zoom = cache.zoom_of(task)
        looks.append(look_at(grey, found.labels, found.confidence, classes, zoom))
    return looks


@kept()
def _shares(source: str, low: float, high: float) -> np.ndarray:
    """Return the (256,) shares of a stack's grey values once they are mapped."""
    return shares_of(sample_values(cache.open_source(source)), (low, high))


def choose_treatment(source: Source, model: StoredModel) -> None:
    """Show a source to the model as the address says, or as was chosen before."""
    if wanted := address.read("grey"):
        try:
            cache.grey_mapping(source.place, model.name, model.sha256, wanted[-1])
            state.treat(source, grey=wanted[-1])
        except SandsegError:
            state.treat(source, grey=AUTO)
    grey = state.treatment(source).grey
    address.write("grey", () if grey == AUTO else (grey,))


def show_treatment(source: Source) -> None:
    """Say on other pages how a source is shown to the model, if not as usual."""
    how = state.treatment(source)
    line = {AUTO: "", STORED: "grey values as stored"}.get(how.grey, "grey values mapped by hand")
    chosen = (line, how.is_rescaled and "rescaled", how.is_evened and "evened out")
    if any(chosen):
        st.caption(f"As chosen on Segment: {', '.join(filter(None, chosen))}.")


def show_grey_values(task: Task, source: Source) -> None:
    """Say in one line how grey values reach the model and whether that fits; more when opened."""
    found, mapping = verdict(task), cache.mapping_of(task)
    if found.level != FIT:
        st.warning(found.sentence, icon=ICONS[found.level])
    if found.inverse:
        st.button(
            "Invert grey values",
            icon=":material/invert_colors:",
            width="stretch",
            on_click=_map_by,
            args=(source, *found.inverse),
        )
    if found.voxel_ratio or task.is_rescaled:
        _offer_size(source, found.voxel_ratio)
    if found.is_uneven or task.is_evened:
        _offer(source, "is_evened", "Even out the brightness", _EVENED)
    text = words.mapping_text(mapping, cache.open_source(task.source).dtype)
    title = f"{widgets.plain(text)} · {found.level}"
    box = st.expander(title, icon=ICONS[found.level], key="grey-values", on_change="rerun")
    if not box.open:
        return
    with box:
        if found.level == FIT:
            st.caption(found.sentence)
        training = cache.model(task.model_name).histogram
        _show_histograms(_shares(task.source, mapping.low, mapping.high), training)
        _choose_mapping(task, source)


def _offer_size(source: Source, ratio: float | None) -> None:
    """Offer to show the slices in voxels of the size the model knows."""
    if ratio:
        st.caption(voxel_text(ratio))
    _offer(source, "is_rescaled", "Rescale to the model's voxel size", _RESCALED)


def _offer(source: Source, name: str, label: str, help: str) -> None:
    """Offer one way to treat a source before the model sees it."""
    key = f"{name}-{source.id}"
    st.session_state[key] = getattr(state.treatment(source), name)
    st.toggle(
        label,
        key=key,
        on_change=lambda: state.treat(source, **{name: st.session_state[key]}),
        help=help,
    )


def _choose_mapping(task: Task, source: Source) -> None:
    """Let the visitor say which grey values become black and white."""
    grey, mapping = state.treatment(source).grey, cache.mapping_of(task)
    kind, low, high = (f"{name}-{source.id}" for name in ("grey-kind", "grey-low", "grey-high"))
    st.session_state[kind] = grey if grey in KINDS else BY_HAND
    st.session_state[low], st.session_state[high] = mapping.low, mapping.high

    def take_kind() -> None:
        chosen = st.session_state[kind]
        if chosen == BY_HAND:
            _map_by(source, mapping.low, mapping.high)
        else:
            state.treat(source, grey=chosen)

    st.segmented_control(
        "How grey values are mapped",
        list(KINDS),
        format_func=KINDS.get,
        required=True,
        key=kind,
        on_change=take_kind,
        label_visibility="collapsed",
    )
    if st.session_state[kind] != BY_HAND:
        return
    black, white = st.columns(2, gap="small")
    for column, label, key in ((black, "Black", low), (white, "White", high)):
        column.number_input(
            label,
            format="%.6g",
            key=key,
            on_change=lambda: _map_by(source, st.session_state[low], st.session_state[high]),
        )
    st.button(
        "Invert",
        icon=":material/invert_colors:",
        type="tertiary",
        on_click=_map_by,
        args=(source, mapping.high, mapping.low),
    )


def _map_by(source: Source, low: float, high: float) -> None:
    """Map a source by a line; one that spans no range changes nothing."""
    if low != high:
        state.treat(source, grey=f"{low!r},{high!r}")


def _show_histograms(stack: np.ndarray, training: np.ndarray) -> None:
    """Draw the grey values of a stack over those the model learned from."""
    curves = {TRAINING: _coarse(training), STACK: _coarse(stack)}
    top = HEADROOM * max(values[ENDS:-ENDS].max() for values in curves.values())
    table = pa.table(
        {
            "grey": np.tile(np.arange(0, 256, 256 // N_BINS), len(curves)),
            "share": np.concatenate(list(curves.values())),
            "of": np.repeat(list(curves), N_BINS),
        }
    )
    widgets.show_legend({STACK: INK, TRAINING: PALE_INK})
    alt = "How often each grey value occurs in this stack and in the model's training slices."
    st.vega_lite_chart(table, _spec(top), key="grey-values-chart", alt=alt)


def _coarse(shares: np.ndarray) -> np.ndarray:
    """Return (128,) shares that sum to 1."""
    coarse = np.asarray(shares).reshape(N_BINS, -1).sum(axis=1)
    return coarse / max(coarse.sum(), 1e-9)


def _spec(top: float) -> dict:
    """Describe the chart: an area for the training, a line for the stack."""
    grey = {"field": "grey", "type": "quantitative", "title": "grey value on the model's scale"}
    grey |= {"scale": {"domain": [0, 255], "nice": False}, "axis": {"tickCount": 5, "grid": False}}
    share = {"field": "share", "type": "quantitative", "axis": None, "scale": {"domain": [0, top]}}
    scale = {"domain": [STACK, TRAINING], "range": [INK, PALE_INK]}
    color = {"field": "of", "type": "nominal", "scale": scale, "legend": None}
    layers = (
        (TRAINING, {"type": "area", "fillOpacity": 1, "clip": True}),
        (STACK, {"type": "line", "strokeWidth": 2, "clip": True}),
    )
    return {
        "height": HEIGHT,
        "padding": PADDING,
        "encoding": {"x": grey, "y": {**share, "stack": None}, "color": color},
        "layer": [
            {"transform": [{"filter": {"field": "of", "equal": name}}], "mark": mark}
            for name, mark in layers
        ],
    }
