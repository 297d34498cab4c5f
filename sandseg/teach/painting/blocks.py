"""A sparse stack of painted values: blocks that never change, so that each state can be kept."""

import zlib
from collections.abc import Iterator, Mapping
from itertools import product

import numpy as np

EDGE = 64  # rows and columns of a block, which lies in one slice

Key = tuple[int, int, int]  # slice, row of blocks, column of blocks
Plane = tuple[str, int]  # an axis "z", "y" or "x", and the index of a plane along it


class Blocks:
    """The painted values of a stack, (Z, Y, X) uint8, 0 where nothing is painted.

    Only blocks that something is painted in take memory.
    """

    def __init__(self, shape: tuple[int, int, int]):
        self.shape = shape
        self._blocks: dict[Key, np.ndarray] = {}

    def plane_shape(self, axis: str) -> tuple[int, int]:
        """Return (rows, columns) of the planes along an axis: y × x, z × x, or z × y."""
        n_slices, height, width = self.shape
        return {"z": (height, width), "y": (n_slices, width), "x": (n_slices, height)}[axis]

    def read_plane(self, plane: Plane) -> np.ndarray:
        """Return the values of a plane, (rows, columns) uint8."""
        axis, at = plane
        values = np.zeros(self.plane_shape(axis), np.uint8)
        n_rows, n_columns = (-(-length // EDGE) for length in self.shape[1:])
        if axis == "z":
            for by, bx in product(range(n_rows), range(n_columns)):
                if (block := self._blocks.get((at, by, bx))) is not None:
                    part = values[by * EDGE :, bx * EDGE :][:EDGE, :EDGE]
                    part[:] = block[: part.shape[0], : part.shape[1]]
            return values
        for (z, by, bx), block in self._blocks.items():
            y, x = by * EDGE, bx * EDGE
            if axis == "y" and y <= at < y + EDGE:
                part = values[z, x : x + EDGE]
                part[:] = block[at - y, : len(part)]
            elif axis == "x" and x <= at < x + EDGE:
                part = values[z, y : y + EDGE]
                part[:] = block[: len(part), at - x]
        return values

    def paint(
        self, plane: Plane, top: int, left: int, mask: np.ndarray, value: int
    ) -> "Change | None":
        """Paint one value where a mask says, and return how to take it back; None: nothing changes.

        Args:
            plane: What is painted on.
            top: First row of the plane that the mask is about.
            left: First column.
            mask: (rows, columns) bool, which lies inside the plane.
            value: From 0 to 255.
        """
        old: dict[Key, np.ndarray | None] = {}
        for key, inside, part in self._parts(plane, top, left, mask):
            block = self._blocks.get(key)
            before = 0 if block is None else block[inside]
            if not (part & (before != value)).any():
                continue
            made = np.zeros((EDGE, EDGE), np.uint8) if block is None else block.copy()
            made[inside][part] = value
            self._put(key, made, old)
        return Change(old) if old else None

    def paste(self, slices: Mapping[int, np.ndarray]) -> "Change | None":
        """Paint whole slices, (Y, X) uint8 by index; what is 0 there stays as it was."""
        old: dict[Key, np.ndarray | None] = {}
        for z, values in slices.items():
            for key, inside, part in self._parts(("z", z), 0, 0, values):
                block = self._blocks.get(key)
                made = np.zeros((EDGE, EDGE), np.uint8) if block is None else block.copy()
                np.copyto(made[inside], part, where=part > 0)
                if part.any() and (block is None or (made != block).any()):
                    self._put(key, made, old)
        return Change(old) if old else None

    def clear(self) -> "Change | None":
        """Take all paint away."""
        old, self._blocks = self._blocks, {}
        return Change(dict(old)) if old else None

    def swap(self, change: "Change") -> "Change":
        """Take a change back, and return how to make it again."""
        back: dict[Key, np.ndarray | None] = {}
        for key, block in change.blocks().items():
            back[key] = self._blocks.pop(key, None)
            if block is not None:
                self._blocks[key] = block
        return Change(back)

    def slices(self) -> tuple[int, ...]:
        """Return the indices of the slices that something is painted on."""
        return tuple(sorted({z for z, _, _ in self._blocks}))

    def counts(self) -> np.ndarray:
        """Return (256,) int64: how many pixels have each value; those unpainted are not counted."""
        found = np.zeros(256, np.int64)
        for block in self._blocks.values():
            found += np.bincount(block.ravel(), minlength=256)
        found[0] = 0
        return found

    def _put(self, key: Key, made: np.ndarray, old: dict[Key, np.ndarray | None]) -> None:
        old[key] = self._blocks.pop(key, None)
        if made.any():
            made.flags.writeable = False
            self._blocks[key] = made

    def _parts(
        self, plane: Plane, top: int, left: int, mask: np.ndarray
    ) -> Iterator[tuple[Key, tuple, np.ndarray]]:
        """Cut a mask on a plane by blocks: the block, the place in it, the part of the mask."""
        axis, at = plane
        for column, in_block, columns in _cuts(left, mask.shape[1]):
            if axis == "z":
                for row, rows_in_block, rows in _cuts(top, len(mask)):
                    yield (at, row, column), (rows_in_block, in_block), mask[rows, columns]
                continue
            for row, line in enumerate(mask):  # each in a slice of its own
                if axis == "y":
                    place = (at % EDGE, in_block)
                    yield (top + row, at // EDGE, column), place, line[columns]
                else:
                    place = (in_block, at % EDGE)
                    yield (top + row, column, at // EDGE), place, line[columns]


class Change:
    """Blocks as they were before something was painted; None where there was none."""

    def __init__(self, blocks: dict[Key, np.ndarray | None]):
        self._keys = tuple(blocks)
        self._blocks: list[np.ndarray | None] | None = list(blocks.values())
        self._packed = b""

    def blocks(self) -> dict[Key, np.ndarray | None]:
        """Return the blocks by their places."""
        return dict(zip(self._keys, self._unpacked(), strict=True))

    def pack(self) -> None:
        """Keep the blocks in less memory, as what happened long ago is rarely taken back."""
        if self._blocks is None:
            return
        empty = bytes(EDGE * EDGE)
        joined = b"".join(empty if b is None else b.tobytes() for b in self._blocks)
        self._packed, self._blocks = zlib.compress(joined, 1), None

    def _unpacked(self) -> list[np.ndarray | None]:
        if self._blocks is not None:
            return self._blocks
        flat = np.frombuffer(zlib.decompress(self._packed), np.uint8)
        return [block if block.any() else None for block in flat.reshape(-1, EDGE, EDGE)]


def _cuts(start: int, length: int) -> Iterator[tuple[int, slice, slice]]:
    """Cut a line by blocks: number of the block, the part inside it, the part of the line."""
    for number in range(start // EDGE, (start + length - 1) // EDGE + 1):
        first = max(start, number * EDGE)
        last = min(start + length, (number + 1) * EDGE)
        inside = slice(first - number * EDGE, last - number * EDGE)
        yield number, inside, slice(first - start, last - start)
