"""Where the sample lies in a slice of grey values, before anything is known of its phases.

A slice shows a core in air, with or without a holder round it, or is cut from inside a rock. The
sample is the convex hull of its largest piece of solid, or the circle that the hull is nearly all
of; what is painted over or missing is none of it.
"""

import numpy as np
from scipy import ndimage

from sandseg.measure.hull import convex_hull

LONGEST = 512  # pixels of a slice's longer edge while the sample is looked for
SMOOTHING = 1.0  # of those pixels
SMALLEST_GAP = 0.004  # of a slice: a smaller piece beside the hull belongs to the sample
CORE = 0.25  # of a holder's hull that a core within it takes at least
EROSIONS = (0, 1, 3)  # pixels: bridges this thin part a core from its holder
SUPPORT = 0.5  # share of a gap's border with the hull along which solid lies
BESIDE = 0.006  # of the longer edge: how far solid may lie from the hull there
DARKER = 0.2  # of the pores may be darker than a gap, else it is no air
JOINED = 0.03  # of the longer edge: grains nearer than twice this belong together
# Share of an outline that must lie on a shape, how far from it, as a share of the shape's size, and
# how much of the hull the shape may add.
ROUND = ((0.75, 0.012, 0.06), (0.5, 0.006, 0.15))
OPENED, LEFT = 1, 0.5  # pixels that specks and thin walls are thinner than; share of solid left
LEAST = 0.012  # of the hull: where a circle adds less, the hull is the sample, chips left out
UPRIGHT = (0.6, 0.012, 0.15)


def find_sample(image: np.ndarray, outside: np.ndarray, level: float) -> np.ndarray:
    """Mark the sample in a slice.

    Args:
        image: (Y, X) grey values of any real type.
        outside: (Y, X) bool: painted over or missing, as `outside_mask` finds it.
        level: Grey value between air and solid.

    Returns:
        (Y, X) bool; all False in a slice that shows no solid.
    """
    grey, seen = reduced(image, ~outside)
    factor = _factor(image.shape)
    piece = _core((grey > level) & seen)
    if not piece.any():
        return np.zeros(image.shape, bool)
    hull = convex_hull(piece)
    gaps = _gaps(hull, piece, grey, seen)
    if not gaps.any():
        return ~outside
    mask = _enlarged(_without_islands(~gaps, hull), factor, image.shape)
    circle, box = _circle(hull, gaps), _box(hull, gaps)
    if circle is not None:
        mask |= _disc(*circle, factor, image.shape)
    elif box is not None:
        mask |= _enlarged(box, factor, image.shape)
    return mask & ~outside


