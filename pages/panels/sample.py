"""Where the sample lies in a slice: found by itself, or as a visitor says."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from pages.cache.samples import outline_in, sample_of
from pages.cache.slices import line_of
from pages.cache.task import Task
from pages.panels.refusals import show_refusal
from pages.session import address, state
from pages.session.state import Source
from pages.session.treatment import task_for, treat, treatment
from pages.words.numbers import percent, plain
from sandseg.errors import ConfigError, SandsegError
from sandseg.measure.outline import fitting_shape
from sandseg.measure.sample_shape import ALL, AUTO, BOX, CIRCLE, SampleShape
from sandseg.model.store import StoredModel

KINDS = {AUTO: "Automatic", ALL: "Whole picture", CIRCLE: "Circle", BOX: "Box"}
FIELDS = {CIRCLE: ("X", "Y", "Radius"), BOX: ("Left", "Top", "Right", "Bottom")}
WITHIN = "within"  # in the address; "sample" is the rock there
WORKBENCH = "workbench"  # the fragment that a change of the sample draws anew
ADJUSTED, REFUSAL = "sample-adjusted", "sample-refusal"


def adopt_sample(source: Source, model: StoredModel) -> None:
    """Let the sample of a source lie where the address says, or where it was chosen before."""
    if wanted := address.read(WITHIN):
        try:
            treat(source, sample=_checked(task_for(source, model), wanted[-1]))
        except SandsegError:
            treat(source, sample=AUTO)
    sample = treatment(source).sample
    address.write(WITHIN, () if sample == AUTO else (sample,))


def sample_shown(task: Task, z: int) -> dict[str, Any]:
    """Return what the viewer draws of the sample: a shape with handles while it is adjusted."""
    sample = task.treatment.sample
    is_dragged = SampleShape.parse(sample).numbers and st.session_state.get(ADJUSTED)
    outline = () if sample == ALL else outline_in(task, z)  # paint in it needs no line
    return {"outline": outline, "shape": sample if is_dragged else ""}


def take_sample(task: Task, source: Source, z: int, text: str) -> None:
    """Let the sample lie elsewhere and count anew; what holds no pixel changes nothing."""
    try:
        sample = _checked(task, text, z)
    except SandsegError as error:
        st.session_state[REFUSAL] = error
        return
    treat(source, sample=sample)
    st.rerun(WORKBENCH)  # grey values are judged by the sample, too


def show_sample(task: Task, source: Source, z: int) -> None:
    """Say in one line where the sample lies and how large it is; let the visitor adjust it."""
    shape = SampleShape.parse(task.treatment.sample)
    with st.container(horizontal=True, vertical_alignment="center"):
        said = _said(shape.kind, sample_of(task, z).mean())
        st.markdown(plain(f"Sample: {said}"), width="stretch")
        is_adjusted = st.toggle("Adjust", key=ADJUSTED)
    if is_adjusted:
        _choose_kind(task, source, z, shape)
    if is_adjusted and shape.numbers:
        _ask_numbers(task, source, z, shape)
    if refusal := state.pop_refusal(REFUSAL):
        show_refusal(refusal)


def _said(kind: str, share: float) -> str:
    found = {AUTO: "found by itself", ALL: "whole picture"}.get(kind, kind)
    if not share:
        return "none found in this slice" if kind == AUTO else f"{found} · nothing in this slice"
    if share == 1:
        return "the whole picture, found by itself" if kind == AUTO else "whole picture"
    if kind == ALL:
        return f"{found} · {percent(share)} of it is seen"
    return f"{found} · {percent(share)} of the picture"


def _choose_kind(task: Task, source: Source, z: int, shape: SampleShape) -> None:
    key = f"sample-kind-{source.id}"
    st.session_state[key] = shape.kind

    def take() -> None:
        by_itself = replace(task, treatment=replace(task.treatment, sample=AUTO))
        fitted = fitting_shape(st.session_state[key], sample_of(by_itself, z))
        take_sample(task, source, z, str(fitted))

    st.segmented_control(
        "Where the sample lies",
        list(KINDS),
        format_func=KINDS.get,
        required=True,
        key=key,
        on_change=take,
        label_visibility="collapsed",
    )


def _ask_numbers(task: Task, source: Source, z: int, shape: SampleShape) -> None:
    """Ask for the numbers of a circle or a box, in pixels."""
    labels = FIELDS[shape.kind]
    keys = [f"sample-{label}-{source.id}" for label in labels]
    for key, number in zip(keys, shape.numbers, strict=True):
        st.session_state[key] = number
    take = partial(_take_numbers, task, source, z, shape.kind, keys)
    rows = [st.columns(2, gap="small", wrap=False) for _ in labels[::2]]
    columns = [column for row in rows for column in row][: len(labels)]
    for column, label, key in zip(columns, labels, keys, strict=True):
        column.number_input(label, step=1.0, format="%g", key=key, on_change=take)
    st.caption("Pixels from the upper left corner, or drag it in the picture.")


def _take_numbers(task: Task, source: Source, z: int, kind: str, keys: Sequence[str]) -> None:
    numbers = ",".join(f"{st.session_state[key]:g}" for key in keys)
    take_sample(task, source, z, f"{kind}:{numbers}")


def _checked(task: Task, text: str, z: int | None = None) -> str:
    """Return a text that says where the sample lies as it is written best.

    Raises:
        SandsegError: It says so of no slice, or leaves nothing in slice z or nothing to judge by.
    """
    shape = SampleShape.parse(text)
    elsewhere = replace(task, job="", treatment=replace(task.treatment, sample=str(shape)))
    line_of(elsewhere)
    if z is not None and shape.numbers and not sample_of(elsewhere, z).any():
        raise ConfigError(
            f"A {shape.kind} there would hold nothing of this slice but what is painted over or "
            "missing.",
            hint="Choose a place where the picture shows something.",
        )
    return str(shape)
