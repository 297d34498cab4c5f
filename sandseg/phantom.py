"""A made-up sandstone: a micro-CT volume whose true labels and porosity are known."""

from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage

from sandseg.errors import ConfigError
from sandseg.grains import Fabric, Grains, box_around, lay_fabric, pack_grains, smooth_noise

AIR, CLAY, QUARTZ, PYRITE = range(4)

# Grey values as in the real scan: inside the pores, in the gap and the wall of the holder.
PORE_GREY, CLAY_GREY, QUARTZ_GREY, PYRITE_GREY = 27.0, 77.0, 124.5, 262.0
GAP_GREY, WALL_GREY = 7.0, 26.0
ROCK_RADIUS, VIEW_RADIUS = 0.85, 0.99  # of half the shorter side of a slice
MAX_VOXELS = 512**3


def _require(condition: bool, message: str, hint: str) -> None:
    if not condition:
        raise ConfigError(message, hint)


@dataclass(frozen=True)
class PhantomConfig:
    """What the made-up rock is like and how it was scanned.

    Shares are parts of the rock's volume, noise and rings are in grey values, blur in pixels.
    """

    shape: tuple[int, int, int] = (64, 256, 256)  # (Z, Y, X)
    seed: int = 0
    voxel_size_um: float = 2.2315
    grain_size_um: float = 42.0
    porosity: float = 0.125
    clay: float = 0.07
    pyrite: float = 0.02
    noise: float = 7.0  # standard deviation
    ring: float = 1.2  # standard deviation from ring to ring
    blur: float = 0.65  # standard deviation of the point spread

    def __post_init__(self):
        object.__setattr__(self, "shape", tuple(int(length) for length in self.shape))
        _check_shape(self.shape)
        _require(
            self.seed >= 0,
            f"A seed of {self.seed} is no starting point for random numbers.",
            "Give a whole number from 0 up.",
        )
        _require(
            self.voxel_size_um > 0 and 6 <= self.grain_size_px <= 200,
            f"Grains of {self.grain_size_um} µm are {self.grain_size_px:.1f} px wide in voxels of "
            f"{self.voxel_size_um} µm; 6 to 200 px can be drawn.",
            "Change the grain size or the voxel size.",
        )
        for name in ("porosity", "clay", "pyrite"):
            _require(
                0 <= getattr(self, name) <= 0.4,
                f"A {name} of {getattr(self, name)} is out of range.",
                "Give a share of the rock from 0 to 0.4.",
            )
        for name, largest in (("noise", 60), ("ring", 20), ("blur", 4)):
            _require(
                0 <= getattr(self, name) <= largest,
                f"A {name} of {getattr(self, name)} is out of range.",
                f"Give a number from 0 to {largest}.",
            )
        _require(
            self.porosity + self.clay + self.pyrite <= 0.6,
            "Pores, clay and pyrite leave less than 40 % of the rock to its grains.",
            "Lower the porosity, the clay or the pyrite.",
        )

    @property
    def grain_size_px(self) -> float:
        """Mean diameter of a grain in pixels."""
        return self.grain_size_um / self.voxel_size_um if self.voxel_size_um > 0 else 0.0


def _check_shape(shape: tuple[int, ...]) -> None:
    _require(
        len(shape) == 3 and shape[0] >= 1 and min(shape[1:]) >= 32,
        f"A phantom of shape {shape} cannot be made.",
        "Give slices, rows and columns: at least 1, 32 and 32.",
    )
    n_voxels = int(np.prod(shape, dtype=np.int64))
    _require(
        n_voxels <= MAX_VOXELS,
        f"A phantom of {n_voxels:,} voxels would not fit into memory.",
        f"Stay below {MAX_VOXELS:,} voxels, for example 512 × 512 × 512.",
    )


@dataclass(frozen=True, eq=False)
class Phantom:
    """A made-up scan, (Z, Y, X) uint8 `image`, and its true `labels`, of the same shape and type.

    Around the rock, a cylinder along Z, everything is air: see `rock_cylinder`.
    """

    image: np.ndarray
    labels: np.ndarray
    config: PhantomConfig = field(default_factory=PhantomConfig)

    @property
    def porosity(self) -> float:
        """Air inside the rock over the rock's volume, in [0, 1]."""
        return float((self.labels[:, rock_cylinder(self.labels.shape)] == AIR).mean())


def make_phantom(config: PhantomConfig | None = None) -> Phantom:
    """Make the rock and scan it; the same config gives the same bytes."""
    config = config or PhantomConfig()
    rng = np.random.default_rng(config.seed)
    rock = _build_rock(config, rng)
    labels = _label(rock, rng)
    grey = _paint(labels, rock)
    _surround(grey, config, rng)
    return Phantom(_scan(grey, config, rng), labels, config)


def rock_cylinder(shape: tuple[int, ...]) -> np.ndarray:
    """Return (Y, X) bool: the part of every slice that is rock, of a stack of shape (Z, Y, X)."""
    return _radius(shape) < ROCK_RADIUS


