"""Slices of made-up rocks of every kind, as seen by scanners of every kind, to learn from.

Four classes that every dry rock has: pore, microporous (clay and the like), grain, dense. The
geometry, the tone of each phase and grain, and what the scanner did to them are drawn at random
(domain randomization: Tobin et al. 2017, arXiv:1703.06907). On the scale of the grey values air is
`PORE_GREY` and the commonest solid `GRAIN_GREY`.
"""

from collections.abc import Callable

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from sandseg.classes import IGNORED
from sandseg.data.rough_scan import (
    DENSE,
    GRAIN,
    MICRO,
    PORE,
    field,
    scale,
    scan_roughly,
    scan_thoroughly,
)

_MARGIN = 8  # pixels around a slice that are thrown away: filters need neighbours
_WITH_PROJECTIONS = 0.06  # share of slices that are projected and reconstructed, which is slow


def draw_slice(
    size: int, rng: np.random.Generator, labels: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Make a slice.

    Args:
        size: Edge in pixels.
        rng: Decides on everything.
        labels: (size + 16, size + 16) uint8 labels of a rock to scan; else one is made up.

    Returns:
        (size, size) float32 grey values in [0, 1], and uint8 labels, `IGNORED` where the picture is
        painted over.
    """
    if labels is None:
        labels = draw_labels(size + 2 * _MARGIN, rng)
        if rng.random() < 0.1:
            labels[~_disc(len(labels), rng)] = PORE  # a core, and air around it
    scan = scan_thoroughly if rng.random() < _WITH_PROJECTIONS else scan_roughly
    inner = np.s_[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
    grey, labels = scan(labels, rng)[inner], labels[inner]
    if rng.random() < 0.08:
        is_outside = ~_disc(size, rng)
        grey[is_outside] = rng.choice([0, 0, 1, rng.random()])
        labels = np.where(is_outside, IGNORED, labels).astype(np.uint8)
    return grey, labels


def _disc(size: int, rng: np.random.Generator) -> np.ndarray:
    """Return (size, size) bool: within a large circle, part of which may lie in the picture."""
    radius = size * rng.uniform(0.4, 2)
    turn = rng.uniform(0, 2 * np.pi)
    away = max(0, radius - size * rng.uniform(0, 0.45))
    y, x = np.ogrid[:size, :size]
    middle = size / 2 + away * np.array([np.sin(turn), np.cos(turn)])
    return (y - middle[0]) ** 2 + (x - middle[1]) ** 2 < radius**2


def draw_labels(size: int, rng: np.random.Generator) -> np.ndarray:
    """Make up (size, size) uint8 labels of a rock."""
    make = _KINDS[rng.integers(len(_KINDS))]
    labels = np.where(make(size, rng), PORE, GRAIN).astype(np.uint8)
    if rng.random() < 0.6:
        _line_with_clay(labels, rng)
    if rng.random() < 0.35:
        _fill_with_clay(labels, rng)
    if rng.random() < 0.6:
        _sprinkle_dense(labels, rng)
    if rng.random() < 0.25:
        _round_off(labels, rng)
    return labels


def _lowest(values: np.ndarray, share: float) -> np.ndarray:
    return values < np.quantile(values, share)


def _from_field(size: int, rng: np.random.Generator) -> np.ndarray:
    """Pores where a random field is low: a sponge."""
    length = scale(rng)
    values = field(size, length, rng, np.exp(rng.uniform(-1, 1) * (rng.random() < 0.3)))
    values = values + rng.uniform(0, 0.7) * field(size, length / rng.uniform(2, 5), rng)
    return _lowest(values, rng.uniform(0.02, 0.45))


def _nearest(size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, float]:
    """Distances of each pixel to the two nearest grains' middles, warped; and the grain size."""
    length = scale(rng)
    n_grains = max(4, int(2.2 * (size / length) ** 2))
    middles = rng.uniform(-length, size + length, (n_grains, 2))
    for _ in range(rng.integers(0, 4)):  # evenly spaced
        near = cKDTree(middles).query(middles, 2)[1][:, 1]
        away = middles - middles[near]
        distance = np.linalg.norm(away, axis=1, keepdims=True) + 1e-6
        middles += away / distance * np.clip(length - distance, 0, None) * 0.4
    y, x = np.mgrid[:size, :size].astype(np.float32)
    rough = rng.uniform(0, 0.25) * length
    stretch = np.exp(rng.uniform(-0.5, 0.5))
    y, x = (axis + rough * field(size, length / 2, rng) for axis in (y * stretch, x))
    middles = middles * [stretch, 1]
    distances, _ = cKDTree(middles).query(np.stack([y, x], axis=-1).reshape(-1, 2), 2)
    first, second = distances.T.reshape(2, size, size)
    return first, second, length


def _packed(size: int, rng: np.random.Generator) -> np.ndarray:
    """Pores between grains, which touch, or are cemented."""
    first, second, length = _nearest(size, rng)
    gap = (second - first) / length + rng.uniform(0, 0.3) * field(size, length, rng)
    far = first / length + rng.uniform(0, 0.15) * field(size, length / 3, rng)
    mixed = gap - rng.uniform(0, 1.5) * far
    return _lowest(mixed, rng.uniform(0.03, 0.42))


def _oolites(size: int, rng: np.random.Generator) -> np.ndarray:
    """Round grains with pores between them, and shells dissolved in some."""
    first, _, length = _nearest(size, rng)
    pores = ~_lowest(first, rng.uniform(0.6, 0.9))
    shells = np.sin(first / length * rng.uniform(15, 40)) > rng.uniform(0.7, 0.98)
    return pores | (shells & (field(size, 2 * length, rng) > rng.uniform(0.3, 1.5)))


def _vugs(size: int, rng: np.random.Generator) -> np.ndarray:
    """Holes in a tight rock, and the shells of dissolved fossils."""
    pores = np.zeros((size, size), bool)
    y, x = np.mgrid[:size, :size]
    for _ in range(rng.integers(2, 25)):
        radius = np.exp(rng.uniform(np.log(2), np.log(30)))
        turn, axes = rng.uniform(0, np.pi), np.exp(rng.uniform(-0.6, 0.6))
        dy, dx = y - rng.uniform(0, size), x - rng.uniform(0, size)
        u = (dy * np.cos(turn) + dx * np.sin(turn)) * axes
        v = (dx * np.cos(turn) - dy * np.sin(turn)) / axes
        distance = np.hypot(u, v) + 0.15 * radius * field(size, max(radius, 3), rng)
        if rng.random() < 0.3:
            is_here = np.abs(distance - radius) < max(1, 0.12 * radius)
            is_here &= np.arctan2(u, v) > rng.uniform(-3, 1)
        else:
            is_here = distance < radius
        pores |= is_here
    return pores | _lowest(field(size, rng.uniform(2, 8), rng), rng.uniform(0, 0.06))


def _fractures(size: int, rng: np.random.Generator) -> np.ndarray:
    """Cracks of about one width, through a rock with few other pores."""
    pores = _lowest(field(size, scale(rng), rng), rng.uniform(0, 0.12))
    for _ in range(rng.integers(1, 5)):
        stretch = np.exp(rng.uniform(-0.9, 0.9))
        values = field(size, rng.uniform(20, 90), rng, stretch)
        steep = np.hypot(*np.gradient(values)) + 1e-3
        level = rng.uniform(-1, 1)
        pores |= np.abs(values - level) / steep < rng.uniform(0.6, 3)
    return pores


def _laminae(size: int, rng: np.random.Generator) -> np.ndarray:
    """Layers of more and of fewer pores."""
    layers = field(size, rng.uniform(6, 40), rng, np.exp(rng.uniform(0.7, 1.6)))
    values = field(size, scale(rng) / 2 + 2, rng) + rng.uniform(0.5, 2) * layers
    turned = values if rng.random() < 0.5 else values.T
    return _lowest(turned, rng.uniform(0.04, 0.4))


_KINDS: tuple[Callable[[int, np.random.Generator], np.ndarray], ...] = (
    _from_field,
    _packed,
    _packed,
    _packed,
    _oolites,
    _vugs,
    _fractures,
    _laminae,
)


def _line_with_clay(labels: np.ndarray, rng: np.random.Generator) -> None:
    """Cover part of the walls of pores."""
    if not (labels == PORE).any():
        return
    distance = ndimage.distance_transform_edt(labels != PORE)
    thick = rng.uniform(1, 6) * (1 + 0.6 * field(len(labels), rng.uniform(6, 40), rng))
    where = field(len(labels), rng.uniform(10, 60), rng) > rng.uniform(-0.5, 1.2)
    labels[(labels == GRAIN) & (distance < thick) & where] = MICRO


def _fill_with_clay(labels: np.ndarray, rng: np.random.Generator) -> None:
    """Fill some pores, and turn some grains porous."""
    pores, n_pores = ndimage.label(labels == PORE)
    is_full = rng.random(n_pores + 1) < rng.uniform(0.1, 0.5)
    is_full[0] = False
    labels[is_full[pores]] = MICRO
    patches = field(len(labels), scale(rng), rng) > rng.uniform(0.9, 2.2)
    labels[(labels == GRAIN) & patches] = MICRO


def _sprinkle_dense(labels: np.ndarray, rng: np.random.Generator) -> None:
    """Put specks and blobs of something dense into the solid."""
    values = field(len(labels), rng.uniform(2, 14), rng)
    values = values + rng.uniform(0, 1) * field(len(labels), rng.uniform(20, 80), rng)
    dense = ~_lowest(values, 1 - np.exp(rng.uniform(np.log(0.002), np.log(0.12))))
    labels[dense & (labels != PORE)] = DENSE


def _round_off(labels: np.ndarray, rng: np.random.Generator) -> None:
    """Leave nothing thinner than some pixels."""
    labels[:] = ndimage.median_filter(labels, size=int(rng.integers(2, 6)))
