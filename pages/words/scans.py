"""Numbers and findings of the backend in words."""

from collections.abc import Sequence
from os.path import commonprefix

import numpy as np

from sandseg.grey.mapping import GreyMapping
from sandseg.scan.formats import Stack


def stack_facts(stack: Stack) -> str:
    """Say in one line what was understood of a file."""
    n_slices, height, width = stack.shape
    voxel = stack.voxel_size_um
    facts = [
        f"{n_slices} slice{'s' * (n_slices > 1)} of {height} × {width} pixels",
        type_text(stack.dtype),
        f"axes {stack.axes}",
        f"voxel size {voxel:.3g} µm" if voxel else "voxel size unknown",
        "not compressed" if stack.compression == "none" else f"{stack.compression} compression",
    ]
    return ", ".join(facts)


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