def _radius(shape: tuple[int, ...]) -> np.ndarray:
    """Distance from the rotation axis, (Y, X) float32, 1 at the nearer edges of the slice."""
    height, width = shape[1:]
    y, x = np.ogrid[:height, :width]
    half = min(height, width) / 2
    return (np.hypot(y - (height - 1) / 2, x - (width - 1) / 2) / half).astype(np.float32)


# ----------------------------------------------------------------------------------------- labels


@dataclass(frozen=True, eq=False)
class _Rock:
    """What the labels and the grey values are made from."""

    config: PhantomConfig
    grains: Grains
    fabric: Fabric
    texture: np.ndarray  # fine mottling of mean 0 and deviation 1, (Z, Y, X) float32
    decay: np.ndarray  # that of the grain each voxel belongs to, (Z, Y, X) float32


def _build_rock(config: PhantomConfig, rng: np.random.Generator) -> _Rock:
    shape, size = config.shape, config.grain_size_px
    grains = pack_grains(shape, size, ROCK_RADIUS * min(shape[1:]) / 2, rng)
    fabric = lay_fabric(grains, shape, size, rng)
    texture = _correlated_noise(shape, 0.9, rng)
    return _Rock(config, grains, fabric, texture, grains.decay[fabric.nearest])


def _correlated_noise(shape: tuple[int, ...], sigma: float, rng: np.random.Generator) -> np.ndarray:
    """Noise of mean 0 and deviation 1 that neighbouring voxels share."""
    noise = rng.standard_normal(shape, dtype=np.float32)
    noise = ndimage.gaussian_filter(noise, sigma, truncate=2.5)
    noise /= noise.std()
    return noise


def _label(rock: _Rock, rng: np.random.Generator) -> np.ndarray:
    """Decide what each voxel is: (Z, Y, X) uint8. Air and clay take exactly their shares."""
    config = rock.config
    is_rock = np.broadcast_to(rock_cylinder(config.shape), config.shape)
    n_rock = int(np.count_nonzero(is_rock))
    is_pyrite = _grow_pyrite(rock, is_rock, round(config.pyrite * n_rock), rng)
    labels = np.where(is_rock, np.uint8(QUARTZ), np.uint8(AIR))
    labels[is_pyrite] = PYRITE
    solid = np.flatnonzero(labels == QUARTZ)
    looseness = _looseness(rock, rng).ravel()[solid]
    void = solid[_largest(looseness, round((config.porosity + config.clay) * n_rock))]
    clayness = _clayness(rock, rng).ravel()[void]
    labels.ravel()[void] = AIR
    labels.ravel()[void[_largest(clayness, round(config.clay * n_rock))]] = CLAY
    return labels


def _largest(values: np.ndarray, count: int) -> np.ndarray:
    """Indices of the `count` largest values."""
    if count == 0:
        return np.zeros(0, np.intp)
    return np.argpartition(values, -count)[-count:]


def _looseness(rock: _Rock, rng: np.random.Generator) -> np.ndarray:
    """How readily the grains leave a voxel open, in pixels, float32."""
    size, fabric = rock.config.grain_size_px, rock.fabric
    region = smooth_noise(rock.config.shape, 1.5 * size, rng)
    open_contact = np.clip(1 - fabric.contact / 1.6, 0, None) * np.clip(0.3 + region, 0, 2)
    looseness = fabric.outside + rock.grains.shrinkage[fabric.nearest]
    looseness += 0.6 * open_contact + 0.25 * rock.texture + 0.012 * size * region
    riddled = (1.6 * np.roll(rock.texture, 21, axis=1) - 2.6 + 2.4 * rock.decay) * (0.07 * size)
    return np.where(rock.decay > 0, np.maximum(looseness, riddled), looseness)


def _clayness(rock: _Rock, rng: np.random.Generator) -> np.ndarray:
    """How readily clay fills an open voxel: by region, near grains and in decayed ones, float32."""
    fabric = rock.fabric
    region = smooth_noise(rock.config.shape, 0.8 * rock.config.grain_size_px, rng)
    clayness = 2 * region + 0.7 * np.roll(rock.texture, 11, axis=2) + (rock.decay > 0)
    clayness -= 0.25 * np.clip(fabric.outside, -1, 4) + np.clip(1.5 - fabric.contact, 0, None)
    return clayness


