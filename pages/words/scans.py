"""What is known of a scan in words: its facts, where it is from, what a model learned from it."""

from collections.abc import Mapping, Sequence
from os.path import commonprefix

import numpy as np

from pages.cache.rocks import list_samples
from pages.session.state import Source
from sandseg.grey.mapping import GreyMapping
from sandseg.grey.survey import Survey
from sandseg.model.store import StoredModel
from sandseg.scan.stack import Stack

# What the model had to do with a slice, by its part of the split.
USES = {
    "train": "The model learned from this slice, so how well it does here proves little.",
    "validation": "The model did not learn from this slice, but was chosen by how well it does "
    "here.",
    "test": "The model never saw this slice: it is kept for testing.",
}


UNSURE = "Yellow: torn between classes. Where the rock stays grey, the model is sure."
SEEN = {
    "train": "The model was trained on this slice, so this score flatters.",
    "validation": "The model was chosen by how well it does on this slice, so this score flatters "
    "a little.",
    "test": "The model never saw this slice.",
}
PARTS = {"train": "training", "validation": "validation", "test": "test", "": "–"}


def stack_facts(stack: Stack) -> str:
    """Say in one line what was understood of a file."""
    n_slices, height, width = stack.shape
    facts = [
        f"{n_slices} slice{'s' * (n_slices > 1)} of {height} × {width} pixels",
        type_text(stack.dtype),
        f"axes {stack.axes}",
        _voxel_text(stack),
        "not compressed" if stack.compression == "none" else f"{stack.compression} compression",
    ]
    return ", ".join(facts)


def _voxel_text(stack: Stack) -> str:
    if not stack.spacing_um:
        return "voxel size unknown"
    z, y, x = (f"{length:.3g}" for length in stack.spacing_um)
    if x == y == z:
        return f"voxel size {x} µm"
    return f"voxels of {x} × {y} µm, slices {z} µm apart"


def type_text(dtype: np.dtype) -> str:
    """Say what kind of numbers the pixels are."""
    bits = 8 * dtype.itemsize
    kinds = {"u": "", "b": "", "i": " with sign", "f": " decimal"}
    return f"{bits}-bit{kinds.get(dtype.kind, '')}"


def mapping_text(mapping: GreyMapping, dtype: np.dtype) -> str:
    """Say how grey values reach the model, without a full stop."""
    evened = ", evened out" if mapping.light else ""
    if mapping.kind == "identity" and dtype == np.uint8:
        return f"8-bit grey values {'evened out' if evened else 'used as they are'}"
    low, high = grey_value(mapping.low), grey_value(mapping.high)
    return f"Grey values {low} to {high} mapped to black … white{evened}"


def slices_text(names: Sequence[str]) -> str:
    """Return "slice 0300", "slices 0000 and 0050"; a stem all names share is left out."""
    names = [str(name) for name in names]
    stem = commonprefix(names).rstrip("0123456789")
    numbers = [name.removeprefix(stem) for name in names]
    *first, last = numbers if all(number.isdecimal() for number in numbers) else names
    return f"slices {', '.join(first)} and {last}" if first else f"slice {last}"


def grey_value(value: float) -> str:
    """Return a grey value with four figures at most, or all of a large whole one: "64,889"."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def seen_in(number: str, card: Mapping) -> str:
    """Return the part of a model's data that holds a slice: "train" …, or "" if it is in none."""
    parts = card.get("data", {}).get("slices", {})
    return next((p for p in SEEN if any(str(n).endswith(number) for n in parts.get(p, ()))), "")


def facts_text(stack: Stack, survey: Survey, source: Source) -> str:
    """Say in one line what a stack is: shape, type, voxel size, grey values, where it is from."""
    some = f" in {survey.n_slices} of its slices" if survey.n_slices < stack.n_slices else ""
    greys = f"grey values {grey_value(survey.low)} to {grey_value(survey.high)}{some}"
    return f"{stack_facts(stack)}, {greys}. {_origin(source)}"


def split_text(source: Source, model: StoredModel) -> str:
    """Say whether a model learned from a slice of the real sandstone; "" for other rocks."""
    sample = next((sample for sample in list_samples() if sample.key == source.id), None)
    split = model.card.get("data", {}).get("slices", {})
    if sample is None or sample.origin != "real" or not split:
        return ""
    parts = [
        f"{purpose} {slices_text(split[part])}"
        for part, purpose in (
            ("train", "trained on"),
            ("validation", "chosen by"),
            ("test", "tested on"),
        )
        if split.get(part)
    ]
    if len(source.numbers) > 1:
        return f"The model was {', '.join(parts)}."
    part = seen_in(source.numbers[0], model.card)
    use = USES.get(part, "The model has nothing to do with this slice.")
    return f"{use} It was {', '.join(parts)}."


def _origin(source: Source) -> str:
    sample = next((sample for sample in list_samples() if sample.key == source.id), None)
    if sample is None:
        return f'From your file "{source.title}".'
    return sample.description.partition(";")[0].rstrip(".") + "."
