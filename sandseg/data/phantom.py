"""A made-up sandstone: a micro-CT volume whose true labels and porosity are known."""

from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage

from sandseg.data.fabric import (
    Fabric,
    Grains,
    box_around,
    correlated_noise,
    lay_fabric,
    pack_grains,
    smooth_noise,
)
from sandseg.errors import ConfigError

AIR, CLAY, QUARTZ, PYRITE = range(4)

# Grey values as in the real scan: inside the pores, in the gap and the wall of the holder.
PORE_GREY, CLAY_GREY, QUARTZ_GREY, PYRITE_GREY = 40.0, 86.0, 121.5, 248.0
GAP_GREY, WALL_GREY = 7.0, 26.0
ROCK_RADIUS, VIEW_RADIUS = 0.85, 0.99  # of half the shorter side of a slice
MAX_VOXELS = 512**3
MOTTLING_SIZE = 4.2  # px, wide enough for a label of its own


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
    grain_size_um: float = 100.0
    porosity: float = 0.125
    clay: float = 0.07
    pyrite: float = 0.02
    noise: float = 8.8  # standard deviation
    ring: float = 1.2  # standard deviation from ring to ring
    blur: float = 0.7  # standard deviation of the point spread

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
    looseness = _looseness(rock, rng)
    is_pyrite = _grow_pyrite(rock, looseness, rng)
    glow = ndimage.gaussian_filter(is_pyrite.astype(np.float32), 3, truncate=2)
    clayness = _clayness(rock, rng) - 20 * glow  # around pyrite are bright minerals, no clay
    labels = _label(np.where(is_pyrite, -np.inf, looseness), clayness, config)
    labels[is_pyrite] = PYRITE
    grey = _paint(rock, labels, looseness, glow)
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
    """What labels and grey values are made from; fields are (Z, Y, X) float32."""

    config: PhantomConfig
    grains: Grains
    fabric: Fabric
    mottling: np.ndarray  # lumps and holes wide enough to be seen; mean 0, deviation 1
    grit: np.ndarray  # too fine for labels of its own; likewise
    holes: np.ndarray  # of decayed grains, and bubbles in pores; likewise
    decay: np.ndarray  # that of the grain each voxel belongs to


def _build_rock(config: PhantomConfig, rng: np.random.Generator) -> _Rock:
    shape, size = config.shape, config.grain_size_px
    grains = pack_grains(shape, size, ROCK_RADIUS * min(shape[1:]) / 2, rng)
    fabric = lay_fabric(grains, shape, size, rng)
    mottling = smooth_noise(shape, MOTTLING_SIZE, rng)
    grit = correlated_noise(shape, 0.85, rng)
    holes = smooth_noise(shape, 2 * MOTTLING_SIZE, rng)
    return _Rock(config, grains, fabric, mottling, grit, holes, grains.decay[fabric.nearest])


def _label(openness: np.ndarray, clayness: np.ndarray, config: PhantomConfig) -> np.ndarray:
    """Open the loosest part of the rock and fill some of it with clay: (Z, Y, X) uint8.

    Air and clay take exactly their shares.
    """
    labels = np.full(config.shape, AIR, np.uint8)
    labels[:, rock_cylinder(config.shape)] = QUARTZ
    rock = np.flatnonzero(labels == QUARTZ)
    n_clay = round(config.clay * rock.size)
    n_void = round((config.porosity + config.clay) * rock.size)
    void = rock[_largest(openness.ravel()[rock], n_void)]
    labels.ravel()[void] = AIR
    labels.ravel()[void[_largest(clayness.ravel()[void], n_clay)]] = CLAY
    return labels


def _largest(values: np.ndarray, count: int) -> np.ndarray:
    """Indices of the `count` largest values."""
    if count == 0:
        return np.zeros(0, np.intp)
    return np.argpartition(values, -count)[-count:]


def _looseness(rock: _Rock, rng: np.random.Generator) -> np.ndarray:
    """How far a voxel is from the grains, in pixels, float32: above 0 where they leave it open."""
    config, fabric, size = rock.config, rock.fabric, rock.config.grain_size_px
    looseness = fabric.outside + rock.grains.shrinkage[fabric.nearest]
    looseness += 0.3 * rock.mottling + 0.03 * size * smooth_noise(config.shape, size, rng)
    riddled = 3 * (1.6 * rock.holes - 2.6 + 1.8 * rock.decay)
    looseness = np.where(rock.decay > 0, np.maximum(looseness, riddled), looseness)
    # Rounds what is too fine to be seen once it is scanned: no label may hinge on that.
    looseness = ndimage.gaussian_filter(looseness, 1.2, truncate=2)
    inside = looseness[:, rock_cylinder(config.shape)].ravel()[::7]
    return looseness - np.float32(np.quantile(inside, 1 - config.porosity - config.clay))


