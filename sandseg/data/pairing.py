"""Which label file belongs to which image: told by names as people and programs write them."""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from sandseg.errors import LabelError, StackError
from sandseg.scan.several.slice_files import SLICES, is_slice, natural_key

Files = Path | tuple[Path, ...]  # a file, or slices of one stack in their order

_ROLES = "images?|img|masks?|labels?|lbl|seg|segmentation|segmented|gt|groundtruth|annotations?"
_BEFORE = re.compile(rf"^(?:{_ROLES})(?:[\s._-]+|(?=\d))")
_AFTER = re.compile(rf"[\s._-]+(?:{_ROLES})$")
_N_SHOWN = 5


def find_files(path: Path) -> list[Path]:
    """Return a file itself, or the pictures of a folder in the order of the numbers in their names.

    Hidden files are passed over, as the "._" files that macOS leaves beside each file.

    Raises:
        StackError: There is none.
    """
    if path.is_file():
        return [path]
    files = [file for file in path.glob("*") if is_slice(file.name)]
    found = sorted(
        (file for file in files if not file.name.startswith(".")),
        key=lambda file: natural_key(file.name),
    )
    if not found:
        raise StackError(
            f"There are no {SLICES} in {path}.",
            hint="Name a TIFF, or a folder that holds slices.",
        )
    return found


def pair_files(images: Sequence[Path], labels: Sequence[Path]) -> list[tuple[Path, Path]]:
    """Match files by name; two single files belong together whatever their names.

    Words such as "mask" or "label" at either end of a name count only where names are not the same
    without them. Images without a label file are left out.

    Raises:
        LabelError: A label file belongs to no image, or two files claim the same name.
    """
    if len(images) == len(labels) == 1:
        return [(images[0], labels[0])]
    key = _stem if {*map(_stem, labels)} <= {*map(_stem, images)} else _bare
    by_name = _by_key(images, key, "image")
    wanted = _by_key(labels, key, "label")
    lonely = [file.name for name, file in wanted.items() if name not in by_name]
    if lonely:
        more = f" and {len(lonely) - _N_SHOWN} more" if len(lonely) > _N_SHOWN else ""
        raise LabelError(
            f"There are {len(images)} image files and {len(labels)} label files, and no image "
            f"is named like the label file {', '.join(lonely[:_N_SHOWN])}{more}.",
            hint="Give each label file the name of its image.",
        )
    return [(by_name[name], file) for name, file in wanted.items()]


def counts_up(files: Sequence[Path]) -> bool:
    """Tell whether names differ in one number alone, which counts up by one without a gap."""
    parts = [re.split(r"(\d+)", _stem(file)) for file in files]
    if len({len(part) for part in parts}) > 1:
        return False
    differing = [column for column in zip(*parts, strict=True) if len(set(column)) > 1]
    if len(differing) != 1 or not all(text.isdecimal() for text in differing[0]):
        return False
    numbers = [int(text) for text in differing[0]]
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def _stem(path: Path) -> str:
    return unicodedata.normalize("NFC", path.stem)


def _bare(path: Path) -> str:
    """The name without the words that say which of the two a file is."""
    name = _stem(path).lower()
    return _AFTER.sub("", _BEFORE.sub("", name))


def _by_key(files: Sequence[Path], key, kind: str) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for file in files:
        other = found.setdefault(key(file), file)
        if other is not file:
            raise LabelError(
                f"The {kind} files {other.name} and {file.name} could belong to the same slice.",
                hint="Keep one of them in the folder, or give them names of their own.",
            )
    return found
