"""The pictures of a slice whose labels are known: grey values, truth, prediction, errors."""

from collections.abc import Sequence

import streamlit as st

from pages.shared import cache, cache_evaluate, state, widgets
from pages.shared.cache import Task
from pages.shared.viewer import Pane, viewer
from sandseg.classes import SegmentationClass
from sandseg.overlay import INVENTED, MISSED

SIDE_BY_SIDE, ERRORS = "Side by side", "Errors only"
EVERY = "every class"


def choose_pictures(classes: Sequence[SegmentationClass]) -> tuple[str, int | None]:
    """Ask which pictures to show, and the errors of which class."""
    left, right = st.columns([2, 3], vertical_alignment="center")
    with left:
        layout = st.segmented_control(
            "Pictures",
            [SIDE_BY_SIDE, ERRORS],
            default=SIDE_BY_SIDE,
            required=True,
            key="panes",
            bind="query-params",
            label_visibility="collapsed",
        )
    with right:
        values = {material.name: material.value for material in classes}
        name = st.segmented_control(
            "Errors of",
            [EVERY, *values],
            default=EVERY,
            required=True,
            key="errors_of",
            bind="query-params",
            label_visibility="collapsed",
        )
    return layout, values.get(name)


def show_pictures(
    task: Task, z: int, truth: str, chosen: tuple[str, int | None], lit: bytes | None
) -> None:
    """Show grey values, truth, prediction and errors over the same place."""
    layout, class_value = chosen
    classes = cache.model(task.model_name).classes
    pictures = cache.slice_pictures(task, z)
    true = cache_evaluate.truth_picture(task, z, truth)
    errors = Pane(
        "Errors",
        pictures.grey,
        picture=cache_evaluate.error_picture(task, z, truth, class_value),
    )
    prediction = Pane("Prediction", pictures.grey, pictures.labels)
    panes = [Pane("Grey values", pictures.grey), Pane("Truth", pictures.grey, true)]
    shown = (
        [*panes, prediction, errors] if layout == SIDE_BY_SIDE else [prediction if lit else errors]
    )
    _show(task, z, shown, lit)
    _show_legend("" if class_value is None else classes[class_value].name)


def show_prediction(task: Task, z: int) -> None:
    """Show grey values and prediction of a slice nobody has labelled."""
    pictures = cache.slice_pictures(task, z)
    prediction = Pane("Prediction", pictures.grey, pictures.labels)
    _show(task, z, [Pane("Grey values", pictures.grey), prediction])


def _show(task: Task, z: int, panes: Sequence[Pane], lit: bytes | None = None) -> None:
    stack = cache.open_source(task.source)
    viewer(
        panes,
        key="evaluate-viewer",
        z=z,
        n_slices=stack.n_slices,
        classes=cache.model(task.model_name).classes,
        voxel_size_um=stack.voxel_size_um,
        clear_class=widgets.clear_class(cache.slice_phases(task, z)),
        height=760,
        highlight=lit,
        stepper=False,  # the page has the slider: it stands in the address
        on_step=state.take_slice,
    )


def _show_legend(class_name: str) -> None:
    """Say what the colors of the errors mean."""
    kinds = [(MISSED, "wrong pixels")]
    if class_name:
        kinds = [(MISSED, f"{class_name} missed"), (INVENTED, f"{class_name} invented")]
    swatch = '<i style="display:inline-block;width:12px;height:12px;border-radius:3px;background:'
    parts = [f'{swatch}rgb{color}"></i> {text}' for color, text in kinds]
    st.html(f'<div style="font-size:0.875rem;opacity:0.85">Errors: {" &ensp; ".join(parts)}</div>')
