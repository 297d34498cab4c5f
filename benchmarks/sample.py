"""How well the sample is found: IoU with the true one, for real, built-in and made-up rocks.

    SANDSEG_DATA=… PYTHONPATH=. .venv/bin/python benchmarks/sample.py [--made 160]

True is the convex hull of the solid in the labels of real and built-in rocks, and what was drawn
for made-up ones: a core in air, in a painted picture or not, a box, a painted view, a crop.
"""

import argparse
from collections.abc import Iterator

import numpy as np

from sandseg.classes import SANDSTONE
from sandseg.data.any_rock import draw_labels
from sandseg.data.phantom import PhantomConfig, make_phantom
from sandseg.data.rough_scan import PORE, scan_roughly, scan_thoroughly
from sandseg.data.samples import open_sample, sample_labels
from sandseg.data.sandstone_files import SPLIT
from sandseg.grey.finder import finder_for
from sandseg.measure.sample import sample_mask
from sandseg.scan.stack import Stack

N_CROPS = 8  # of each real slice
SIZE = 240
KINDS = ("crop", "core", "painted", "core in a painted picture", "box")
WITH_PROJECTIONS = 0.3

Case = tuple[str, np.ndarray, np.ndarray]  # kind, (Y, X) grey values, (Y, X) bool


def real(rng: np.random.Generator) -> Iterator[Case]:
    """Yield real slices and crops of them."""
    for number in (*SPLIT["train"], *SPLIT["validation"]):
        key = f"sandstone-{number}"
        image = open_sample(key).read_slice(0)
        true = sample_mask(sample_labels(key)[0], SANDSTONE)
        yield "real", image, true
        yield from crops("real", image, true, N_CROPS, rng)


def built_in(rng: np.random.Generator) -> Iterator[Case]:
    """Yield slices of the built-in rock and crops of them."""
    for seed in range(4):
        made = make_phantom(PhantomConfig(shape=(2, 256, 256), seed=seed))
        true = sample_mask(made.labels[0], SANDSTONE)
        yield "built-in", made.image[0], true
        yield from crops("built-in", made.image[0], true, 3, rng)


def crops(
    kind: str, image: np.ndarray, true: np.ndarray, n: int, rng: np.random.Generator
) -> Iterator[Case]:
    """Yield crops of a slice that show half of it in height and width, and some of the sample."""
    height, width = (length // 2 for length in image.shape)
    for _ in range(n):
        y, x = rng.integers(image.shape[0] - height), rng.integers(image.shape[1] - width)
        window = np.s_[y : y + height, x : x + width]
        yield f"{kind}, crop", image[window], true[window]


def made_up(n: int, rng: np.random.Generator) -> Iterator[Case]:
    """Yield scans of made-up rocks, on scales of their own."""
    for i in range(n):
        kind, labels = KINDS[i % len(KINDS)], draw_labels(SIZE, rng)
        true = np.ones(labels.shape, bool)
        shape = disc(SIZE * rng.uniform(0.38, 0.49), rng)
        if kind.startswith("core"):
            true = shape
        if kind == "box":
            low, high = rng.integers(5, 40, 2), SIZE - rng.integers(5, 40, 2)
            true = np.zeros(labels.shape, bool)
            true[low[0] : high[0], low[1] : high[1]] = True
        labels[~true] = PORE
        scan = scan_thoroughly if rng.random() < WITH_PROJECTIONS else scan_roughly
        image = scan(labels, rng) * rng.uniform(100, 40_000)
        if "painted" in kind:
            view = shape if kind == "painted" else disc(SIZE / 2, rng)
            image[~view] = rng.choice([0, image.max(), np.nan])
            true = true & view
        yield f"made-up, {kind}", image, true


def disc(radius: float, rng: np.random.Generator) -> np.ndarray:
    """Return (Y, X) bool, a circle somewhere in the picture."""
    y, x = np.ogrid[:SIZE, :SIZE]
    middle = SIZE / 2 + rng.uniform(-1, 1, 2) * (SIZE / 2 - radius)
    return (y - middle[0]) ** 2 + (x - middle[1]) ** 2 <= radius**2


def main() -> None:
    """Print how many samples of each kind are found with an IoU of 0.98, and the worst."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--made", type=int, default=160)
    args = parser.parse_args()
    rng, found = np.random.default_rng(0), {}
    for cases in (real(rng), built_in(rng), made_up(args.made, rng)):
        for kind, image, true in cases:
            mask = finder_for(Stack.from_array(image)).find(image)
            overlap = np.count_nonzero(mask & true) / max(np.count_nonzero(mask | true), 1)
            found.setdefault(kind, []).append(1.0 if mask.any() == true.any() == 0 else overlap)
    print("| kind | scans | IoU ≥ 0.98 | median | lowest |\n|:--|--:|--:|--:|--:|")
    for kind, values in found.items():
        good = sum(value >= 0.98 for value in values)
        print(f"| {kind} | {len(values)} | {good} | {np.median(values):.3f} | {min(values):.3f} |")


if __name__ == "__main__":
    main()
