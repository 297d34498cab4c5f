"""Which pixels of a slice are not the sample: painted over outside the field of view, or missing.

Programs that reconstruct or crop a scan paint what they did not see with one exact value (black,
white, any other), or mark it as missing (NaN, the largest number of the type).
"""

import numpy as np
from scipy import ndimage

SMALLEST = 0.002  # share of a slice: less of one value at its edge is no padding
SOLID = 0.5  # share of a region left without its rim: speckles of clipped noise keep nothing
EDGE_SHARE = 0.05  # of the pixels along the edge: a value rarer there is not tried
GRAINS = 0.02  # share of the sample; more is a sample that is not convex
FLAT = 0.2  # share of other pixels like all around: such a picture was made without noise
HARD = 0.75  # of the step some pixels off: paint ends abruptly, saturated grains fade
FAR = 5  # pixels


def outside_mask(image: np.ndarray) -> np.ndarray:
    """Mark the pixels that are not the sample.

    They are missing (NaN, infinite, the largest float) wherever they lie, or painted: exactly one
    value over a large region that touches the edge. A slice of one value is outside throughout.
    Noise around a core, saturated grains and clipped pores are left to the sample; so is
    everything in pictures without noise, where an exact value proves nothing.

    Args:
        image: (Y, X) grey values of any real type.

    Returns:
        (Y, X) bool, True where there is no sample.
    """
    if image.dtype.kind == "b":
        image = image.view(np.uint8)
    missing = missing_mask(image)
    valid = image[~missing] if missing.any() else image
    if not valid.size or valid.min() == valid.max():
        return np.ones(image.shape, bool)
    outside = missing
    for value in _common_at_edge(image, missing):
        outside = outside | _painted(image, value, missing)
    return outside


def missing_mask(image: np.ndarray) -> np.ndarray:
    """Mark what is no number: NaN, infinite, or the largest float of the type; bool, as shaped."""
    if image.dtype.kind != "f":
        return np.zeros(image.shape, bool)
    largest = min(np.finfo(image.dtype).max, np.finfo(np.float32).max)
    return ~(np.abs(image) < 0.999 * largest)


def _common_at_edge(image: np.ndarray, missing: np.ndarray) -> list:
    edge = np.concatenate([_edge(image, side) for side in range(4)])
    edge = edge[~np.concatenate([_edge(missing, side) for side in range(4)])]
    values, counts = np.unique(edge, return_counts=True)
    order = np.argsort(-counts)[:4]
    return [values[i] for i in order if counts[i] >= EDGE_SHARE * edge.size]


def _edge(image: np.ndarray, side: int) -> np.ndarray:
    return (image[0], image[-1], image[:, 0], image[:, -1])[side]


def _painted(image: np.ndarray, value: float, missing: np.ndarray) -> np.ndarray:
    """Mark the regions of a value at the edge of a slice that somebody painted."""
    same = image == value
    pieces, kept = _solid_regions(same)
    regions = kept[pieces]
    none = np.zeros(image.shape, bool)
    rest = image[~(regions | missing)]
    if not kept.any() or not rest.size:
        return regions
    if rest.size < SMALLEST * image.size:
        return regions
    lowest, highest = rest.min(), rest.max()
    if lowest == highest:
        return none
    if _is_flat(image, missing | same | (image == lowest) | (image == highest)):
        return none
    if value > rest.mean() and value >= highest:
        regions = _without_grains(regions)
    if lowest < value < highest or _frames(regions):
        return regions  # within the range nothing saturates; round the sample nothing else lies
    pieces = np.where(regions, pieces, 0)
    hard = [i for i in np.flatnonzero(kept) if _ends_hard(image, pieces == i)]
    return np.isin(pieces, hard)


def _without_grains(regions: np.ndarray) -> np.ndarray:
    """Give grains as bright as the paint back to the sample: they stand out into its hull."""
    from skimage.morphology import convex_hull_image  # slow to load

    pieces, _ = ndimage.label(~regions)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    sample = pieces == sizes.argmax()
    hull = convex_hull_image(sample, include_borders=False)
    grains = ndimage.binary_opening(regions & hull, np.ones((3, 3)))  # not the hull's own rim
    is_small = np.count_nonzero(grains) <= GRAINS * np.count_nonzero(sample)
    return regions & ~grains if is_small else regions


def _solid_regions(same: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number the pieces of a mask; say which are large, touch the edge and are no speckle."""
    pieces, n_pieces = ndimage.label(same)
    sizes = np.bincount(pieces.ravel(), minlength=n_pieces + 1)
    left = np.bincount(pieces[_without_rim(same)], minlength=n_pieces + 1)
    at_edge = np.zeros(n_pieces + 1, bool)
    at_edge[np.concatenate([_edge(pieces, side) for side in range(4)])] = True
    at_edge[0] = False
    return pieces, at_edge & (sizes >= SMALLEST * same.size) & (left >= SOLID * sizes)


def _without_rim(mask: np.ndarray) -> np.ndarray:
    """Leave out pixels of a mask that have others among their eight neighbours."""
    wide = np.pad(mask, 1, mode="edge")
    rows = wide[:-2] & wide[1:-1] & wide[2:]
    return rows[:, :-2] & rows[:, 1:-1] & rows[:, 2:]


def _is_flat(image: np.ndarray, left_out: np.ndarray) -> bool:
    """Whether much of the rest of a slice is as flat as what may be painted."""
    rest = ~left_out
    level = rest.copy()
    level[1:] &= image[1:] == image[:-1]
    level[:, 1:] &= image[:, 1:] == image[:, :-1]
    n_pixels = np.count_nonzero(rest)
    return n_pixels > SMALLEST * image.size and np.count_nonzero(level) > FLAT * n_pixels


def _frames(regions: np.ndarray) -> bool:
    """Whether regions hold three corners, or a whole side."""
    corners = regions[[0, 0, -1, -1], [0, -1, 0, -1]]
    return corners.sum() >= 3 or any(_edge(regions, side).all() for side in range(4))


def _ends_hard(image: np.ndarray, region: np.ndarray) -> bool:
    """Whether the pixels beside a region differ from it as much as those some pixels off."""
    beside = ndimage.binary_dilation(region)
    near = ndimage.binary_dilation(beside, iterations=FAR - 2)
    off = ndimage.binary_dilation(near) & ~near
    value = float(image[region][0])
    steps = [np.abs(image[rim].astype(np.float64) - value) for rim in (beside & ~region, off)]
    if not steps[1].size:
        return True
    first, later = (np.median(step[np.isfinite(step)]) for step in steps)
    return bool(first > HARD * later)
