"""Strokes as what a training learns from: whole ones are held back to validate and to test."""

from functools import partial
from pathlib import Path

import numpy as np

from sandseg.classes import IGNORED
from sandseg.data.labelled import LabelledSlices, MadeWhenAsked
from sandseg.grey.mapping import GreyMapping, choose_mapping
from sandseg.grey.training_line import grey_range, training_line
from sandseg.model.store import load_model
from sandseg.scan.formats import open_stack
from sandseg.scan.stack import Stack
from sandseg.teach.painting.parting import dealt_out
from sandseg.teach.painting.stroke_files import read_strokes

PURPOSES = ("painted", "held back to validate", "held back to test")


def read_stroke_slices(
    images: Path, strokes: Path, n_classes: int, start_from: str = ""
) -> tuple[LabelledSlices, tuple[str, ...], tuple[str, ...]]:
    """Read painted slices: each three times, with the strokes of one purpose.

    Args:
        images: The stack that was painted on.
        strokes: Its stroke file; unpainted pixels are ignored.
        n_classes: Number of classes C.
        start_from: Model whose weights are taken to begin with; its scale of greys is, too.

    Returns:
        The slices, and the names of those to validate and to test with.

    Raises:
        SandsegError: A file cannot be read, they do not fit, or a class has too few strokes.
    """
    with open_stack(images, images.name) as stack:
        values = read_strokes(strokes, stack.shape)
        mapping = _mapping(stack, start_from)
        names = {z: f"{images.stem}[{stack.slice_name(z)}]" for z in values}
        voxel_size_um, warnings = stack.voxel_size_um, stack.warnings
    found, labels, reads = [], [], []
    for z, parts in dealt_out(values, n_classes).items():
        for purpose, painted in zip(PURPOSES, parts, strict=True):
            found.append(f"{names[z]} {purpose}")
            labels.append(np.where(painted, painted - 1, IGNORED).astype(np.uint8))
            reads.append(partial(_read_slice, images, z))
    slices = LabelledSlices(
        tuple(found),
        tuple(MadeWhenAsked(lambda i: mapping.apply(reads[i]()), range(len(reads)))),
        tuple(labels),
        mapping,
        voxel_size_um,
        warnings,
    )
    validate, test = (tuple(n for n in found if n.endswith(end)) for end in PURPOSES[1:])
    return slices, validate, test


def _mapping(stack: Stack, start_from: str) -> GreyMapping:
    if not start_from:
        return training_line([grey_range(stack)])
    model = load_model(start_from)
    return choose_mapping(stack, model.histogram, "auto", model.landmarks)


def _read_slice(path: Path, z: int) -> np.ndarray:
    with open_stack(path, path.name) as stack:
        return stack.read_slice(z)
