"""Which slices a training learns from, which choose its best weights, and which test the model."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from pages.training.preview import labelled_names, prepared
from pages.words.numbers import plain
from sandseg.data.split import split_names
from sandseg.errors import TrainingError
from sandseg.runs.settings import RunSettings

MOST_CHOSEN = 64  # slices; of more, a list to choose from helps nobody
FEW = 5  # of so few, each one that is not learned from counts
N_SHOWN = 6
PARTS = {
    "train": "Learns from {}",
    "validation": "its best weights are chosen by {}",
    "test": "its test is {}",
}


def choose_split(settings: RunSettings) -> RunSettings:
    """Let the visitor say which of their slices to learn from; return settings that say so.

    Raises:
        SandsegError: The slices cannot be read, or none is left to learn from or to choose by.
    """
    names = labelled_names(settings)
    is_shared_out = settings.source.kind == "files" and settings.config.split == "slice"
    if not is_shared_out or not 2 <= len(names) <= MOST_CHOSEN:
        return settings
    proposed = split_names(names, settings.validate, settings.test)
    with st.expander(
        "Slices", expanded=len(names) <= FEW, icon=":material/rule:", key="group-slices"
    ):
        if len(names) <= FEW:
            st.caption("There are few slices, so it matters which are not learned from.")
        validate = _ask("Choose the best weights by", names, proposed.validation, "validate")
        test = _ask("Keep for the test", names, proposed.test, "test")
    if set(validate) & set(test):
        raise TrainingError(
            f'Slice "{sorted(set(validate) & set(test))[0]}" is to choose the weights and to test '
            "them.",
            hint="A test is one only on slices that had no say. Take it out of one of the two.",
        )
    if not validate or len(validate) + len(test) >= len(names):
        raise TrainingError(
            "No slice is left to learn from, or none to choose the best weights by.",
            hint='Leave at least one slice for each under "Slices".',
        )
    return replace(settings, validate=tuple(validate), test=tuple(test))


def _ask(label: str, names: Sequence[str], proposed: Sequence[int], key: str) -> list[str]:
    return st.multiselect(
        label,
        names,
        [names[position] for position in proposed],
        key=f"{key}-{'-'.join(names[:3])}-{len(names)}",
        placeholder="None",
        persist_state="session",
    )


def split_text(settings: RunSettings) -> str:
    """Say which slices do what in the training, and what has to be known of the labels.

    Raises:
        SandsegError: The slices cannot be learned from.
    """
    data = prepared(settings)
    said = [
        text.format(_named(data.split[part])) for part, text in PARTS.items() if data.split[part]
    ]
    return " ".join([f"{'; '.join(said)}.", *map(plain, data.warnings)])


def _named(names: Sequence[str]) -> str:
    if len(names) > N_SHOWN:
        return f"{len(names)} slices ({plain(names[0])} to {plain(names[-1])})"
    return ", ".join(map(plain, names))
