"""How a stack's grey values reach the model, and whether it is like what the model learned from."""

import streamlit as st

from pages.cache.greys import grey_shares, verdict_on
from pages.cache.models import find_model
from pages.cache.rocks import open_source
from pages.cache.slices import line_of, mapping_of
from pages.cache.task import Task
from pages.charts.grey_curves import show_grey_curves
from pages.session import address
from pages.session.state import Source
from pages.session.treatment import treat, treated_sample, treatment
from pages.teaching.entrance import offer_teaching
from pages.words.numbers import plain
from pages.words.scans import mapping_text
from sandseg.config import Treatment
from sandseg.errors import SandsegError
from sandseg.grey.rescale import LARGEST_ZOOM, voxel_text
from sandseg.grey.verdict import DOUBTFUL, FIT, STRANGE
from sandseg.model.store import StoredModel

AUTO, STORED, BY_HAND = "auto", "identity", "hand"
KINDS = {AUTO: "Automatic", STORED: "As stored", BY_HAND: "By hand"}
_RESCALED = "The labels come back on the pixels of the scan."
_EVENED = (
    "The model sees the slices without the drift, which is measured on the commonest solid, mostly "
    "quartz. The file and the picture stay as they are."
)
_AVERAGED = (
    "The model sees each slice turned and mirrored in eight ways, and its answers are averaged: it "
    "takes eight times as long. The confidence view shows where they differ."
)
ICONS = {FIT: ":material/check:", DOUBTFUL: ":material/warning:", STRANGE: ":material/error:"}


def choose_treatment(source: Source, model: StoredModel) -> None:
    """Show a source to the model as the address says, or as was chosen before."""
    if wanted := address.read("grey"):
        try:
            line_of(Task(source.place, model.name, model.sha256, treatment=Treatment(wanted[-1])))
            treat(source, grey=wanted[-1])
        except SandsegError:
            treat(source, grey=AUTO)
    grey = treatment(source).grey
    address.write("grey", () if grey == AUTO else (grey,))


def show_treatment(source: Source) -> None:
    """Say on other pages how a source is shown to the model, if not as usual."""
    how = treatment(source)
    line = {AUTO: "", STORED: "grey values as stored"}.get(how.grey, "grey values mapped by hand")
    even, averaged = how.is_evened and "evened out", how.is_averaged and "averaged over eight views"
    chosen = (line, how.is_rescaled and "rescaled", even, averaged, treated_sample(source))
    if any(chosen):
        st.caption(f"As chosen on Segment: {', '.join(filter(None, chosen))}.")


def show_grey_values(task: Task, source: Source) -> None:
    """Say in one line how grey values reach the model and whether that fits; more when opened."""
    try:
        found, mapping = verdict_on(task), mapping_of(task)
    except SandsegError:
        if task.treatment.is_rescaled:  # perhaps that is what cannot be done
            _offer_size(source, None)
        raise
    if found.level != FIT:
        st.warning(found.sentence, icon=ICONS[found.level])
    if found.level != FIT:
        offer_teaching(source, width="stretch")
    if found.inverse:
        st.button(
            "Invert grey values",
            icon=":material/invert_colors:",
            width="stretch",
            on_click=_map_by,
            args=(source, *found.inverse),
        )
    if (found.voxel_ratio or 0) > LARGEST_ZOOM:
        st.caption(f"{voxel_text(found.voxel_ratio)} A slice cannot be enlarged that far.")
    elif found.voxel_ratio or task.treatment.is_rescaled:
        _offer_size(source, found.voxel_ratio)
    if found.is_uneven or task.treatment.is_evened:
        _offer(source, "is_evened", "Even out the brightness", _EVENED)
    if found.level != FIT or task.treatment.is_averaged:
        _offer(source, "is_averaged", "Average over eight views", _AVERAGED)
    text = mapping_text(mapping, open_source(task.source).dtype)
    title = f"{plain(text)} · {found.level}"
    box = st.expander(title, icon=ICONS[found.level], key="grey-values", on_change="rerun")
    if not box.open:
        return
    with box:
        if found.level == FIT:
            st.caption(found.sentence)
        training = find_model(task.model_name).histogram
        show_grey_curves(grey_shares(task), training)
        _choose_mapping(task, source)


def _offer_size(source: Source, ratio: float | None) -> None:
    """Offer to show the slices in voxels of the size the model knows."""
    if ratio:
        st.caption(voxel_text(ratio))
    _offer(source, "is_rescaled", "Rescale to the model's voxel size", _RESCALED)


def _offer(source: Source, name: str, label: str, help: str) -> None:
    """Offer one way to treat a source before the model sees it."""
    key = f"{name}-{source.id}"
    st.session_state[key] = getattr(treatment(source), name)
    st.toggle(
        label,
        key=key,
        on_change=lambda: treat(source, **{name: st.session_state[key]}),
        help=help,
    )


def _choose_mapping(task: Task, source: Source) -> None:
    """Let the visitor say which grey values become black and white."""
    grey, mapping = treatment(source).grey, mapping_of(task)
    kind, low, high = (f"{name}-{source.id}" for name in ("grey-kind", "grey-low", "grey-high"))
    st.session_state[kind] = grey if grey in KINDS else BY_HAND
    st.session_state[low], st.session_state[high] = mapping.low, mapping.high

    def take_kind() -> None:
        chosen = st.session_state[kind]
        if chosen == BY_HAND:
            _map_by(source, mapping.low, mapping.high)
        else:
            treat(source, grey=chosen)

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
        treat(source, grey=f"{low!r},{high!r}")
