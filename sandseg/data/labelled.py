"""Labelled slices for a training: find, match, check, bring onto one grey scale, split."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sandseg.classes import IGNORED
from sandseg.config import TrainConfig
from sandseg.data.matching import Matched, match_labels
from sandseg.data.pairing import find_files
from sandseg.data.patches import (
    GridPatches,
    PatchSource,
    RandomPatches,
    grid_patches,
)
from sandseg.data.split import share_out_names, split_names, split_patches
from sandseg.errors import LabelError, TrainingError, named
from sandseg.grey.mapping import GreyMapping
from sandseg.grey.training_line import grey_range, training_line
from sandseg.measure.outside import missing_mask
from sandseg.scan.formats import open_stack
from sandseg.scan.labels.coding import coding_of
from sandseg.scan.labels.read import check_same_shape, map_labels, read_label_values
from sandseg.scan.stack import Stack

_MOST_DOUBTS = 3  # of label files, each in a sentence


class MadeWhenAsked(Sequence):
    """Items that are made from their positions each time somebody asks, and not kept."""

    def __init__(self, make: Callable[[int], Any], positions: Sequence[int]):
        self._make, self._positions = make, positions

    def __len__(self) -> int:
        return len(self._positions)

    def __getitem__(self, index: int) -> Any:
        return self._make(self._positions[index])


@dataclass(frozen=True)
class LabelledSlices:
    """Slices by name: images (Y, X) float32 in [0, 1] and labels (Y, X) uint8.

    `voxel_size_um` is None where the files do not tell, or tell different ones; `warnings` say what
    the files have changed, what was guessed of the labels, and which images have none.
    """

    names: tuple[str, ...]
    images: Sequence[np.ndarray]
    labels: tuple[np.ndarray, ...]
    mapping: GreyMapping
    voxel_size_um: float | None = None
    warnings: tuple[str, ...] = ()

    def pairs(self, positions: Sequence[int]) -> Sequence[tuple[np.ndarray, np.ndarray]]:
        """Return (image, labels) of the slices at these positions."""
        return MadeWhenAsked(lambda i: (self.images[i], self.labels[i]), positions)


@dataclass(frozen=True)
class PreparedData:
    """What `train.train` takes, and the split in words for the card."""

    patches: PatchSource
    validation: Sequence[tuple[np.ndarray, np.ndarray]]
    train_images: Sequence[np.ndarray]
    split: dict[str, list[str]]
    warnings: tuple[str, ...] = ()


def read_labelled(
    images: Path, labels: Path, n_classes: int, label_slices: Sequence[int] = ()
) -> LabelledSlices:
    """Read slices and their labels: two stacks, two folders with files of the same names, or both.

    Images without labels are left out, and noted.

    Args:
        images: A file or a folder.
        labels: A file or a folder.
        n_classes: Number of classes C.
        label_slices: Which slices of a single stack have labels, counted from 0; else names say it.

    Raises:
        StackError: A file cannot be read or holds no numbers, or there is none.
        LabelError: Images and labels differ in number, name or size.
    """
    slices = open_labelled(images, labels, n_classes, label_slices)
    return replace(slices, images=tuple(slices.images))


def open_labelled(
    images: Path, labels: Path, n_classes: int, label_slices: Sequence[int] = ()
) -> LabelledSlices:
    """Do as `read_labelled`, but leave the images in their files until they are asked for.

    Raises:
        StackError: A file cannot be read or holds no numbers, or there is none.
        LabelError: Images and labels differ in number, name or size.
    """
    files = find_files(labels)
    label_stacks, doubts = _read_label_files(files, max(n_classes, 2))
    matches, notes = match_labels(find_files(images), files, label_stacks, label_slices)
    names, reads, ranges, found, voxel_sizes, warnings = [], [], [], [], set(), {}
    for match in matches:
        with open_stack(match.image, match.image.name) as stack:
            _check_fit(stack, match)
            voxel_sizes.add(stack.voxel_size_um)
            warnings |= dict.fromkeys(stack.warnings)
            ranges.append(grey_range(stack))
            all_names = _slice_names(match.image.stem, stack.n_slices)
            names += [all_names[z] for z in match.slices]
            reads += [partial(_read_slice, match.image, z) for z in match.slices]
            found.extend(_seen(stack, match.labels, match.slices))
    voxel_size_um = voxel_sizes.pop() if len(voxel_sizes) == 1 else None
    slices = _labelled(names, reads, found, training_line(ranges), voxel_size_um)
    return replace(slices, warnings=(*notes, *warnings, *doubts))


def _check_fit(stack: Stack, match: Matched) -> None:
    """Labels of all slices fit as a whole; those of some, where their slices lie."""
    check_same_shape(
        stack if match.is_whole else stack.part(0, len(match.slices) - 1), match.labels
    )


def labelled_stack(stack: Stack, labels: np.ndarray, name: str) -> LabelledSlices:
    """Take the slices of an open stack, which is read when they are asked for.

    Args:
        stack: The images.
        labels: (Z, Y, X) uint8, `IGNORED` allowed.
        name: The slices are called after it.
    """
    reads = [partial(stack.read_slice, z) for z in range(stack.n_slices)]
    mapping = training_line([grey_range(stack)])
    names = _slice_names(name, stack.n_slices)
    seen = _seen(stack, labels, range(stack.n_slices))
    return _labelled(names, reads, seen, mapping, stack.voxel_size_um)


def _labelled(
    names: Sequence[str],
    reads: Sequence[Callable[[], np.ndarray]],
    labels: Sequence[np.ndarray],
    mapping: GreyMapping,
    voxel_size_um: float | None,
) -> LabelledSlices:
    images = MadeWhenAsked(lambda i: mapping.apply(reads[i]()), range(len(reads)))
    return LabelledSlices(tuple(names), images, tuple(labels), mapping, voxel_size_um)


def _slice_names(stem: str, n_slices: int) -> list[str]:
    """Call slices of a stack by their numbers as they are shown, from 1."""
    return [f"{stem}[{z + 1}]" for z in range(n_slices)] if n_slices > 1 else [stem]


def _read_slice(path: Path, z: int) -> np.ndarray:
    with open_stack(path, path.name) as stack:
        return stack.read_slice(z)


def shortest_side(images: Path) -> int:
    """Return the shortest side of the slices of a stack or a folder, in pixels.

    Raises:
        StackError: A file cannot be read, or there is none.
    """
    sides = []
    for path in find_files(images):
        with open_stack(path, path.name) as stack:
            sides += stack.shape[1:]
    return min(sides)


def prepare(
    slices: LabelledSlices,
    config: TrainConfig,
    validate: Sequence[str] = (),
    test: Sequence[str] = (),
) -> PreparedData:
    """Split the slices as the settings say and make patches of the training part.

    Args:
        slices: All labelled slices.
        config: Sampling, patch size, split.
        validate: Names (or ends of names) of the slices to validate on; empty: a block of them. The
            patch split shares out patches of all slices that are not for the test.
        test: Names of slices that are not touched at all, whatever the split.

    Raises:
        TrainingError: A name fits no slice, or a part of the split is empty.
    """
    if config.split == "patch":
        return _prepare_patches(slices, config, test)
    split = split_names(slices.names, validate, test)
    images = MadeWhenAsked(slices.images.__getitem__, split.train)
    labels = [slices.labels[i] for i in split.train]
    if config.sampling == "grid":
        cut = [_cut(part, config.patch_size) for part in (images, labels)]
        patches = GridPatches(*cut, config)
    else:
        patches = RandomPatches(images, labels, config)
    parts = {part: [slices.names[i] for i in getattr(split, part)] for part in vars(split)}
    return PreparedData(
        patches,
        slices.pairs(split.validation),
        images,
        parts,
        (*slices.warnings, *_missing(labels, config)),
    )


def _prepare_patches(
    slices: LabelledSlices, config: TrainConfig, test: Sequence[str]
) -> PreparedData:
    """The leaky split: all slices are cut, the patches are shared out at random."""
    named = share_out_names(slices.names, (), test)
    if not named.train:
        raise TrainingError("No slice is left to train on.", hint="Name fewer slices for the test.")
    learned = zip(*slices.pairs(named.train), strict=True)
    images, labels = (_cut(part, config.patch_size) for part in learned)
    split = split_patches(len(images), config.seed)
    train = list(split.train)
    source = GridPatches(images[train], labels[train], config)
    parts = {
        part: [f"{len(positions)} random patches of all slices"]
        for part, positions in vars(split).items()
    }
    if named.test:
        parts["test"] = [slices.names[i] for i in named.test]
    validation = [(images[i], labels[i]) for i in split.validation]
    return PreparedData(
        source,
        validation,
        list(images[train]),
        parts,
        (*slices.warnings, *_missing(labels[train], config)),
    )


def _cut(slices: Sequence[np.ndarray], patch_size: int) -> np.ndarray:
    """Cut slices, which may differ in size, into (N, S, S) patches of a regular grid."""
    return np.concatenate([grid_patches(part[None], patch_size) for part in slices])


def _read_label_files(files: Sequence[Path], n_classes: int) -> tuple[list[np.ndarray], list[str]]:
    """Read labels in the coding that all the files together show; also say what is doubtful.

    By itself, a file that lacks a class would look as if it numbered them otherwise.
    """
    stored = [read_label_values(file, file.name, n_classes) for file in files]
    notes = list(dict.fromkeys(values.note for values in stored if values.note))[:_MOST_DOUBTS]
    undecided = [values.labels for values in stored if not values.is_decoded]
    if not undecided:
        return [values.labels for values in stored], notes
    found = np.unique(np.concatenate([np.unique(values) for values in undecided]))
    called = files[0].name if len(files) == 1 else f"{files[0].name} to {files[-1].name}"
    try:
        with named(called):
            coding = coding_of(found, n_classes)
    except LabelError as error:
        hint = "Number the classes from 0 in all label files, with 255 where nobody labelled."
        raise LabelError(str(error), hint) from error
    decoded = [
        values.labels if values.is_decoded else map_labels(values.labels, coding.labels)
        for values in stored
    ]
    return decoded, [*notes, *filter(None, [coding.note])]


def _seen(stack: Stack, labels: np.ndarray, slices: Sequence[int]) -> np.ndarray:
    """Return (K, Y, X) labels of these slices, those of missing pixels (NaN) taken away."""
    if stack.dtype.kind != "f":
        return labels
    missing = [missing_mask(stack.read_slice(z)) for z in slices]
    return np.where(missing, np.uint8(IGNORED), labels)


def _missing(labels: Sequence[np.ndarray], config: TrainConfig) -> tuple[str, ...]:
    present = set().union(*(np.unique(part).tolist() for part in labels)) - {IGNORED}
    absent = sorted(set(range(max(config.unet.n_classes, 2))) - present)
    return tuple(
        f"Class {value} does not occur in the training part, so it cannot be learned."
        for value in absent
    )
