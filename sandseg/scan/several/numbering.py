"""Whether files belong to one stack: told by the numbers in their names."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath

from sandseg.errors import StackError

_IN_DOUBT = "the distance of the slices along z is then in doubt"
_SEVERAL = "These may be several scans, not slices of one."


class SeveralScansError(StackError):
    """Files that may be, or are, several scans; `can_be_one` tells if they fit into one stack."""

    def __init__(self, message: str, hint: str, can_be_one: bool = False):
        super().__init__(message, hint)
        self.can_be_one = can_be_one


def doubt_of_names(names: Sequence[str]) -> str:
    """Say what speaks against one stack; "" where the names count up by one.

    Args:
        names: Of the files, in their order; folders and endings do not count.
    """
    if len(names) < 2:
        return ""
    files = [PurePath(name).name for name in names]
    parts = [re.split(r"(\d+)", PurePath(file).stem.casefold()) for file in files]
    patterns = [tuple(part[::2]) for part in parts]
    if odd := _odd_name(files, patterns):
        return odd
    columns = list(zip(*(part[1::2] for part in parts), strict=True))
    differing = [list(map(int, column)) for column in columns if len(set(map(int, column))) > 1]
    if not differing:
        return f'"{files[0]}" and "{files[1]}" have the same number. {_SEVERAL}'
    counts = next((column for column in differing if set(_steps(column)) == {1}), None)
    if counts:
        return ""
    return _doubt_of_numbers(files, differing[-1], len(differing) > 1)


def clause_of(doubt: str) -> str:
    """Return what `doubt_of_names` said first, to stand within a sentence."""
    return re.split(r"[:.;]\s", doubt)[0]


def _odd_name(files: Sequence[str], patterns: Sequence[tuple[str, ...]]) -> str:
    """Name a file that differs from the others in more than numbers."""
    counts = Counter(patterns)
    if len(counts) == 1 and len(patterns[0]) > 1:
        return ""
    usual, n_usual = counts.most_common(1)[0]
    odd = next((i for i, pattern in enumerate(patterns) if pattern != usual), 1)
    like = files[patterns.index(usual)]
    others = f", as {n_usual} files are" if n_usual > 2 else ""
    return f'"{files[odd]}" is not named like "{like}" with another number{others}. {_SEVERAL}'


def _doubt_of_numbers(files: Sequence[str], numbers: Sequence[int], is_one_of_many: bool) -> str:
    steps = _steps(numbers)
    if is_one_of_many and min(steps) <= 0:
        at = next(i for i, step in enumerate(steps) if step <= 0)
        return f'"{files[at + 1]}" follows "{files[at]}": the numbers begin anew. {_SEVERAL}'
    if 0 in steps:
        at = steps.index(0)
        return f'"{files[at]}" and "{files[at + 1]}" have the same number. {_SEVERAL}'
    counts = Counter(steps)
    usual = min(counts, key=lambda step: (-counts[step], step))
    gaps = [i for i, step in enumerate(steps) if step != usual]
    if not gaps:
        return (
            f'"{files[1]}" follows "{files[0]}": the numbers count up by {usual}. If slices were '
            f"left out, those that are there lie {usual} times as far apart. {_SEVERAL}"
        )
    at = gaps[0]
    first, last = numbers[at] + usual, numbers[at + 1] - usual
    which = f"slice {first} seems" if first == last else f"slices {first} to {last} seem"
    if first > last:
        which = "other slices than these seem"
    more = f", and so elsewhere ({len(gaps) - 1})" if len(gaps) > 1 else ""
    return f'"{files[at + 1]}" follows "{files[at]}": {which} to be missing{more}; {_IN_DOUBT}.'


def _steps(numbers: Sequence[int]) -> list[int]:
    return [after - before for before, after in zip(numbers, numbers[1:], strict=False)]
