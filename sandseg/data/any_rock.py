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
from sandseg.data.scanner import ScannerConfig, scan_slice

PORE, MICRO, GRAIN, DENSE = range(4)
PORE_GREY, GRAIN_GREY = 0.06, 0.49
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


def field(size: int, length: float, rng: np.random.Generator, stretch: float = 1.0) -> np.ndarray:
    """Return a (size, size) random field of deviation 1 that changes over `length` pixels."""
    coarse = max(1, int(length / 3))
    n = -(-size // coarse) + 2
    sigma = np.array([length, length * stretch]) / coarse / 2
    noise = ndimage.gaussian_filter(rng.standard_normal((n, n)), sigma, mode="wrap")
    if coarse > 1:
        noise = ndimage.zoom(noise, coarse, order=1)
    noise = noise[:size, :size]
    return ((noise - noise.mean()) / max(noise.std(), 1e-9)).astype(np.float32)


def _scale(rng: np.random.Generator) -> float:
    """How large grains are, in pixels."""
    return float(np.exp(rng.uniform(np.log(5), np.log(70))))


def _lowest(values: np.ndarray, share: float) -> np.ndarray:
    return values < np.quantile(values, share)


def _from_field(size: int, rng: np.random.Generator) -> np.ndarray:
    """Pores where a random field is low: a sponge."""
    length = _scale(rng)
    values = field(size, length, rng, np.exp(rng.uniform(-1, 1) * (rng.random() < 0.3)))
    values = values + rng.uniform(0, 0.7) * field(size, length / rng.uniform(2, 5), rng)
    return _lowest(values, rng.uniform(0.02, 0.45))


def _nearest(size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, float]:
    """Distances of each pixel to the two nearest grains' middles, warped; and the grain size."""
    length = _scale(rng)
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
    pores = _lowest(field(size, _scale(rng), rng), rng.uniform(0, 0.12))
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
    values = field(size, _scale(rng) / 2 + 2, rng) + rng.uniform(0.5, 2) * layers
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
    patches = field(len(labels), _scale(rng), rng) > rng.uniform(0.9, 2.2)
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


def scan_roughly(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the grey values (Y, X) float32 in [0, 1] that some scanner makes of labels.

    Done on the picture, a hundred times as fast as by projections; noise has the spectrum that
    filtered back-projection gives it.
    """
    grey = _tones(labels, rng)
    size = len(labels)
    sharp = rng.uniform(0.25, 1.1) if rng.random() < 0.6 else rng.uniform(1.1, 2.2)
    grey = ndimage.gaussian_filter(grey, sharp)
    if rng.random() < 0.35:  # phase contrast, or a sharpening filter
        width = rng.uniform(0.7, 2)
        grey += rng.uniform(0.3, 1.6) * (grey - ndimage.gaussian_filter(grey, width))
    if rng.random() < 0.4:  # beam hardening, uneven light
        shade = field(size, rng.uniform(0.7, 3) * size, rng)
        grey *= 1 + rng.uniform(0, 0.09) * shade.clip(-2, 2)
    grey += _noise(size, rng)
    if rng.random() < 0.25:
        grey += _rings(size, rng)
    if rng.random() < 0.2:  # people filter their scans
        grey = ndimage.median_filter(grey, 3) if rng.random() < 0.5 else _smoothed(grey, rng)
    return _as_found(grey, rng)


def scan_thoroughly(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the grey values (Y, X) float32 in [0, 1] that the simulated scanner makes of labels.

    About a second for 200²: with projections, and what a scanner does to them.
    """
    n_angles = int(rng.integers(100, 320))
    noise = np.exp(rng.uniform(np.log(0.006), np.log(0.12)))  # deviation, about
    config = ScannerConfig(
        n_angles=n_angles,
        photons=1e4 * (360 / n_angles) * (0.055 / noise) ** 2 * (len(labels) / 192) ** 2,
        blur=rng.uniform(0.3, 1.6),
        hardening=rng.uniform(0, 0.15),
        edges=rng.uniform(0, 3) if rng.random() < 0.35 else 0,
        rings=rng.uniform(0, 0.03) if rng.random() < 0.4 else 0,
        missing_angles=rng.uniform(0, 40) if rng.random() < 0.15 else 0,
        surround="rock" if rng.random() < 0.7 else "air",
        seed=int(rng.integers(2**31)),
    )
    made = scan_slice(_tones(labels, rng), config)
    pore, grain = (labels == value for value in (PORE, GRAIN))
    low, high = (
        float(np.median(made[where])) if where.sum() > 30 else grey
        for where, grey in ((pore, PORE_GREY), (grain, GRAIN_GREY))
    )
    scale = (GRAIN_GREY - PORE_GREY) / max(high - low, 0.1)
    return _as_found((made - low) * scale + PORE_GREY, rng)


def _as_found(grey: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Bring greys to the scale as it is found, never quite right, and round them."""
    low, high = rng.normal(0, 0.015), 1 + rng.normal(0, 0.03)
    grey = (grey - low) / (high - low)
    if rng.random() < 0.5:
        steps = 255 if rng.random() < 0.7 else rng.integers(40, 200)
        grey = np.rint(grey * steps) / steps
    return np.clip(grey, 0, 1).astype(np.float32)


def _tones(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Give each phase its grey, each grain one of its own, and clay a texture."""
    step = GRAIN_GREY - PORE_GREY
    pore = PORE_GREY + rng.normal(0, 0.01)
    micro = PORE_GREY + step * rng.uniform(0.35, 0.85)
    dense = GRAIN_GREY + step * rng.uniform(0.4, 1.4)
    grey = np.array([pore, micro, GRAIN_GREY, dense], np.float32)[labels]
    length = _scale(rng)
    pieces = field(len(labels), length, rng)
    spread = rng.uniform(0, 0.06) * step
    grey[labels == GRAIN] += spread * np.round(2 * pieces[labels == GRAIN]) / 2
    if rng.random() < 0.4:  # another mineral among the grains
        other = (labels == GRAIN) & (field(len(labels), length, rng) > rng.uniform(0.5, 1.6))
        grey[other] += step * rng.uniform(-0.1, 0.17)
    clay = labels == MICRO
    texture = field(len(labels), rng.uniform(1.5, 6), rng)
    grey[clay] += step * rng.uniform(0, 0.14) * texture[clay]
    return grey


def _noise(size: int, rng: np.random.Generator) -> np.ndarray:
    white = rng.standard_normal((size, size)).astype(np.float32)
    kind = rng.random()
    if kind < 0.4:  # of a ramp filter with a smoothing window
        across = np.fft.rfftfreq(size)
        along = np.fft.fftfreq(size)[:, None]
        frequency = np.hypot(along, across)
        window = np.cos(np.pi * np.minimum(frequency, 0.5)) ** rng.uniform(0, 3)
        white = np.fft.irfft2(np.fft.rfft2(white) * np.sqrt(frequency) * window, (size, size))
    elif kind < 0.75:
        white = ndimage.gaussian_filter(white, rng.uniform(0.4, 1.3))
    white = white / max(white.std(), 1e-9)
    strength = np.exp(rng.uniform(np.log(0.006), np.log(0.12)))
    return (strength * white).astype(np.float32)


def _rings(size: int, rng: np.random.Generator) -> np.ndarray:
    y, x = np.mgrid[:size, :size]
    middle = rng.uniform(-size, 2 * size, 2)
    radius = np.hypot(y - middle[0], x - middle[1])
    profile = rng.standard_normal(int(radius.max()) + 3)
    strength = rng.uniform(0.005, 0.05)
    return (strength * np.interp(radius, np.arange(len(profile)), profile)).astype(np.float32)


def _smoothed(grey: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Smooth within phases and not across their borders, as a bilateral filter does."""
    soft = ndimage.gaussian_filter(grey, rng.uniform(1, 2))
    edge = np.abs(grey - soft) / rng.uniform(0.06, 0.2)
    share = np.exp(-(edge**2))
    return share * soft + (1 - share) * grey
