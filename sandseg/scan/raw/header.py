"""What a header says of the voxels it describes: how they lie, where, and how far apart."""

import math
import re
from dataclasses import dataclass

import numpy as np

from sandseg.errors import FILE, StackError
from sandseg.scan.tiff.voxels import CUBE, LEAST_UM, MOST_UM, Spacing, microns

LONGEST = 2**16  # bytes of a header
AT_END = -1  # in place of bytes before the voxels: they are the end of their file
_SAME = 0.01  # by which spacings may differ without a word


@dataclass(frozen=True)
class Header:
    """A header, understood.

    `shape` is (Z, Y, X). `file` is the file with the voxels as the header names it, "" where they
    follow the header; `n_lines` and `n_bytes` come before them there (`n_bytes` may be `AT_END`).
    `packing` is "", "zlib" or "bzip2". `lengths` are the distances of voxels along z, y, x, and
    `units` what they are in, "" where nothing is said.
    """

    kind: str
    shape: tuple[int, int, int]
    dtype: np.dtype
    file: str = ""
    n_lines: int = 0
    n_bytes: int = 0
    packing: str = ""
    lengths: tuple[float, float, float] | None = None
    units: tuple[str, str, str] = ("", "", "")
    convention: str = ""  # the unit that programs take where none is said
    notes: tuple[str, ...] = ()

    @property
    def voxels(self) -> tuple[float | None, Spacing, list[str]]:
        """Width of a voxel in µm, its shape in units of that, and what to say of them."""
        is_silent = self.lengths == (1, 1, 1) and not any(self.units)  # as where nothing is known
        if not self.lengths or is_silent:
            return None, CUBE, []
        microns_each = [
            length * microns(unit) for length, unit in zip(self.lengths, self.units, strict=True)
        ]
        z, y, x = microns_each if all(microns_each) else self.lengths
        is_cube = max(z, y, x) / min(z, y, x) <= 1 + _SAME
        aspect = CUBE if is_cube else (z / x, y / x, 1.0)
        if all(microns_each) and LEAST_UM <= x <= MOST_UM:
            note = f"The voxels are no cubes: {x:.4g} × {y:.4g} × {z:.4g} µm along x, y, z."
            return float(f"{x:.9g}"), aspect, [note] * (not is_cube)
        note = self._left_open(x if all(microns_each) else None)
        if is_cube or len(set(self.units)) > 1:
            return None, CUBE, [note]
        apart = f"Along z they lie {z / x:.4g} times as far apart as along x, along y {y / x:.4g}."
        return None, aspect, [note, apart]

    def _left_open(self, microns_x: float | None) -> str:
        """Say what stands there, and why it is not taken."""
        shown = " × ".join(f"{length:.6g}" for length in self.lengths[::-1])
        unit = next(filter(None, self.units), "")
        if microns_x:
            why = f"in {unit}, which is no size of a voxel"
        elif unit:
            why = f'in the unit "{unit}", which is not known'
        else:
            why = "without a unit"
            if self.convention:
                width = self.lengths[-1] * microns(self.convention)
                why += f"; programs that take {self.convention} see {width:.4g} µm"
        return (
            f"The header gives the spacing {shown} {why}. The voxel size is left open: set it "
            "yourself, on the command line with --voxel-size."
        )


def fields(text: str, separator: str) -> dict[str, str]:
    """Return the entries of a header, one a line, by their names in small letters."""
    pairs = (line.partition(separator) for line in text.splitlines() if line[:1] != "#")
    return {
        name.strip().lower(): value.lstrip("=").strip() for name, found, value in pairs if found
    }


def numbers(text: str) -> list[float]:
    """Return the numbers in an entry.

    Raises:
        ValueError: Something else is in it.
    """
    return [float(part) for part in re.split(r"[\s,()]+", text) if part]


def stack_shape(sizes: str) -> tuple[int, int, int]:
    """Return (Z, Y, X) of sizes that begin with the fastest axis.

    Raises:
        StackError: There are more axes than three, or fewer than two.
    """
    lengths = [int(size) for size in numbers(sizes)]
    while len(lengths) > 3 and lengths[-1] == 1:
        lengths.pop()
    if len(lengths) not in (2, 3) or min(lengths) < 1:
        raise refused(f"has the sizes {sizes or 'of nothing'}; needed are two or three axes", "[0]")
    return (1, *lengths[::-1])[-3:]


def distances(found: list[float]) -> tuple[float, float, float] | None:
    """Return distances along z, y, x of those along x, y, z; None where they make no sense."""
    lengths = [abs(length) for length in found[:3]]
    if len(lengths) == 2:
        lengths.append(lengths[0])
    makes_sense = len(lengths) == 3 and all(0 < length < math.inf for length in lengths)
    return tuple(lengths[::-1]) if makes_sense else None


def refused(why: str, part: str = "") -> StackError:
    """Say why voxels cannot be read, and what reads them; `part` is which of them, as "[0]"."""
    return StackError(
        f'"{FILE}" {why}.',
        hint="Convert it in Python with the package SimpleITK: numpy.save('scan.npy', "
        f"SimpleITK.GetArrayFromImage(SimpleITK.ReadImage('{FILE}')){part}).",
    )
