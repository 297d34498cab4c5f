"""Which labels belong to which slices: files with names alike, or a stack and files of slices."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sandseg.data.pairing import pair_files
from sandseg.errors import LabelError
from sandseg.scan.formats import open_stack
from sandseg.scan.labels.slices import placed_note, positions_by_name

_N_SHOWN = 8  # names in a note


@dataclass(frozen=True, eq=False)
class Matched:
    """An image file, which of its slices have labels (counted from 0), and these: (K, Y, X).

    `is_whole`: they are meant to be all of its slices.
    """

    image: Path
    slices: tuple[int, ...]
    labels: np.ndarray
    is_whole: bool = True


def match_labels(
    images: Sequence[Path],
    files: Sequence[Path],
    labels: Sequence[np.ndarray],
    chosen: Sequence[int] = (),
) -> tuple[list[Matched], list[str]]:
    """Find the labels of each image file.

    Args:
        images: Slices or stacks, in their order.
        files: Label files, in their order.
        labels: (Z, Y, X) uint8 of each label file.
        chosen: Which slices of a single stack have labels, counted from 0; else names say it.

    Returns:
        The image files that have labels, and what has to be said of the others.

    Raises:
        StackError: An image file cannot be read.
        LabelError: Labels belong to no image, or to more than one.
    """
    if len(images) == 1 and (chosen or len(files) > 1) and (n_slices := _n_slices(images[0])) > 1:
        return _into_stack(images[0], n_slices, files, np.concatenate(labels), chosen)
    if len(files) == 1 and len(images) > 1 and len(labels[0]) > 1:
        return _slice_by_slice(images, files[0], labels[0])
    place = {file: position for position, file in enumerate(files)}
    found = []
    for image, file in pair_files(images, files):
        values = labels[place[file]]
        found.append(Matched(image, tuple(range(len(values))), values))
    taken = {match.image for match in found}
    return found, _left_out([image for image in images if image not in taken], len(images))


def _n_slices(path: Path) -> int:
    with open_stack(path, path.name) as stack:
        return stack.n_slices


def _into_stack(
    image: Path, n_slices: int, files: Sequence[Path], labels: np.ndarray, chosen: Sequence[int]
) -> tuple[list[Matched], list[str]]:
    is_each = len(labels) == len(files)
    if not (chosen or is_each):
        raise LabelError(
            f"{len(files)} label files with {len(labels)} slices in all belong to one stack.",
            hint="Give one label file for each slice, or one for the whole stack.",
        )
    positions = tuple(chosen) or positions_by_name([file.name for file in files], n_slices)
    if len(positions) != len(labels) or max(positions) >= n_slices:
        raise LabelError(
            f"{len(positions)} slices are named, but there are labels of {len(labels)}; "
            f"{image.name} has {n_slices} slices.",
            hint="Name the slice of each label picture, in their order, as in 3,7,12.",
        )
    order = np.argsort(positions)
    matched = Matched(image, tuple(positions[i] for i in order), labels[order], False)
    return [matched], [note for note in [placed_note(positions, n_slices)] if note]


def _slice_by_slice(
    images: Sequence[Path], file: Path, labels: np.ndarray
) -> tuple[list[Matched], list[str]]:
    if len(images) != len(labels):
        raise LabelError(
            f"{file.name} has labels of {len(labels)} slices, but there are {len(images)} image "
            "files.",
            hint="Give a stack of as many label slices as there are images, or one file for each.",
        )
    found = [Matched(image, (0,), labels[z : z + 1]) for z, image in enumerate(images)]
    note = (
        f"The slices of {file.name} are taken for those of {images[0].name} to {images[-1].name}, "
        "in the order of their numbers."
    )
    return found, [note]


def _left_out(images: Sequence[Path], n_images: int) -> list[str]:
    if not images:
        return []
    names = ", ".join(image.name for image in images[:_N_SHOWN])
    more = f" and {len(images) - _N_SHOWN} more" if len(images) > _N_SHOWN else ""
    return [f"{len(images)} of {n_images} images have no labels and are left out: {names}{more}."]