def _grow_pyrite(
    rock: _Rock, is_rock: np.ndarray, n_pyrite: int, rng: np.random.Generator
) -> np.ndarray:
    """Cement a few pores with pyrite, then strew small lumps of it along the grain surfaces."""
    config, outside, size = rock.config, rock.fabric.outside, rock.config.grain_size_px
    is_pyrite = np.zeros(config.shape, bool)
    surface = float(np.quantile(outside[is_rock][::7], 1 - config.porosity - config.clay))
    sites = np.flatnonzero(is_rock & (np.abs(outside - surface) < max(1, 0.06 * size)))
    warp = 1 + 0.5 * np.clip(smooth_noise(config.shape, 0.35 * size, rng), -1.6, 1.6)
    room = n_pyrite
    for site in rng.choice(sites, min(n_pyrite, 100_000)) if sites.size else ():
        if room <= 0:
            break
        is_cement = room > 0.35 * n_pyrite
        reach = size * (rng.uniform(0.5, 1.2) if is_cement else min(rng.lognormal(-2.1, 0.5), 0.4))
        center = np.array(np.unravel_index(site, config.shape))
        box, offsets = box_around(center, reach, config.shape)
        stretches = rng.uniform(1, 2.2, 3)
        squared = sum(s * o * o for s, o in zip(stretches, offsets, strict=True))
        if is_cement:
            lump = (squared < warp[box] * reach**2) & (outside[box] > surface - 0.09 * size)
        else:
            lump = squared < reach**2 * (1 + 0.3 * rock.texture[box])
        lump &= is_rock[box] & ~is_pyrite[box]
        if np.count_nonzero(lump) > room:
            lump &= squared <= np.partition(squared[lump], room - 1)[room - 1]
        is_pyrite[box] |= lump
        room -= np.count_nonzero(lump)
    return is_pyrite


# ------------------------------------------------------------------------------------------- scan


def _paint(labels: np.ndarray, rock: _Rock) -> np.ndarray:
    """Grey values of a perfect scanner, (Z, Y, X) float32."""
    texture = rock.texture
    grey = QUARTZ_GREY + rock.grains.brightness[rock.fabric.nearest]
    wisps = np.clip(np.roll(texture, 13, axis=2) + 0.5 * np.roll(texture, 17, axis=1), -1, 4)
    grey += 13 * (rock.decay > 0) * (wisps + 0.4 * wisps * np.abs(wisps))
    grey -= 14 * np.clip(1 - rock.fabric.contact / 1.2, 0, None)  # contacts show as faint lines
    grey = np.where(labels == CLAY, CLAY_GREY + 22 * texture, grey)
    grey[labels == AIR] = PORE_GREY
    grey[labels == PYRITE] = PYRITE_GREY
    return grey


def _surround(grey: np.ndarray, config: PhantomConfig, rng: np.random.Generator) -> None:
    """Stand the rock in its holder: a gap of air, then a plastic wall with bubbles in it."""
    radius = _radius(config.shape)
    width = min(config.shape[1:]) / 2
    keys = (2 + config.shape[0] // 4, *config.shape[1:])  # the holder changes slowly along Z
    dents, bubbles = (smooth_noise(keys, share * width, rng) for share in (0.22, 0.05))
    height, length = config.shape[1:]
    lean = 0.035 * np.linspace(-1, 1, length) + 0.025 * np.linspace(-1, 1, height)[:, None]
    outer = ~rock_cylinder(config.shape)
    for z, plane in enumerate(grey):
        inner = 0.9 + lean + 0.015 * dents[z // 4]
        depth = (radius - inner) / (0.075 + 0.03 * np.clip(dents[z // 4 + 1], -1, 1))
        wall = (depth > 0) & (depth < 1)
        hollow = (np.abs(depth - 0.5) < 0.33) & (bubbles[z // 4] > 1.0)
        rim = np.exp(-np.square(np.minimum(depth, 1 - depth) * 5))
        rim += np.exp(-np.square((bubbles[z // 4] - 0.9) * 6))
        plane[outer] = np.where(wall & ~hollow, WALL_GREY + 9 * rim, GAP_GREY)[outer]


def _scan(grey: np.ndarray, config: PhantomConfig, rng: np.random.Generator) -> np.ndarray:
    """Blur, brighten outwards, add noise and rings, and cut to the field of view: uint8."""
    radius = _radius(config.shape)
    image = ndimage.gaussian_filter(grey, config.blur, truncate=3)
    # The bright and dark seams along edges that phase contrast leaves.
    image += 0.22 * (image - ndimage.gaussian_filter(image, (0, 1.6, 1.6), truncate=2))
    image *= 0.97 + 0.06 * np.clip(radius / ROCK_RADIUS, 0, 1) ** 2
    image += np.float32(config.noise) * _correlated_noise(config.shape, 0.7, rng)
    image += _rings(config, rng)[:, (radius * min(config.shape[1:]) / 2).astype(int)]
    image[:, radius > VIEW_RADIUS] = 0
    return np.clip(image + 0.5, 0, 255).astype(np.uint8)


def _rings(config: PhantomConfig, rng: np.random.Generator) -> np.ndarray:
    """Offset of each ring around the rotation axis in each slice, (Z, radius) float32."""
    rings = rng.normal(0, config.ring, (config.shape[0] + 8, max(config.shape[1:])))
    return ndimage.uniform_filter1d(rings, 9, axis=0)[4:-4].astype(np.float32) * 3
