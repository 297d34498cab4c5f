"""How raw voxels lie in a file, as it is written on the command line."""

import re
from dataclasses import dataclass
from math import prod

import numpy as np

from sandseg.errors import StackError

_HINT = "Write SHAPE,TYPE as in 512x512x512,uint16, and if there is a header its bytes: ,4096."
RAW_SUFFIXES = ("raw", "vol", "bin", "dat")


def is_raw(name: str) -> bool:
    """Tell by its ending whether a file is likely to hold raw voxels."""
    return name.lower().endswith(tuple(f".{suffix}" for suffix in RAW_SUFFIXES))


@dataclass(frozen=True)
class RawFormat:
    """How voxels lie in a raw file: (Z, Y, X) or (Y, X), the slowest axis first, X side by side."""

    shape: tuple[int, ...]
    dtype: np.dtype
    n_header_bytes: int = 0

    @property
    def stack_shape(self) -> tuple[int, int, int]:
        """The shape with all three axes (Z, Y, X)."""
        return (1, *self.shape)[-3:]

    @property
    def n_bytes(self) -> int:
        """Size of the voxels, without the header."""
        return prod(self.shape) * self.dtype.itemsize

    @property
    def n_file_bytes(self) -> int:
        """Size of the file: that of the voxels and of the header."""
        return self.n_header_bytes + self.n_bytes

    def slices_in(self, n_file_bytes: int) -> int:
        """Return how many slices a file of this size holds, 0 where that is no whole number."""
        n_slices, rest = divmod(
            n_file_bytes - self.n_header_bytes, prod(self.shape[-2:]) * self.dtype.itemsize
        )
        return 0 if rest or n_slices < 0 else n_slices

    def __str__(self) -> str:
        """As it is written on the command line: "512x512x512,u2"."""
        kind = self.dtype.str.lstrip("|<")
        header = f",{self.n_header_bytes}" if self.n_header_bytes else ""
        return f"{'x'.join(map(str, self.shape))},{kind}{header}"

    @classmethod
    def parse(cls, text: str) -> "RawFormat":
        """Read "512x512x512,uint16" or, with a header, "512x512x512,uint16,4096".

        A type that starts with ">" is big-endian, as in ">u2".

        Raises:
            StackError: The text means no format.
        """
        match = re.fullmatch(r"(\d+(?:[x×]\d+){1,2}),([<>]?\w+)(?:,(\d+))?", text.replace(" ", ""))
        try:
            shape = tuple(int(length) for length in re.split("[x×]", match[1]))
            dtype = np.dtype(match[2])
        except (TypeError, ValueError) as error:
            raise StackError(f'"{text}" describes no raw file.', hint=_HINT) from error
        if dtype.kind not in "uif" or not all(shape):
            raise StackError(f'"{text}" describes no grey values.', hint=_HINT)
        return cls(shape, dtype, int(match[3] or 0))