def _clayness(rock: _Rock, rng: np.random.Generator) -> np.ndarray:
    """How readily clay fills an open voxel, float32: by region, near grains and in decayed ones."""
    fabric = rock.fabric
    clayness = 2 * smooth_noise(rock.config.shape, 0.4 * rock.config.grain_size_px, rng)
    clayness += 0.5 * rock.mottling + (rock.decay > 0) - 0.15 * np.clip(fabric.outside, -1, 6)
    gap = 2 * fabric.outside + fabric.contact  # between two grains; no lump fits into a narrow one
    return clayness - np.clip(8 - gap, 0, None) * (rock.decay == 0)


def _grow_pyrite(rock: _Rock, looseness: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Grow lumps of pyrite, a few of them large, near the grain surfaces: (Z, Y, X) bool."""
    config, size = rock.config, rock.config.grain_size_px
    is_rock = np.broadcast_to(rock_cylinder(config.shape), config.shape)
    n_pyrite = round(config.pyrite * int(np.count_nonzero(is_rock)))
    is_pyrite = np.zeros(config.shape, bool)
    is_solid = is_rock & (looseness < -1.5)
    sites = np.flatnonzero(is_solid & (looseness > -1.5 - 0.15 * size))
    room = n_pyrite
    for site in rng.choice(sites, min(n_pyrite, 100_000)) if sites.size else ():
        if room <= 0:
            break
        is_large = room > 0.5 * n_pyrite
        small = np.clip(rng.lognormal(-2, 0.4), 0.07, 0.3)
        reach = size * (rng.uniform(0.25, 0.45) if is_large else small)
        center = np.array(np.unravel_index(site, config.shape))
        box, offsets = box_around(center, 1.5 * reach, config.shape)
        stretches = rng.uniform(0.6, 1.8, 3)
        squared = sum(s * o * o for s, o in zip(stretches, offsets, strict=True))
        lump = squared < reach**2 * np.clip(1 + 0.3 * rock.mottling[box], 0.2, 2)
        lump &= is_solid[box] & ~is_pyrite[box]
        if np.count_nonzero(lump) > room:
            lump &= squared <= np.partition(squared[lump], room - 1)[room - 1]
        is_pyrite[box] |= lump
        room -= np.count_nonzero(lump)
    return is_pyrite


# ------------------------------------------------------------------------------------------- scan


def _paint(rock: _Rock, labels: np.ndarray, looseness: np.ndarray, glow: np.ndarray) -> np.ndarray:
    """Grey values of a perfect scanner, (Z, Y, X) float32."""
    mottling, grit = rock.mottling, rock.grit
    quartz = QUARTZ_GREY + 50 * glow + rock.grains.brightness[rock.fabric.nearest]
    wisps = np.clip(0.7 * np.roll(mottling, 13, axis=2) + np.roll(grit, 17, axis=1), -0.5, 4)
    quartz += 12 * (rock.decay > 0) * (wisps + 0.4 * wisps * np.abs(wisps))
    # Contacts show as faint lines, some of them as dark cracks too thin to be a pore.
    depth = np.clip(14 + 32 * np.roll(mottling, 31, axis=1), 0, 90)
    quartz -= depth * np.clip(1 - rock.fabric.contact / 1.2, 0, None)
    # As in the labels of the real scan, a voxel counts as air if more than a third of it is.
    pores = PORE_GREY + (QUARTZ_GREY - PORE_GREY) * np.clip(0.65 - looseness, 0, 0.65)
    pores -= 32 * (np.roll(rock.holes, 9, axis=1) > 1.8)  # bubbles
    clay = CLAY_GREY + 20 * np.minimum(grit, 1.1)
    return np.choose(labels, (pores, clay, quartz, PYRITE_GREY + 22 * mottling))


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
    image += 0.5 * (image - ndimage.gaussian_filter(image, 2, truncate=2))
    image *= 0.97 + 0.06 * np.clip(radius / ROCK_RADIUS, 0, 1) ** 2
    image += np.float32(config.noise) * correlated_noise(config.shape, 1.0, rng)
    rings = rng.normal(0, 3 * config.ring, (config.shape[0] + 8, max(config.shape[1:])))
    rings = ndimage.uniform_filter1d(rings, 9, axis=0)[4:-4].astype(np.float32)
    image += rings[:, (radius * min(config.shape[1:]) / 2).astype(int)]
    image[:, radius > VIEW_RADIUS] = 0
    return np.clip(image + 0.5, 0, 255).astype(np.uint8)
