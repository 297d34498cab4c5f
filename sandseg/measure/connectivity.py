"""Which pores lead somewhere: open and closed porosity, and what leads through the rock.

Pore voxels that touch by their faces (6 neighbours) make up one pore. It is open if it reaches the
outside surface of the sample and closed if it does not; a pore that reaches two opposite faces
leads through (Rouquerol et al. 1994, doi:10.1351/pac199466081739). The surface is the rim of the
sample in each slice, and the first and the last slice: where a stack was cut from a larger rock, a
pore that ends at the cut counts as open.

Opposite faces are those of the largest upright box inside the sample: a drilled core has no faces
along y and x, and its rim is connected all around by the air outside and by chips. What leads
through is counted inside that box alone, as if it had been sawn out of the rock. Of a stack cut
from inside the rock the box is the whole stack.

Stacks are larger than memory, so pores are joined slice by slice (Hoshen & Kopelman 1976,
doi:10.1103/PhysRevB.14.3438): only those that reach the slice seen last are known one by one, of
all others no more than their volume is kept.
"""

import tempfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from sandseg.classes import IGNORED, SegmentationClass
from sandseg.measure.box import Box, largest_box
from sandseg.measure.fractions import pore_mask

_FACES = np.array([(1, 2), (4, 8), (16, 32)], np.uint8)  # bits of the two faces along z, y, x
_SURFACE = np.uint8(64)
_SMALLEST_BOX = 0.1  # of the volume of the sample; a smaller box says nothing about it
_IN_MEMORY = 2**23  # bytes of packed pores; what is more goes to a temporary file


@dataclass(frozen=True)
class Connectivity:
    """How the pores of a stack hang together.

    `through` is the share of the pore volume in the box that leads through along z, y and x; open
    and closed porosity are shares of the volume of the sample, and sum to its porosity. All are in
    [0, 1], NaN where there is nothing to divide by or where `reason` says why they are not known.
    """

    through: tuple[float, float, float] = (np.nan, np.nan, np.nan)
    open_porosity: float = np.nan
    closed_porosity: float = np.nan
    box: Box | None = None  # along z, y, x: first voxel and the one after the last, from 0
    reason: str = ""


class PoreNetwork:
    """Joins the pores of a stack, one slice after the other."""

    def __init__(self, classes: Sequence[SegmentationClass]):
        self._classes = classes
        self._pieces = _Pieces()
        self._packed = _PackedMasks()
        self._has_sample: list[bool] = []
        self._n_sample = 0
        self._sample = self._common = np.zeros((0, 0), bool)

    def add(self, labels: np.ndarray, sample: np.ndarray) -> None:
        """Take one more slice: (Y, X) uint8 labels and bool where the sample lies.

        What is `IGNORED` is no pore.
        """
        pores = pore_mask(labels, self._classes) & sample
        marks = _face_marks(pores.shape) | _rim(sample) * _SURFACE
        if not self._has_sample:
            self._sample, self._common = np.zeros_like(sample), np.ones_like(sample)
        marks |= (sample & ~self._sample) * _SURFACE
        self._pieces.mark((self._sample & ~sample) * _SURFACE)
        if not any(self._has_sample):
            marks |= _FACES[0, 0]
        self._pieces.add(pores, marks)
        self._packed.add(pores)
        self._n_sample += int(np.count_nonzero(sample & (labels != IGNORED)))
        self._has_sample.append(bool(sample.any()))
        self._sample = sample
        if self._has_sample[-1]:
            self._common &= sample

    def result(self) -> Connectivity:
        """Say how the pores hang together, once all slices were seen."""
        if not any(material.is_pore for material in self._classes):
            return Connectivity(reason="no class is marked as pore")
        if not self._n_sample:
            return Connectivity(reason="no sample was found")
        self._pieces.mark(self._sample * (_FACES[0, 1] | _SURFACE))
        volumes = self._pieces.finish()
        is_open = np.arange(volumes.size) & _SURFACE > 0
        shares = volumes[is_open].sum() / self._n_sample, volumes[~is_open].sum() / self._n_sample
        box, reason = self._find_box()
        if box is None:
            return Connectivity((np.nan, np.nan, np.nan), *shares, reason=reason)
        if not self._fills_picture:
            volumes = self._volumes_in(box)
        return Connectivity(_through(volumes), *shares, box)

    @property
    def _fills_picture(self) -> bool:
        return all(self._has_sample) and bool(self._common.all())

    def _find_box(self) -> tuple[Box | None, str]:
        z = np.flatnonzero(self._has_sample)
        first, last = int(z[0]), int(z[-1])
        if len(z) <= last - first:
            return None, "a slice between others holds no sample"
        box = ((first, last + 1), *largest_box(self._common))
        if np.prod([end - start for start, end in box]) < _SMALLEST_BOX * self._n_sample:
            return None, "no box lies inside the sample in every slice"
        return box, ""

    def _volumes_in(self, box: Box) -> np.ndarray:
        """Join the pores anew, of the box alone."""
        (first, end), rows, columns = box
        pieces = _Pieces()
        for z, pores in enumerate(self._packed):
            if first <= z < end:
                inside = pores[slice(*rows), slice(*columns)]
                pieces.add(inside, _face_marks(inside.shape) | (z == first) * _FACES[0, 0])
        pieces.mark(np.full(inside.shape, _FACES[0, 1]))
        return pieces.finish()


