"""How often the interval of the porosity holds the truth: stacks cut from rocks without end.

    PYTHONPATH=. python benchmarks/sampling.py [--stacks 200]

Each rock is smoothed noise above a threshold, so that the porosity of the endless rock is known
exactly, and the stack is one piece of it.
"""

import argparse
from itertools import product

import numpy as np
from scipy import ndimage, special

from sandseg.classes import SANDSTONE
from sandseg.measure.sampling import SamplingTiles

SHAPES = ((16, 128, 128), (64, 96, 96), (1, 256, 256), (8, 64, 64))
LENGTHS = (2.0, 4.0)  # of the pores, in voxels
POROSITIES = (0.05, 0.15, 0.3)


def covers(
    shape: tuple[int, int, int], length: float, porosity: float, rng: np.random.Generator
) -> tuple[bool, float]:
    """Tell whether the interval of one stack holds the porosity of its rock; and how wide it is."""
    margin = int(4 * length)
    noise = rng.standard_normal([n + 2 * margin for n in shape], np.float32)
    smooth = ndimage.gaussian_filter(noise, length, mode="wrap")
    smooth = smooth[tuple(slice(margin, -margin) for _ in shape)]
    # the spread of the endless noise, not of this piece
    spread = (2 * np.sqrt(np.pi) * length) ** -1.5
    labels = np.where(smooth < spread * special.ndtri(porosity), 0, 2).astype(np.uint8)
    tiles = SamplingTiles(SANDSTONE)
    for image in labels:
        tiles.add(image, np.ones(image.shape, bool))
    low, high = tiles.interval()
    return low <= porosity <= high, high - low


def main() -> None:
    """Print the share of intervals that hold the truth, by kind of stack and over all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stacks", type=int, default=200, help="of each kind")
    parser.add_argument("--shape", type=int, nargs=3)
    n_stacks, rng, held = parser.parse_args().stacks, np.random.default_rng(0), []
    shapes = [parser.parse_args().shape] if parser.parse_args().shape else SHAPES
    for shape, length, porosity in product(shapes, LENGTHS, POROSITIES):
        found = [covers(shape, length, porosity, rng) for _ in range(n_stacks)]
        hits, widths = np.transpose(found)
        held.append(hits.mean())
        print(
            f"{shape}, pores of {length:g} voxels, {porosity:.0%}: "
            f"{hits.mean():.1%} hold it, width {np.nanmean(widths):.4f}",
            flush=True,
        )
    print(f"all: {np.mean(held):.1%}")


if __name__ == "__main__":
    main()