def reduced(image: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shrink a slice to what its sample is looked for in.

    Args:
        image: (Y, X) grey values of any real type.
        seen: (Y, X) bool: pixels that are neither painted over nor missing.

    Returns:
        (y, x) float32, smoothed means over blocks of what is seen, and bool where half of one is.
    """
    factor = _factor(image.shape)
    shown = np.where(seen, image, 0).astype(np.float32)
    share = seen.astype(np.float32)
    if factor > 1:
        shown, share = (_blocks(part, factor) for part in (shown, share))
    is_seen = share >= 0.5
    shown, share = (ndimage.gaussian_filter(part, SMOOTHING) for part in (shown, share))
    return shown / np.maximum(share, 1e-6), is_seen


def _factor(shape: tuple[int, int]) -> int:
    return max(1, -(-max(shape) // LONGEST))


def _blocks(image: np.ndarray, factor: int) -> np.ndarray:
    height, width = image.shape
    pad = ((0, -height % factor), (0, -width % factor))
    wide = np.pad(image, pad, mode="edge") if any(after for _, after in pad) else image
    total = sum(wide[i::factor, j::factor] for i in range(factor) for j in range(factor))
    return total / factor**2


def _core(solid: np.ndarray) -> np.ndarray:
    """Return the largest heap of solid, or the core within it where that is a holder."""
    for size in EROSIONS:
        held = _held(_shrunk(solid, size))
        if held is not None:
            return _grown(held, size) & solid
    opened = _grown(_shrunk(solid, OPENED), OPENED) & solid
    if opened.sum() > LEFT * solid.sum():
        solid = opened
    heaps, n_heaps = ndimage.label(_grown(solid, round(JOINED * max(solid.shape))))
    sizes = np.bincount(heaps[solid], minlength=n_heaps + 1)
    return solid & (heaps == sizes[1:].argmax() + 1) if n_heaps else solid


def _grown(mask: np.ndarray, reach: int) -> np.ndarray:
    """Add what lies within so many rows and columns of a mask."""
    return ndimage.maximum_filter(mask, 2 * reach + 1, mode="nearest") if reach else mask


def _shrunk(mask: np.ndarray, reach: int) -> np.ndarray:
    """Leave of a mask what lies farther than so many rows and columns from its edge."""
    return ndimage.minimum_filter(mask, 2 * reach + 1, mode="nearest") if reach else mask


def _held(solid: np.ndarray) -> np.ndarray | None:
    """Return the core where one lies within a ring of another piece, which is its holder."""
    pieces, n_pieces = ndimage.label(solid)
    if n_pieces < 2:
        return None
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    first, second = (pieces == i for i in np.argsort(-sizes)[:2])
    if second.sum() < CORE / 4 * first.sum():
        return None
    hulls = convex_hull(first), convex_hull(second)
    for core, ring, inner, whole in ((first, second, *hulls), (second, first, *hulls[::-1])):
        is_within = not (inner & ~whole).any() and not (inner & ring).any()
        if is_within and inner.sum() > CORE * whole.sum():
            return core
    return None


def _without_islands(mask: np.ndarray, hull: np.ndarray) -> np.ndarray:
    """Leave out pieces of a mask that the hull is no part of."""
    pieces, n_pieces = ndimage.label(mask)
    return mask if n_pieces < 2 else np.isin(pieces, np.unique(pieces[hull]))


def _gaps(hull: np.ndarray, piece: np.ndarray, grey: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Mark what lies beside the hull and is air around the sample, no pore in a corner."""
    pieces, n_pieces = ndimage.label(~hull & seen)
    gaps = np.zeros(hull.shape, bool)
    sizes = np.bincount(pieces.ravel(), minlength=n_pieces + 1)
    large = [i for i in range(1, n_pieces + 1) if sizes[i] >= SMALLEST_GAP * hull.size]
    if not large:
        return gaps
    reach = max(2, round(BESIDE * max(hull.shape)))
    is_near = _grown(piece, reach)
    pores = grey[hull & ~piece & seen]
    for i in large:
        gap = pieces == i
        border = ndimage.binary_dilation(gap) & hull
        is_supported = border.any() and is_near[border].mean() >= SUPPORT
        if is_supported and _is_air(grey[gap], pores):
            gaps |= gap
    return gaps


def _is_air(gap: np.ndarray, pores: np.ndarray) -> bool:
    """Whether a gap is as dark as pores are: a layer of another solid is not."""
    if not pores.size:
        return True
    low, middle = np.percentile(gap, (16, 50))
    return bool(np.mean(pores < middle - 4 * (middle - low)) < DARKER)


def _circle(hull: np.ndarray, gaps: np.ndarray) -> tuple[float, float, float] | None:
    """Return (y, x, radius) of the circle that most of a hull's outline lies on, or None."""
    rim = hull & ndimage.binary_dilation(gaps)
    points = np.argwhere(rim).astype(np.float64)
    if len(points) < 20:
        return None
    used = np.ones(len(points), bool)
    for _ in range(5):
        terms = np.column_stack([2 * points[used], np.ones(used.sum())])
        found = np.linalg.lstsq(terms, (points[used] ** 2).sum(axis=1), rcond=None)[0]
        middle, radius = found[:2], np.sqrt(max(found[2] + (found[:2] ** 2).sum(), 0))
        off = np.linalg.norm(points - middle, axis=1) - radius
        near = off > -max(
            ROUND[0][1] * radius, np.quantile(-off, 0.6)
        )  # chips lie within the circle
        if near.sum() < 10 or (near == used).all():
            break
        used = near
    grown = np.count_nonzero(_disc(*middle, radius, 1, hull.shape) & gaps)
    for share, tolerance, most in ROUND:
        is_near = np.abs(off) <= max(tolerance * radius, 1.0)
        size = np.count_nonzero(hull)
        if is_near.mean() >= share and LEAST * size <= grown <= most * size:
            return float(middle[0]), float(middle[1]), float(radius + 0.5)
    return None


def _box(hull: np.ndarray, gaps: np.ndarray) -> np.ndarray | None:
    """Return the upright rectangle that most of a hull's outline lies on, or None."""
    rows, columns = (np.flatnonzero(hull.any(axis=axis)) for axis in (1, 0))
    box = np.zeros(hull.shape, bool)
    box[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
    y, x = np.nonzero(hull & ndimage.binary_dilation(gaps))
    if not y.size:
        return None
    away = np.min([y - rows[0], rows[-1] - y, x - columns[0], columns[-1] - x], axis=0)
    share, tolerance, most = UPRIGHT
    is_near = away <= max(1, tolerance * min(len(rows), len(columns)))
    grown = np.count_nonzero(box & gaps)
    return box if is_near.mean() >= share and grown <= most * np.count_nonzero(hull) else None


def _enlarged(mask: np.ndarray, factor: int, shape: tuple[int, int]) -> np.ndarray:
    wide = mask.repeat(factor, axis=0).repeat(factor, axis=1) if factor > 1 else mask
    return wide[: shape[0], : shape[1]]


def _disc(y: float, x: float, radius: float, factor: int, shape: tuple[int, int]) -> np.ndarray:
    rows, columns = (np.arange(length) for length in shape)
    rows, columns = ((axis + 0.5) / factor - 0.5 for axis in (rows, columns))
    return (rows[:, None] - y) ** 2 + (columns - x) ** 2 <= radius**2