class _Pieces:
    """Pieces of a mask (6 neighbours), joined slice by slice.

    A piece carries the bits that its voxels are marked with. Pieces that ended are only kept as
    their volume, added to that of the others with the same marks.
    """

    def __init__(self):
        self._ended = np.zeros(128, np.int64)  # voxels by marks
        self._sizes = np.zeros(0, np.int64)  # of the pieces that reach the last slice
        self._marks = np.zeros(0, np.uint8)
        self._labels = np.zeros((0, 0), np.int32)  # of the last slice, from 1
        self._piece_of = np.zeros(0, np.int64)  # of each label

    def add(self, mask: np.ndarray, marks: np.ndarray) -> None:
        """Join one more slice: (Y, X) bool and the uint8 marks of its pixels."""
        labels, n_labels = ndimage.label(mask)
        sizes = np.bincount(labels[mask], minlength=n_labels + 1)[1:]
        n_before = len(self._sizes)
        joined = self._joined_to_last(labels, n_before + n_labels)
        all_marks = np.concatenate([self._marks, np.zeros(n_labels, np.uint8)])
        _mark(all_marks[n_before:], labels, marks)
        n_pieces = joined.max(initial=-1) + 1
        sizes = np.bincount(joined, np.concatenate([self._sizes, sizes]), n_pieces).astype(np.int64)
        merged = np.zeros(n_pieces, np.uint8)
        np.bitwise_or.at(merged, joined, all_marks)
        goes_on = np.zeros(n_pieces, bool)
        goes_on[joined[n_before:]] = True
        np.add.at(self._ended, merged[~goes_on], sizes[~goes_on])
        self._sizes, self._marks, self._labels = sizes[goes_on], merged[goes_on], labels
        self._piece_of = (np.cumsum(goes_on) - 1)[joined[n_before:]]

    def mark(self, marks: np.ndarray) -> None:
        """Mark the pieces that pixels of the last slice belong to: (Y, X) uint8."""
        if not self._piece_of.size:
            return
        label_marks = np.zeros(len(self._piece_of), np.uint8)
        _mark(label_marks, self._labels, marks)
        np.bitwise_or.at(self._marks, self._piece_of, label_marks)

    def finish(self) -> np.ndarray:
        """Return (128,): how many voxels the pieces with each combination of marks have."""
        volumes = self._ended.copy()
        np.add.at(volumes, self._marks, self._sizes)
        return volumes

    def _joined_to_last(self, labels: np.ndarray, n_nodes: int) -> np.ndarray:
        """Return for each piece before, then for each label, the piece it now belongs to."""
        from scipy import sparse  # slow to load
        from scipy.sparse import csgraph

        n_before = len(self._sizes)
        if not n_before:
            return np.arange(n_nodes)
        touch = (self._labels > 0) & (labels > 0)
        touch[:, 1:] &= ~touch[:, :-1]  # along a row both labels stay the same: one pixel will do
        at = np.flatnonzero(touch)
        above = self._piece_of[self._labels.ravel()[at] - 1]
        below = labels.ravel()[at] - 1 + n_before
        links = sparse.coo_array((np.ones(len(at), bool), (above, below)), (n_nodes, n_nodes))
        return csgraph.connected_components(links, directed=False)[1]


class _PackedMasks:
    """Masks kept to be looked through once more, a bit or less a pixel."""

    def __init__(self):
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - read later
        self._sizes: list[int] = []
        self._shape = (0, 0)

    def add(self, mask: np.ndarray) -> None:
        packed = zlib.compress(np.packbits(mask).tobytes(), 1)
        self._file.write(packed)
        self._sizes.append(len(packed))
        self._shape = mask.shape

    def __iter__(self) -> Iterator[np.ndarray]:
        n_pixels = self._shape[0] * self._shape[1]
        self._file.seek(0)
        for size in self._sizes:
            bits = np.frombuffer(zlib.decompress(self._file.read(size)), np.uint8)
            yield np.unpackbits(bits, count=n_pixels).view(bool).reshape(self._shape)


def _through(volumes: np.ndarray) -> tuple[float, float, float]:
    total = volumes.sum()
    if not total:
        return np.nan, np.nan, np.nan
    marks = np.arange(volumes.size)
    both = [int(first | last) for first, last in _FACES]
    return tuple(float(volumes[marks & faces == faces].sum() / total) for faces in both)


def _mark(label_marks: np.ndarray, labels: np.ndarray, marks: np.ndarray) -> None:
    """Give labels, from 1, the marks of their pixels."""
    at = np.flatnonzero(marks.astype(bool) & (labels > 0))
    np.bitwise_or.at(label_marks, labels.ravel()[at] - 1, marks.ravel()[at])


def _face_marks(shape: tuple[int, int]) -> np.ndarray:
    marks = np.zeros(shape, np.uint8)
    (_, top_bottom, left_right) = _FACES
    marks[0] |= top_bottom[0]
    marks[-1] |= top_bottom[1]
    marks[:, 0] |= left_right[0]
    marks[:, -1] |= left_right[1]
    return marks


def _rim(sample: np.ndarray) -> np.ndarray:
    """Mark the pixels of the sample beside what is none; beyond the picture there is none."""
    inner = np.pad(sample, 1)
    inner = inner[:-2, 1:-1] & inner[2:, 1:-1] & inner[1:-1, :-2] & inner[1:-1, 2:]
    return sample & ~inner
