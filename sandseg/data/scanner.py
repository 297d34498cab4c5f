"""A simulated X-ray scanner: labels of a rock become a reconstructed slice, with its artefacts.

Every slice is projected (Radon transform), the projections get what a scanner does to them, and are
reconstructed by filtered back-projection, so that noise, rings and streaks look as they do in scans
(Buzug, Computed Tomography, 2008, chapters 5, 8 and 9).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from sandseg.classes import IGNORED
from sandseg.errors import ConfigError

# Attenuation of air, clay, quartz and pyrite, where quartz is 0.5: as in the real sandstone.
SANDSTONE_TONES = (0.03, 0.33, 0.5, 0.95)
SURROUNDS = ("air", "rock")


@dataclass(frozen=True)
class ScannerConfig:
    """What a scanner and its settings do to a slice. Lengths are in pixels.

    Attributes:
        tones: Attenuation of each class, relative: what is shown black is 0, white 1.
        grain_spread: Standard deviation of a grain's attenuation, relative to its class's.
        opacity: Attenuation (natural logarithm) along a ray as long as the slice, all of tone 1.
        n_angles: Projections over half a turn; fewer than the slice is wide leave streaks.
        missing_angles: Degrees of the half turn that are not seen, as behind a holder.
        photons: Photons a detector pixel counts without a sample; 0 for no noise.
        blur: Standard deviation of the spot and detector blur.
        hardening: Beam hardening: share of the attenuation lost along the densest ray.
        edges: Edge enhancement by phase contrast, in px²: times the second derivative.
        rings: Standard deviation of the errors of detector pixels, relative to the opacity.
        surround: "air" around the sample, or "rock" that goes on outside of the picture.
        paint: Grey value in [0, 1] painted outside of the field of view; None leaves it.
        bits: 8 or 16, of the grey values.
        seed: Of everything that is drawn.
    """

    tones: tuple[float, ...] = SANDSTONE_TONES
    grain_spread: float = 0.03
    opacity: float = 1.5
    n_angles: int = 360
    missing_angles: float = 0.0
    photons: float = 50_000.0
    blur: float = 0.8
    hardening: float = 0.05
    edges: float = 0.0
    rings: float = 0.0
    surround: str = "air"
    paint: float | None = None
    bits: int = 8
    seed: int = 0

    def __post_init__(self):
        object.__setattr__(self, "tones", tuple(float(tone) for tone in self.tones))
        for name, low, high in (
            ("n_angles", 8, 100_000),
            ("missing_angles", 0, 170),
            ("photons", 0, 1e12),
            ("blur", 0, 20),
            ("hardening", 0, 0.5),
            ("edges", 0, 20),
            ("rings", 0, 0.2),
            ("grain_spread", 0, 0.5),
            ("opacity", 0.01, 8),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigError(
                    f"{name.replace('_', ' ')} of {value:g} is impossible.",
                    hint=f"Choose a number from {low:g} to {high:g}.",
                )
        if self.surround not in SURROUNDS or self.bits not in (8, 16):
            raise ConfigError(
                f'"{self.surround}" with {self.bits} bits is no scan.',
                hint='The surround is "air" or "rock", the bits are 8 or 16.',
            )
        if self.paint is not None and not 0 <= self.paint <= 1:
            raise ConfigError(
                f"{self.paint:g} is no grey value to paint with.",
                hint="Choose 0 (black) to 1 (white).",
            )


def scan_slices(slices: Sequence[np.ndarray], config: ScannerConfig) -> Iterator[np.ndarray]:
    """Scan label slices one after another.

    Args:
        slices: (Y, X) uint8 labels each; `IGNORED` is air.
        config: The scanner.

    Yields:
        (Y, X) uint8 or uint16 for each. The same detector sees all, so rings stay where they are.

    Raises:
        ConfigError: A label has no attenuation.
    """
    for z, labels in enumerate(slices):
        tones = attenuation(labels, config, np.random.default_rng([config.seed, 1, z]))
        yield as_grey(scan_slice(tones, config, z), config)


def attenuation(labels: np.ndarray, config: ScannerConfig, rng: np.random.Generator) -> np.ndarray:
    """Return (Y, X) float32: what each pixel attenuates, each grain a little else.

    Raises:
        ConfigError: A label has no attenuation.
    """
    highest = int(labels[labels != IGNORED].max(initial=0))
    if highest >= len(config.tones):
        raise ConfigError(
            f"The labels reach to {highest}, but there are {len(config.tones)} attenuations.",
            hint="Name one for each class, from 0 on.",
        )
    tones = np.array(config.tones, np.float32)
    found = np.where(labels == IGNORED, 0, tones[np.minimum(labels, highest)])
    for value in range(1, len(tones)):  # air has no grains
        grains, n_grains = ndimage.label(labels == value)
        spread = rng.normal(1, config.grain_spread, n_grains + 1).clip(0.1, 2)
        spread[0] = 1
        found *= spread[grains].astype(np.float32)
    return found.astype(np.float32)


def scan_slice(tones: np.ndarray, config: ScannerConfig, z: int = 0) -> np.ndarray:
    """Project (Y, X) attenuations, spoil the projections, and reconstruct them.

    Args:
        tones: Attenuation of each pixel, relative.
        config: The scanner.
        z: Number of the slice: each has noise of its own.

    Returns:
        (Y, X) float32 attenuations as reconstructed; NaN nowhere.
    """
    from skimage.transform import iradon, radon  # slow to load

    height, width = tones.shape
    disc, corner = _in_a_disc(tones, config.surround)
    angles = np.linspace(0, 180 - config.missing_angles, config.n_angles, endpoint=False)
    sinogram = radon(disc, angles, circle=True)
    spoiled = _spoil(sinogram, max(height, width), config, z)
    made = iradon(spoiled, angles, circle=True, filter_name="shepp-logan")
    top, left = corner
    return made[top : top + height, left : left + width].astype(np.float32)


def _in_a_disc(tones: np.ndarray, surround: str) -> tuple[np.ndarray, tuple[int, int]]:
    """Lay a slice into a square whose inscribed disc holds all that is scanned."""
    height, width = tones.shape
    size = int(np.ceil(np.hypot(height, width))) + 2
    top, left = (size - height) // 2, (size - width) // 2
    pad = ((top, size - height - top), (left, size - width - left))
    mode = {"mode": "reflect"} if surround == "rock" else {"mode": "constant"}
    square = np.pad(tones, pad, **mode)
    y, x = np.ogrid[:size, :size]
    middle = size // 2
    square[(y - middle) ** 2 + (x - middle) ** 2 > (size // 2) ** 2] = 0
    return square, (top, left)


def _spoil(sinogram: np.ndarray, edge: int, config: ScannerConfig, z: int) -> np.ndarray:
    """Do to projections (S, A) what a scanner does, in the order in which it happens."""
    per_tone = config.opacity / edge  # natural logarithms, for a pixel of tone 1
    rays = sinogram * per_tone
    if config.blur:
        rays = ndimage.gaussian_filter1d(rays, config.blur, axis=0)
    if config.edges:
        rays = rays - config.edges * np.gradient(np.gradient(rays, axis=0), axis=0)
    if config.hardening:
        rays = rays * (1 - config.hardening * rays / max(float(rays.max()), 1e-9))
    if config.photons:
        rng = np.random.default_rng([config.seed, 2, z])
        counts = rng.poisson(config.photons * np.exp(-rays))
        rays = -np.log(np.maximum(counts, 1) / config.photons)
    if config.rings:
        errors = np.random.default_rng([config.seed, 3]).normal(0, config.rings, (len(rays), 1))
        rays = rays + errors * config.opacity / 10
    return rays / per_tone


def as_grey(made: np.ndarray, config: ScannerConfig) -> np.ndarray:
    """Bring reconstructed attenuations to grey values, 0 to 1 of the tones over all of them.

    What a reconstruction leaves below 0 or above 1 is clipped, and what lies outside the field of
    view, the inscribed ellipse, painted where it is wished.
    """
    highest = 2**config.bits - 1
    grey = np.rint(np.clip(made, 0, 1) * highest)
    if config.paint is not None:
        height, width = made.shape
        y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        grey[y**2 + x**2 > 1] = round(config.paint * highest)
    return grey.astype(np.uint8 if config.bits == 8 else np.uint16)
