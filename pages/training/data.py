"""What a training learns from, and what its labels mean."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from pages.cache.rocks import open_source
from pages.session import address, state
from pages.training.files import ask_files, own_files
from sandseg.classes import SANDSTONE, SegmentationClass, numbered_classes
from sandseg.data import samples
from sandseg.data.phantom import PhantomConfig
from sandseg.errors import ConfigError, StackError, TrainingError
from sandseg.runs.settings import DataSource
from sandseg.runs.sources import find_sandstone

PHANTOM, REAL, OWN = "phantom", "sandstone", "own"
KEY = "data"  # stands in the address
MOST_CLASSES = 8


@dataclass(frozen=True)
class TrainingData:
    """A rock to learn from: `shape` (Z, Y, X) of its slices, `n_classes` its labels tell apart.

    `source` is None while files are missing; `is_fixed` where the number of classes is known.
    """

    id: str
    title: str
    source: DataSource | None
    shape: tuple[int, int, int]
    n_classes: int = len(SANDSTONE)
    is_fixed: bool = False


def choose_data() -> TrainingData:
    """Ask what to learn from."""
    choices = _choices()
    titles = {data.id: data.title for data in choices.values()}
    data = choices[address.select("Learn from", titles, KEY)]
    if data.id == PHANTOM:
        st.caption("A made-up rock: 64 slices whose labels are known exactly. Good for watching.")
        if REAL not in choices:
            st.caption("Slices of a real sandstone can be fetched on the page Segment.")
    if data.id == REAL:
        st.caption("Five slices to learn from, one to choose by, and one kept for the test.")
    if data.id == OWN:
        ask_files()
        data = _choices()[OWN]
    return data


def choose_classes(data: TrainingData) -> tuple[tuple[SegmentationClass, ...], int]:
    """Ask what the labels mean; return the classes and the number of outputs of the network."""
    n_classes, n_outputs = data.n_classes, data.n_classes
    if not data.is_fixed:
        n_classes = n_outputs = st.slider(
            "Number of classes",
            2,
            MOST_CLASSES,
            data.n_classes,
            key=f"n-classes-{data.id}-{data.n_classes}",
            persist_state="session",
        )
        if n_classes == 2 and st.toggle(
            "One output is enough",
            key="is-binary",
            persist_state="session",
            help="The binary case: the network gives one probability a pixel (a sigmoid), that of "
            "the second class, in place of one for each class (a softmax).",
        ):
            n_outputs = 1
    defaults = _default_classes(n_classes)
    pores = {-1: "none of them"} | {material.value: material.name for material in defaults}
    rows = [_ask_class(material, f"{data.id}-{n_classes}") for material in defaults]
    pore = st.selectbox(
        "Pore space is",
        list(pores),
        index=next((i + 1 for i, material in enumerate(defaults) if material.is_pore), 0),
        format_func=lambda value: rows[value][0] if value >= 0 else pores[value],
        key=f"pore-{data.id}-{n_classes}",
        persist_state="session",
        help="The porosity is measured from this class.",
    )
    made = tuple(
        SegmentationClass(material.value, name, color, material.description, material.value == pore)
        for material, (name, color) in zip(defaults, rows, strict=True)
    )
    return made, n_outputs


def check_classes(classes: tuple[SegmentationClass, ...]) -> None:
    """Each class needs a name of its own.

    Raises:
        ConfigError: One has none, or two have the same.
    """
    names = [material.name for material in classes]
    if not all(names) or len(set(names)) < len(names):
        raise ConfigError(
            "Two classes have the same name, or one has none.",
            hint="Give each class a name of its own.",
        )


def _ask_class(material: SegmentationClass, key: str) -> tuple[str, str]:
    color, name = st.columns([1, 6], gap="small", vertical_alignment="center", wrap=False)
    chosen = color.color_picker(
        f"Color of class {material.value}",
        material.color,
        key=f"color-{key}-{material.value}",
        label_visibility="collapsed",
        persist_state="session",
    )
    called = name.text_input(
        f"Name of class {material.value}",
        material.name,
        key=f"class-{key}-{material.value}",
        max_chars=40,
        label_visibility="collapsed",
        persist_state="session",
    )
    return (called or "").strip(), chosen


def _default_classes(n_classes: int) -> tuple[SegmentationClass, ...]:
    return SANDSTONE if n_classes == len(SANDSTONE) else numbered_classes(n_classes)


def _choices() -> dict[str, TrainingData]:
    """Return what can be learned from, by id."""
    found = [_phantom(), *_real(), *_brought(), _own()]
    return {data.id: data for data in found}


def _phantom() -> TrainingData:
    shape = PhantomConfig().shape
    return TrainingData(
        PHANTOM, "Synthetic sandstone", DataSource(PHANTOM, shape), shape, is_fixed=True
    )


def _real() -> list[TrainingData]:
    try:
        find_sandstone()
        shape = open_source(samples.SANDSTONE).shape
    except (TrainingError, StackError):
        return []
    source = DataSource(REAL, PhantomConfig().shape)
    return [TrainingData(REAL, "Real sandstone", source, shape, is_fixed=True)]


def _brought() -> list[TrainingData]:
    """Stacks with labels that the visitor uploaded on another page."""
    found = []
    for source in state.sources().values():
        labels = state.truth_of(source)
        if Path(source.place).is_absolute() and labels:
            files = DataSource("files", images=source.place, labels=labels)
            shape = open_source(source.place, source.title).shape
            found.append(TrainingData(source.id, source.title, files, shape))
    return found


def _own() -> TrainingData:
    files = own_files()
    source = (
        DataSource("files", images=files.images, labels=files.labels) if files.is_complete else None
    )
    return TrainingData(OWN, "My own slices and labels", source, files.shape, files.n_classes)
