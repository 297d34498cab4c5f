"""Strokes as what a training learns from: whole ones are held back to validate and to test."""

from dataclasses import dataclass
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
ACCEPTED = "accepted as right"


@dataclass(frozen=True)
class StrokeFiles:
    """A stack, what is painted on it, and its slices that are labelled as a whole, if any.

    In both label files 0 is no class, and the classes count from 1.
    """

    images: Path
    strokes: Path
    accepted: Path | None = None

    def read(self, stack: Stack) -> tuple[dict[int, np.ndarray], dict[int, np.ndarray]]:
        """Read what is painted, and what is accepted: (Y, X) uint8 by slice.

        Raises:
            SandsegError: A file cannot be read, or does not fit the stack.
        """
        accepted = read_strokes(self.accepted, stack.shape) if self.accepted else {}
        return read_strokes(self.strokes, stack.shape), accepted


def read_stroke_slices(
    files: StrokeFiles, n_classes: int, start_from: str = ""
) -> tuple[LabelledSlices, tuple[str, ...], tuple[str, ...]]:
    """Read painted slices: each three times, with the strokes of one purpose.

    A slice that was accepted comes once, to learn from: its labels, and what is painted over them.

    Args:
        files: What is neither painted nor accepted in them is ignored.
        n_classes: Number of classes C.
        start_from: Model whose weights are taken to begin with; its scale of greys is, too.

    Returns:
        The slices, and the names of those to validate and to test with.

    Raises:
        SandsegError: A file cannot be read, they do not fit, or a class has too few strokes.
    """
    images = files.images
    with open_stack(images, images.name) as stack:
        values, accepted = files.read(stack)
        mapping = _mapping(stack, start_from)
        names = {z: f"{images.stem}[{stack.slice_name(z)}]" for z in {*values, *accepted}}
        voxel_size_um, warnings = stack.voxel_size_um, stack.warnings
    painted = [
        (z, purpose, part)
        for z, parts in dealt_out(values, n_classes, accepted).items()
        for purpose, part in zip(PURPOSES, parts, strict=True)
        if z not in accepted
    ]
    whole = [(z, ACCEPTED, over(labels, values.get(z))) for z, labels in accepted.items()]
    found, labels, reads = [], [], []
    for z, purpose, part in [*painted, *whole]:
        found.append(f"{names[z]} {purpose}")
        labels.append(np.where(part, part - 1, IGNORED).astype(np.uint8))
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


def over(below: np.ndarray, painted: np.ndarray | None) -> np.ndarray:
    """Return (Y, X) uint8 values with what is painted, not 0, on top; None is nothing."""
    return below if painted is None else np.where(painted, painted, below)


def _mapping(stack: Stack, start_from: str) -> GreyMapping:
    if not start_from:
        return training_line([grey_range(stack)])
    model = load_model(start_from)
    return choose_mapping(stack, model.histogram, "auto", model.landmarks)


def _read_slice(path: Path, z: int) -> np.ndarray:
    with open_stack(path, path.name) as stack:
        return stack.read_slice(z)
