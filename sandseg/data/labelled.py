"""Labelled slices for a training: find, match, check, bring onto one grey scale, split."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sandseg.classes import IGNORED
from sandseg.config import TrainConfig
from sandseg.data.pairing import find_files, pair_files
from sandseg.data.patches import (
    GridPatches,
    PatchSource,
    RandomPatches,
    grid_patches,
    share_out_names,
    split_names,
    split_patches,
)
from sandseg.errors import LabelError, TrainingError
from sandseg.grey.mapping import GreyMapping
from sandseg.grey.training_line import grey_range, training_line
from sandseg.measure.outside import missing_mask
from sandseg.scan.formats import open_stack
from sandseg.scan.label_coding import coding_of
from sandseg.scan.labels import check_same_shape, map_labels, read_label_values
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
    the files have changed.
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


def read_labelled(images: Path, labels: Path, n_classes: int) -> LabelledSlices:
    """Read a stack and its labels, or two folders with files of the same names.

    Images without a label file of their name are left out.

    Raises:
        StackError: A file cannot be read or holds no numbers, or there is none.
        LabelError: Images and labels differ in number, name or size.
    """
    slices = open_labelled(images, labels, n_classes)
    return replace(slices, images=tuple(slices.images))


def open_labelled(images: Path, labels: Path, n_classes: int) -> LabelledSlices:
    """Do as `read_labelled`, but leave the images in their files until they are asked for.

    Raises:
        StackError: A file cannot be read or holds no numbers, or there is none.
        LabelError: Images and labels differ in number, name or size.
    """
    image_files, label_files = zip(*pair_files(find_files(images), find_files(labels)), strict=True)
    names, reads, ranges, found, voxel_sizes, warnings = [], [], [], [], set(), {}
    label_stacks, doubts = _read_label_files(label_files, max(n_classes, 2))
    for image_file, values in zip(image_files, label_stacks, strict=True):
        with open_stack(image_file, image_file.name) as stack:
            check_same_shape(stack, values)
            voxel_sizes.add(stack.voxel_size_um)
            warnings |= dict.fromkeys(stack.warnings)
            ranges.append(grey_range(stack))
            names += _slice_names(image_file.stem, stack.n_slices)
            reads += [partial(_read_slice, image_file, z) for z in range(stack.n_slices)]
            found.extend(_seen(stack, values))
    voxel_size_um = voxel_sizes.pop() if len(voxel_sizes) == 1 else None
    slices = _labelled(names, reads, found, training_line(ranges), voxel_size_um)
    return replace(slices, warnings=(*warnings, *doubts))


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
    return _labelled(names, reads, _seen(stack, labels), mapping, stack.voxel_size_um)


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
    return [f"{stem}[{z}]" for z in range(n_slices)] if n_slices > 1 else [stem]


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
    undecided = [values for values, is_decoded, _ in stored if not is_decoded]
    doubts = list(filter(None, [doubt for _, _, doubt in stored]))[:_MOST_DOUBTS]
    if not undecided:
        return [values for values, _, _ in stored], doubts
    found = np.unique(np.concatenate([np.unique(values) for values in undecided]))
    try:
        coding = coding_of(found, n_classes)
    except LabelError as error:
        hint = "Number the classes from 0 in all label files, with 255 where nobody labelled."
        raise LabelError(str(error), hint) from error
    labels = [
        values if is_decoded else map_labels(values, coding.labels)
        for values, is_decoded, _ in stored
    ]
    return labels, doubts


def _seen(stack: Stack, labels: np.ndarray) -> np.ndarray:
    """Return (Z, Y, X) labels, those of missing pixels (NaN) taken away."""
    if stack.dtype.kind != "f":
        return labels
    missing = [missing_mask(stack.read_slice(z)) for z in range(stack.n_slices)]
    return np.where(missing, np.uint8(IGNORED), labels)


def _missing(labels: Sequence[np.ndarray], config: TrainConfig) -> tuple[str, ...]:
    present = set().union(*(np.unique(part).tolist() for part in labels)) - {IGNORED}
    absent = sorted(set(range(max(config.unet.n_classes, 2))) - present)
    return tuple(
        f"Class {value} does not occur in the training part, so it cannot be learned."
        for value in absent
    )
