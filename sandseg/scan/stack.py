"""A stack of slices, read one at a time, wherever they come from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from sandseg.errors import StackError, named
from sandseg.scan.choices import Choices

SMALLEST = 1e-30  # difference of grey values that can be worked with


@dataclass(frozen=True, eq=False)
class Stack:
    """A stack of slices (Z, Y, X), read one at a time; nothing of it changes.

    `reader` returns slice z, (Y, X) of `dtype`, and may be called from several threads. `axes` are
    the letters found in the file, `notes` say what was guessed while reading it, and `choices` what
    else the file holds. `part_of` is the stack that this one is a part of. `numbers` is how its
    slices are called where they are not counted from 1; `apart` says why they may not lie directly
    on one another; `files` are the names of those they are in, one each, where there are several.
    All stacks made of one another read one file: whoever opened it closes it, by
    any of them.
    """

    name: str
    shape: tuple[int, int, int]
    dtype: np.dtype
    reader: Callable[[int], np.ndarray] = field(repr=False)
    voxel_size_um: float | None = None
    axes: str = "ZYX"
    compression: str = "none"
    notes: tuple[str, ...] = ()
    choices: Choices = Choices()
    part_of: "Stack | None" = field(default=None, repr=False)
    first_slice: int = 0  # in the stack it is a part of
    aspect: tuple[float, float, float] = (1.0, 1.0, 1.0)  # of a voxel along z, y, x; x is 1
    numbers: tuple[str, ...] = ()
    apart: str = ""
    files: tuple[str, ...] = ()
    on_close: Callable[[], None] = field(default=lambda: None, repr=False)
    warnings: tuple[str, ...] = ()

    def __post_init__(self):
        object.__setattr__(self, "shape", tuple(int(length) for length in self.shape))
        object.__setattr__(self, "dtype", np.dtype(self.dtype))

    @classmethod
    def from_array(
        cls, array: np.ndarray, name: str = "array", voxel_size_um: float | None = None
    ) -> "Stack":
        """Make a stack of a (Z, Y, X) or (Y, X) array; the array is not copied.

        Raises:
            StackError: The array has other axes, no pixels, or complex numbers.
        """
        array = np.asarray(array)
        slices = array[None] if array.ndim == 2 else array
        if slices.ndim != 3 or slices.size == 0 or slices.dtype.kind not in "buif":
            raise StackError(
                f'"{name}" is an array of shape {array.shape} and type {array.dtype}; needed are '
                "real numbers with the axes (Z, Y, X) or (Y, X).",
                hint="Choose one channel and one time point.",
            )
        return cls(name, slices.shape, slices.dtype, lambda z: slices[z], voxel_size_um)

    @property
    def n_slices(self) -> int:
        """Number of slices Z."""
        return self.shape[0]

    def read_slice(self, z: int) -> np.ndarray:
        """Return slice z, counted from 0: (Y, X) of `dtype`. Messages count from 1, as people do.

        Raises:
            StackError: There is no slice z, or its pixels are damaged.
        """
        if not 0 <= z < self.n_slices:
            raise StackError(
                f'"{self.name}" has no slice {z + 1}; its slices are 1 to {self.n_slices}.',
                hint="Choose a slice of the stack.",
            )
        with named(self.name):
            return self.reader(int(z))

    @property
    def whole(self) -> "Stack":
        """The stack this one is a part of, or itself."""
        return self.part_of or self

    def slices(self) -> Iterator[np.ndarray]:
        """Read one slice (Y, X) after the other; raises as `read_slice` does."""
        return map(self.read_slice, range(self.n_slices))

    def part(self, first: int, last: int) -> "Stack":
        """Return the slices from `first` to `last`, counted from 0, both included.

        Raises:
            StackError: There are no such slices.
        """
        if not 0 <= first <= last < self.n_slices:
            raise StackError(
                f'"{self.name}" has no slices {first + 1} to {last + 1}; '
                f"its slices are 1 to {self.n_slices}.",
                hint="Name the first and the last slice, as in 10:20.",
            )
        which = f"slices {first + 1} to {last + 1} are" if last > first else f"slice {last + 1} is"
        return replace(
            self,
            shape=(last - first + 1, *self.shape[1:]),
            reader=lambda z: self.read_slice(first + z),
            notes=(*self.notes, f"Only {which} read."),
            part_of=self.whole,
            first_slice=self.first_slice + first,
            numbers=self.numbers[first : last + 1],
        )

    def slice_name(self, z: int) -> int | str:
        """Return how slice z is called on screen: its own number, else counted from 1."""
        return self.numbers[z] if self.numbers else self.first_slice + z + 1

    def with_voxel_size(self, voxel_size_um: float | None) -> "Stack":
        """Return the same slices with pixels of this width in µm, None for unknown."""
        return replace(self, voxel_size_um=voxel_size_um)

    @property
    def spacing_um(self) -> tuple[float, float, float] | None:
        """How far voxels lie apart along z, y and x in µm; None where it is not known."""
        size = self.voxel_size_um
        return tuple(float(f"{size * part:.9g}") for part in self.aspect) if size else None

    def close(self) -> None:
        """Close the file; slices cannot be read any more."""
        self.on_close()

    def __enter__(self) -> "Stack":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def check_values(image: np.ndarray) -> None:
    """Check that a slice, when it is all there is, holds something to segment.

    Args:
        image: (Y, X) of any real type.

    Raises:
        StackError: All pixels have one value, or nearly, or none is a finite number.
    """
    check_numbers(image)
    if image.dtype.kind == "f":
        image = image[np.isfinite(image)]
    lowest, highest = image.min(), image.max()
    if image.dtype.kind == "f" and 0 < float(highest) - float(lowest) < SMALLEST:
        raise StackError(
            f"The grey values differ by no more than {float(highest) - float(lowest):.1g}, which "
            "32-bit numbers do not tell apart.",
            hint="Multiply them before the export, or export 16-bit grey values.",
        )
    if lowest == highest:
        raise StackError(
            f"Every pixel is {lowest:g}; nothing to segment.",
            hint="Choose another slice, or export the image again.",
        )


def check_numbers(image: np.ndarray) -> None:
    """Check that some pixel of a slice is a finite number; one value throughout is fine.

    Raises:
        StackError: All pixels are NaN or infinite.
    """
    if image.dtype.kind == "f" and not np.isfinite(image).any():
        raise StackError(
            "No pixel of the slice is a finite number; nothing to segment.",
            hint="Export the slice again, as 8- or 16-bit grey values.",
        )
