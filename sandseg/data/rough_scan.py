"""How a made-up scanner sees a made-up rock: tones of phases, blur, fringes, noise, rings.

On the scale of the grey values air is `PORE_GREY` and the commonest solid `GRAIN_GREY`.
"""

import numpy as np
from scipy import ndimage

from sandseg.data.scanner import ScannerConfig, scan_slice

PORE, MICRO, GRAIN, DENSE = range(4)
PORE_GREY, GRAIN_GREY = 0.06, 0.49


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


def scale(rng: np.random.Generator) -> float:
    """How large grains are, in pixels."""
    return float(np.exp(rng.uniform(np.log(5), np.log(70))))


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
    length = scale(rng)
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
