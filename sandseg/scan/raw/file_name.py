"""What the name of a raw file, and its size, say of how the voxels lie."""

import re
from dataclasses import dataclass, replace

import numpy as np

from sandseg.errors import FILE, StackError
from sandseg.scan.raw.layout import RawFormat

_THREE = re.compile(r"(?<![\d.])(\d{1,5})[x×](\d{1,5})[x×](\d{1,5})(?!\d)")
_TWO = re.compile(r"(?<![\d.])(\d{1,5})[x×](\d{1,5})(?!\d)")
_LETTERED = {
    "width": re.compile(r"(?<![a-z])(?:w|width|nx)[_=-]?(\d+)"),
    "height": re.compile(r"(?<![a-z])(?:h|height|ny)[_=-]?(\d+)"),
    "n_slices": re.compile(r"(?<![a-z])(?:d|depth|nz|slices)[_=-]?(\d+)"),
}
_TYPES = (
    (r"u(?:int)?8|uchar|byte", "u1"),
    (r"u(?:int)?16|ushort", "u2"),
    (r"u(?:int)?32", "u4"),
    (r"(?:s|i|int|sint)8", "i1"),
    (r"(?:s|i|int|sint)16|short", "i2"),
    (r"(?:s|i|int|sint)32", "i4"),
    (r"f(?:loat)?64|double|64[\s_-]?bits?(?:float)?", "f8"),
    (r"f(?:loat)?(?:32)?|real|32[\s_-]?bits?(?:float)?", "f4"),
    (r"16[\s_-]?bits?|bits?16", "u2"),
    (r"8[\s_-]?bits?|bits?8", "u1"),
)
_BIG = re.compile(r"(?<![a-z])(?:be|msb|big[\s_-]?endian)(?![a-z])|(?<=\d)be(?![a-z])")
_BY_BYTES = {1: "u1", 2: "u2", 4: "f4", 8: "f8"}  # what is usual for so many bytes of a voxel


class UnknownLayoutError(StackError):
    """Raw voxels: how they lie in their file must be said before they are a stack."""


@dataclass(frozen=True)
class RawGuess:
    """What is likely of raw voxels; None where nothing tells."""

    width: int | None = None
    height: int | None = None
    n_slices: int | None = None
    dtype: np.dtype | None = None

    def layout(self, n_header_bytes: int = 0) -> RawFormat | None:
        """Return how the voxels lie, None while something is not known."""
        lengths = (self.n_slices, self.height, self.width)
        if self.dtype is None or None in lengths:
            return None
        return RawFormat(lengths, self.dtype, n_header_bytes)


def guess_layout(name: str, n_bytes: int) -> RawGuess:
    """Read "rock_512x512x200_16bit.raw": of three numbers the one unlike the others is Z.

    Args:
        name: Of the file.
        n_bytes: Its size, which tells the one thing that is missing.
    """
    text = name.lower()
    width, height, n_slices = _lengths(text)
    found = next((kind for words, kind in _TYPES if _says(words, text)), None)
    if not found and width and height and n_slices:
        found = _BY_BYTES.get(n_bytes / (width * height * n_slices))
    if not found:
        return RawGuess(width, height, n_slices)
    dtype = np.dtype(("<", ">")[_BIG.search(text) is not None] + found)
    if width and height and not n_slices:
        slices, rest = divmod(n_bytes, width * height * dtype.itemsize)
        n_slices = slices if slices and not rest else None
    return RawGuess(width, height, n_slices, dtype)


def _says(words: str, text: str) -> bool:
    """Tell whether a word for a type stands in a name, also with its byte order: "uint16be"."""
    end = r"(?:[lb]e)?(?![a-z0-9])"
    return re.search(rf"(?<![a-z0-9])(?:{words}){end}", text.replace("_", " ")) is not None


def _lengths(text: str) -> tuple[int | None, int | None, int | None]:
    if three := _THREE.search(text):
        first, second, third = map(int, three.groups())
        is_z_first = second == third != first
        return (third, second, first) if is_z_first else (first, second, third)
    found = {key: pattern.search(text) for key, pattern in _LETTERED.items()}
    lengths = [int(match[1]) if match else None for match in found.values()]
    if two := _TWO.search(text):
        lengths[:2] = map(int, two.groups())
    return tuple(lengths)


def layout_unknown(names: list[str], n_bytes: int) -> UnknownLayoutError:
    """Ask for the layout of raw voxels, with what is likely.

    Args:
        names: Of the files; if there are several, each is a slice.
        n_bytes: Size of the first.
    """
    guess = guess_layout(names[0], n_bytes).layout()
    likely = ""
    if guess and guess.n_bytes == n_bytes:
        likely = f" Its name and size go with --raw {guess}"
        turned = replace(guess, shape=guess.shape[::-1])
        likely += f", or {turned}." if len({*guess.shape}) == 3 else "."
    what = "a file" if len(names) == 1 else f"{len(names)} files"
    return UnknownLayoutError(
        f'"{FILE}" is {what} of raw voxels, which do not say how they lie.',
        hint=f"Say it with --raw ZxYxX,TYPE[,HEADER BYTES] on the command line.{likely} Or import "
        "them in ImageJ with File › Import › Raw… and save them as TIFF.",
    )
