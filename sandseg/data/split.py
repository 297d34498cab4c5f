"""Which slices are learned from, which validate, which test: by their names, or in blocks."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sandseg.errors import TrainingError

_N_SHOWN = 20  # names in a message


@dataclass(frozen=True)
class Split:
    """Positions of slices (or patches) in each part; no position stands in two parts."""

    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...] = ()


def split_slices(n_slices: int, validation_share: float = 0.16, test_share: float = 0.2) -> Split:
    """Split a stack into three blocks of neighbouring slices, so that no part has seen another.

    Args:
        n_slices: Number of slices, at least 2.
        validation_share: Share of the slices to validate on, [0, 1).
        test_share: Share of the slices to test on, [0, 1).

    Returns:
        Blocks in the order train, validation, test; with few slices the test block is empty.

    Raises:
        TrainingError: There is only one slice, so nothing is left to validate on.
    """
    if n_slices < 2:
        raise TrainingError(
            "There is only one slice, so none is left to check what was learned from it.",
            hint="Add labelled slices, or split by patch, knowing that its score flatters.",
        )
    n_validation = max(1, round(n_slices * validation_share))
    n_test = min(round(n_slices * test_share), n_slices - n_validation - 1)
    n_train = n_slices - n_validation - n_test
    order = range(n_slices)
    return Split(
        tuple(order[:n_train]),
        tuple(order[n_train : n_train + n_validation]),
        tuple(order[n_train + n_validation :]),
    )


def split_names(names: Sequence[str], validate: Sequence[str], test: Sequence[str]) -> Split:
    """Split slices by their names, see `positions_of`; without any, into blocks.

    Without slices to validate on, a block of what the test leaves is taken.

    Raises:
        TrainingError: A name fits no slice, or a part of the split is empty.
    """
    if not validate and not test:
        return split_slices(len(names))
    split = share_out_names(names, validate, test)
    if not validate and len(split.train) > 1:
        block = split_slices(len(split.train), test_share=0)
        train, validation = ([split.train[i] for i in p] for p in (block.train, block.validation))
        split = Split(tuple(train), tuple(validation), split.test)
    if not split.train or not split.validation:
        raise TrainingError(
            "No slice is left to train on, or none to validate on.",
            hint="Name fewer slices for validation and test.",
        )
    return split


def share_out_names(names: Sequence[str], validate: Sequence[str], test: Sequence[str]) -> Split:
    """Share out slices by their names, see `positions_of`; those nobody named are trained on.

    Raises:
        TrainingError: A name fits no slice.
    """
    tested = {position for wanted in test for position in positions_of(wanted, names)}
    checked = {position for wanted in validate for position in positions_of(wanted, names)}
    checked -= tested
    learned = set(range(len(names))) - tested - checked
    return Split(*(tuple(sorted(part)) for part in (learned, checked, tested)))


def positions_of(wanted: str, names: Sequence[str]) -> list[int]:
    """Return which slices somebody means: by a whole name, a number or the end of names.

    "1" is slice 1, 001 or stack[1], but not 11.

    Raises:
        TrainingError: It fits no slice.
    """
    found = [i for i, name in enumerate(names) if name == wanted]
    if not found and wanted.isdecimal():
        found = [i for i, name in enumerate(names) if _number_in(name) == int(wanted)]
    elif not found:
        found = [i for i, name in enumerate(names) if _ends_with(name, wanted)]
    if found:
        return found
    shown = ", ".join(names[:_N_SHOWN]) + (", …" if len(names) > _N_SHOWN else "")
    raise TrainingError(f'No slice is named "{wanted}".', hint=f"The slices are: {shown}.")


def _number_in(name: str) -> int | None:
    numbers = re.findall(r"\d+", name)
    return int(numbers[-1]) if numbers else None


def _ends_with(name: str, end: str) -> bool:
    """Whether a name ends so, and not in the middle of a number."""
    before = name[: -len(end)][-1:]
    return name.endswith(end) and not (end[:1].isdecimal() and before.isdecimal())


def split_patches(n_patches: int, seed: int = 42) -> Split:
    """Split patches at random, 64 % train, 16 % validation, 20 % test.

    This leaks: patches of one slice, or of two neighbouring slices that look alike, end up on
    both sides, and the test score flatters. It is here to be compared with.

    Raises:
        TrainingError: There are fewer than three patches.
    """
    if n_patches < 3:
        raise TrainingError(
            f"{n_patches} patches cannot be split into three parts.",
            hint="Choose a smaller patch, or add labelled slices.",
        )
    order = np.random.default_rng(seed).permutation(n_patches)
    n_test = max(1, round(0.2 * n_patches))
    n_validation = max(1, round(0.16 * n_patches))
    test, validation, train = np.split(order, [n_test, n_test + n_validation])
    return Split(*(tuple(part.tolist()) for part in (train, validation, test)))
