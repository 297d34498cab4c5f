"""Tasks that no network knows: classes told apart by size, place, form and texture.

Made-up rocks, and slices of the sandstone with their masks, where the classes are a person's own:
large and small pores, two textures, rims of grains, cracks. `sandseg.data` draws the rocks.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import tifffile
from scipy import ndimage

from sandseg.classes import IGNORED
from sandseg.data.any_rock import draw_labels, draw_slice
from sandseg.data.rough_scan import GRAIN, PORE, field
from sandseg.scan.labels.read import decode_labels

SIZE, MARGIN = 400, 8
Rock = tuple[np.ndarray, np.ndarray]  # labels to scan, and a person's classes, both (Y, X) uint8
Task = tuple[str, np.ndarray, np.ndarray]  # kind, (Z, Y, X) uint8 grey values and classes
PAIRS = (("0000", "0100"), ("0050", "0200"), ("0250", "0150"))  # painted, and another


def by_width(mask: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Part a (Y, X) bool mask into what is as wide as a disc, and what is narrower."""
    middles = ndimage.distance_transform_edt(mask) > radius
    wide = mask & (ndimage.distance_transform_edt(~middles) < radius + 2)
    return wide, mask & ~wide


def sizes_of_pores(rng: np.random.Generator) -> Rock:
    """Solid, small pores, large pores."""
    rock = draw_labels(SIZE + 2 * MARGIN, rng)
    distance = ndimage.distance_transform_edt(rock == PORE)
    radius = np.clip(np.median(distance[distance > 1]) if (distance > 1).any() else 2, 2, 12) * 1.5
    wide, narrow = by_width(rock == PORE, radius)
    return rock, (narrow + 2 * wide).astype(np.uint8)


def fabrics(rng: np.random.Generator) -> Rock:
    """One rock here, another there."""
    one, other = (draw_labels(SIZE + 2 * MARGIN, rng) for _ in range(2))
    is_other = field(len(one), rng.uniform(60, 120), rng) > 0
    return np.where(is_other, other, one), is_other.astype(np.uint8)


def fabrics_with_pores(rng: np.random.Generator) -> Rock:
    """Pores, and what is solid of one rock or the other."""
    rock, region = fabrics(rng)
    return rock, np.where(rock == PORE, 0, 1 + region).astype(np.uint8)


def rims(rng: np.random.Generator) -> Rock:
    """Pores, the rims of grains, and what lies deeper."""
    rock = draw_labels(SIZE + 2 * MARGIN, rng)
    depth = ndimage.distance_transform_edt(rock != PORE)
    return rock, np.where(rock == PORE, 0, 1 + (depth > rng.uniform(4, 9))).astype(np.uint8)


def cracks(rng: np.random.Generator) -> Rock:
    """Solid, cracks, round pores."""
    size = SIZE + 2 * MARGIN
    rock = np.full((size, size), GRAIN, np.uint8)
    holes = field(size, rng.uniform(8, 16), rng)
    holes = holes < np.quantile(holes, rng.uniform(0.08, 0.2))
    lines = np.zeros((size, size), bool)
    for _ in range(rng.integers(2, 5)):
        values = field(size, rng.uniform(40, 90), rng)
        steep = np.hypot(*np.gradient(values)) + 1e-3
        lines |= np.abs(values - rng.uniform(-0.7, 0.7)) / steep < rng.uniform(1.5, 3)
    rock[holes | lines] = PORE
    return rock, np.where(holes, 2, lines).astype(np.uint8)


def porous_zones(rng: np.random.Generator) -> Rock:
    """Where there are many pores around, and where few: pores and grains alike."""
    rock = draw_labels(SIZE + 2 * MARGIN, rng)
    share = ndimage.gaussian_filter((rock == PORE).astype(np.float32), 15)
    return rock, (share > np.median(share)).astype(np.uint8)


KINDS: dict[str, Callable[[np.random.Generator], Rock]] = {
    "sizes of pores": sizes_of_pores,
    "fabrics": fabrics,
    "fabrics, pores": fabrics_with_pores,
    "rims": rims,
    "cracks": cracks,
    "porous zones": porous_zones,
}


def cements(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Pores, and two cements of one grey value, of which one is rough."""
    rock = draw_labels(SIZE + 2 * MARGIN, rng)
    grey, labels = draw_slice(SIZE, rng, rock)
    region = field(SIZE, rng.uniform(30, 80), rng) > 0
    rough = field(SIZE, rng.uniform(1, 2.5), rng) * rng.uniform(0.03, 0.08)
    is_rough = region & (labels != PORE)
    return np.clip(grey + rough * is_rough, 0, 1), np.where(
        labels == IGNORED, IGNORED, np.where(labels == PORE, 0, 1 + region)
    )


def shades(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Pores, and grains of two shades, each of which varies."""
    rock = draw_labels(SIZE + 2 * MARGIN, rng)
    grey, labels = draw_slice(SIZE, rng, rock)
    length = rng.uniform(20, 45)
    spots = rng.uniform(0, SIZE, (int((SIZE / length) ** 2), 2))
    near = np.stack([np.hypot(*(np.mgrid[:SIZE, :SIZE] - s[:, None, None])) for s in spots])
    grain = near.argmin(axis=0)
    kind = rng.random(len(spots)) < 0.5
    light = (rng.uniform(0.05, 0.1) * kind + rng.normal(0, 0.015, len(spots)))[grain]
    return np.clip(grey + light * (labels != PORE), 0, 1), np.where(
        labels == IGNORED, IGNORED, np.where(labels == PORE, 0, 1 + kind[grain])
    )


def made_up(first: int, n: int) -> Iterator[Task]:
    """Draw n tasks of each kind."""
    for kind in [*KINDS, "cements", "shades"]:
        found, seed = 0, first
        while found < n:
            rng = np.random.default_rng([seed, 11])
            seed += 1
            if kind in KINDS:
                rock, own = KINDS[kind](rng)
                grey, seen = draw_slice(SIZE, rng, rock)
                own = own[MARGIN:-MARGIN, MARGIN:-MARGIN]
                own = np.where(seen == IGNORED, IGNORED, own)
            else:
                grey, own = (cements if kind == "cements" else shades)(rng)
            own = own.astype(np.uint8)
            n_classes = 2 if kind in ("fabrics", "porous zones") else 3
            shares = np.bincount(own[own != IGNORED], minlength=n_classes) / own.size
            if shares.min() > 0.03:
                found += 1
                yield f"{kind} {seed - 1}", np.rint(grey * 255).astype(np.uint8)[None], own[None]


def of_sandstone(folder: Path, pairs: tuple = PAIRS) -> Iterator[Task]:
    """Give the tasks of real slices, of which the first is painted."""
    for pair in pairs:
        images = [tifffile.imread(folder / "images" / f"Sandstone_Versa{n}.tif") for n in pair]
        masks = [tifffile.imread(folder / "masks" / f"Sandstone_Versa{n}.tif") for n in pair]
        inner = np.s_[260:772, 240:752]
        whole = np.stack([_four(mask) for mask in masks])
        grey, four = (np.stack(list(s))[:, *inner] for s in (images, whole))
        for kind, make in REAL.items():
            yield f"{kind} {pair[0]}", grey, np.stack([make(one) for one in four])
        step = np.s_[:, ::2, ::2]
        outside = np.stack([_outside(one) for one in whole])
        yield f"outside {pair[0]}", np.stack(images)[step], outside[step]


def windows(folder: Path, n_rows: int = 352) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Cut windows out of real slices: (Y, X) uint8 grey values, and labels of four classes."""
    for n, number in enumerate(("0000", "0050", "0100", "0200", "0250")):
        name = f"Sandstone_Versa{number}.tif"
        window = np.s_[280 + 30 * n :, 320 - 25 * n :]
        cut = (window[0], window[1])
        grey = tifffile.imread(folder / "images" / name)[cut][:n_rows, :n_rows]
        yield grey, _four(tifffile.imread(folder / "masks" / name)[cut][:n_rows, :n_rows])


def _four(mask: np.ndarray) -> np.ndarray:
    return decode_labels(mask, 4)


def _pore_sizes(four: np.ndarray) -> np.ndarray:
    wide, narrow = by_width(four == 0, 7)
    return (narrow + 2 * wide).astype(np.uint8)


def _rims(four: np.ndarray) -> np.ndarray:
    depth = ndimage.distance_transform_edt(four != 0)
    return np.where(four == 0, 0, 1 + (depth > 6)).astype(np.uint8)


def _zones(four: np.ndarray) -> np.ndarray:
    share = ndimage.gaussian_filter((four != 2).astype(np.float32), 15)
    return (share > 0.2).astype(np.uint8)


def _clays(four: np.ndarray) -> np.ndarray:
    """Pores, grains, clay that lines pores, clay within grains."""
    near = ndimage.distance_transform_edt(four != 0) < 4
    return np.select([four == 0, four == 1], [0, 2 + ~near], 1).astype(np.uint8)


def _outside(four: np.ndarray) -> np.ndarray:
    """Air around the sample, pores, solid."""
    air, _ = ndimage.label(four == 0)
    largest = np.bincount(air[four == 0]).argmax()
    return np.where(four != 0, 2, air != largest).astype(np.uint8)


REAL = {"sizes of pores": _pore_sizes, "rims": _rims, "zones": _zones, "clays": _clays}
