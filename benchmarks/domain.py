"""What the domain check says of scans like the training data, of altered ones, and of others.

    SANDSEG_DATA=… PYTHONPATH=. .venv/bin/python benchmarks/domain.py [--made 120] [words …]

Prints a line for each picture whose name holds one of the words: the model that is chosen by
itself, its verdict, the signs, and, where true labels are known, the IoU inside the sample: the
mean over classes of at least one per cent for a model of one rock, that of the pores for any rock.
Then a table of the verdicts against how far these are below the model's usual IoU. The limits in
sandseg/grey/verdict.py were chosen by it. `SANDSEG_DATA` names the folder that holds sandstone/,
scans/ and other/; the test slice 0300 is left alone.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
import skimage.data
import tifffile
from scipy import ndimage

from sandseg.classes import IGNORED
from sandseg.config import Treatment
from sandseg.data.any_rock import draw_labels
from sandseg.data.phantom import PhantomConfig, make_phantom
from sandseg.data.rough_scan import GRAIN, scan_roughly, scan_thoroughly
from sandseg.data.samples import open_sample, sample_labels
from sandseg.data.sandstone_files import SPLIT
from sandseg.grey.appearance import slices_with_sample
from sandseg.grey.verdict import DOUBTFUL, FIT, STRANGE, Verdict
from sandseg.model.engine import PredictBatch, load_engine
from sandseg.model.store import StoredModel, list_models, load_model
from sandseg.model.usual import usual_for
from sandseg.predict.right_model import choose_between, models_to_choose_from, verdict_on
from sandseg.predict.slices import make_predictor
from sandseg.scan.formats import open_stack
from sandseg.scan.stack import Stack
from sandseg.score.metrics import confusion_matrix, iou
from sandseg.settings import check_settings, data_folder

INNER = np.s_[:, 170:850, 170:850]  # rows and columns that lie inside the rock
CROP, N_CROPS = 340, 6  # pixels; of each slice
COMMON = 0.01  # of the sample: the IoU of a rarer class is chance
NEAR = 0.03  # below the usual IoU
WITH_PROJECTIONS = 0.4
ALTERED = ("0150", "0000")
SCANS = ("clean", "noisy", "blurred", "fringed")
OTHER_SCANS = (
    "porespy_binder_sandstone.tif",
    "qim3d_cement_128x128x128.tif",
    "bnsreenu_shale.tif",
)
PICTURES = (
    "astronaut",
    "chelsea",
    "clock",
    "coffee",
    "horse",
    "immunohistochemistry",
    "brick",
    "camera",
    "cell",
    "coins",
    "grass",
    "gravel",
    "moon",
    "page",
    "text",
)
PHANTOMS = {
    "as built in": {"shape": (64, 256, 256)},
    "another seed": {"seed": 3},
    "noise 14": {"noise": 14},
    "noise 25": {"noise": 25},
    "blur 1.5": {"blur": 1.5},
    "grains twice as wide": {"grain_size_um": 200},
    "grains half as wide": {"grain_size_um": 50},
    "no pyrite": {"pyrite": 0},
    "porosity 30 %": {"porosity": 0.3},
    "clay 25 %": {"clay": 0.25},
}

Image = np.ndarray
Alteration = Callable[[Image, np.random.Generator], Image]


def to_8_bits(image: Image) -> Image:
    """Round to whole grey values."""
    return np.clip(np.round(image), 0, 255).astype(np.uint8)


def noisy(sigma: float) -> Alteration:
    """Add noise of a standard deviation in grey values."""
    return lambda image, rng: to_8_bits(image + rng.normal(0, sigma, image.shape))


def blurred(sigma: float) -> Alteration:
    """Blur by a standard deviation in pixels."""
    return lambda image, _: to_8_bits(ndimage.gaussian_filter(image.astype(np.float32), sigma))


def cup(shape: tuple[int, int], depth: float) -> Image:
    """Return (Y, X) factors that grow from the middle outwards, as beam hardening makes them."""
    y, x = np.ogrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    return 1 + depth * ((y**2 + x**2) - 0.5)


GREY_CHANGES: dict[str, Alteration] = {
    "none": lambda image, _: image,
    "times 257": lambda image, _: image.astype(np.uint16) * 257,
    "times 40 plus 9000": lambda image, _: image.astype(np.uint16) * 40 + 9000,
    "signed": lambda image, _: image.astype(np.int16) * 20 - 1000,
    "float 0 to 1": lambda image, _: (image / 255).astype(np.float32),
    "float attenuation": lambda image, _: image.astype(np.float32) * 11.3 - 950,
    "low contrast": lambda image, _: to_8_bits(0.345 * image + 90),
    "darker, clipped": lambda image, _: to_8_bits(image - 25.0),
    "harder contrast, clipped": lambda image, _: to_8_bits(1.5 * (image - 128.0) + 128),
    "drifting by 15 %": lambda image, _: to_8_bits(
        image * (1 + 0.15 * np.linspace(-1, 1, image.shape[1]))
    ),
    "cupped by 15 %": lambda image, _: to_8_bits(image * cup(image.shape, 0.15)),
    "inverted": lambda image, _: 255 - image,
    "gamma 1.6": lambda image, _: to_8_bits(255 * (image / 255) ** 1.6),
    "noise 8": noisy(8),
    "noise 16": noisy(16),
    "noise 24": noisy(24),
    "noise 32": noisy(32),
    "blur 0.7": blurred(0.7),
    "blur 1": blurred(1),
    "blur 2": blurred(2),
    "noise 4": noisy(4),
    "blur 0.4": blurred(0.4),
}
MILD = ("none", "times 257", "times 40 plus 9000", "signed", "float 0 to 1", "float attenuation")
MILD += ("low contrast", "noise 4", "blur 0.4")
ZOOMS = (0.5, 0.67, 1.5, 2.0)


def zoomed(image: Image, labels: Image, zoom: float) -> tuple[Image, Image]:
    """Show a slice in voxels of another size, and its labels with it."""
    smooth = image.astype(np.float32)
    if zoom < 1:
        smooth = ndimage.gaussian_filter(smooth, (1 / zoom - 1) / 2)
    kwargs = {"mode": "nearest", "grid_mode": True}
    return (
        to_8_bits(ndimage.zoom(smooth, zoom, order=1, **kwargs)),
        ndimage.zoom(labels, zoom, order=0, **kwargs),
    )


def pictures(rng: np.random.Generator, n_made: int) -> Iterator[tuple[str, Callable[[], tuple]]]:
    """Yield names, and how to make (Z, Y, X) grey values and labels or None."""
    for number in (*SPLIT["train"], *SPLIT["validation"]):
        yield f"real: {number}", lambda n=number: real(n)
        yield f"real: {number} inner", lambda n=number: tuple(a[INNER] for a in real(n))
        for i in range(N_CROPS):
            yield f"real: {number} crop {i}", lambda n=number: crop(*real(n), rng)
    for change, alter in GREY_CHANGES.items():
        kind = "real, mildly altered" if change in MILD else "real, altered"
        for number in ALTERED:
            yield f"{kind}: {number} {change}", lambda n=number, a=alter: altered(n, a, rng)
    for zoom in ZOOMS:
        for number in ALTERED:
            yield f"real, altered: {number} zoom {zoom}", lambda n=number, z=zoom: enlarged(n, z)
    for name, settings in PHANTOMS.items():
        yield f"built-in rock: {name}", lambda s=settings: phantom(s)
    for i in range(n_made):
        yield f"made-up rock: {i}", lambda: made(rng)
    for name in SCANS:
        yield f"Berea: {name}", lambda n=name: scan(n)
    for name in OTHER_SCANS:
        yield f"another rock: {name}", lambda n=name: (other(n), None)
    for name in PICTURES:
        yield f"no rock: {name}", lambda n=name: (grey_picture(n)[None], None)
    for sigma in (3, 12, 40):
        yield f"no rock: noise {sigma}", lambda s=sigma: (noise(s, rng)[None], None)


def crop(image: Image, labels: Image, rng: np.random.Generator) -> tuple[Image, Image]:
    """Cut a square from inside the rock."""
    y, x = rng.integers(INNER[1].start, INNER[1].stop - CROP, 2)
    window = np.s_[:, y : y + CROP, x : x + CROP]
    return image[window], labels[window]


def made(rng: np.random.Generator) -> tuple[Image, Image]:
    """Return a made-up rock, scanned roughly or by projections, on a scale of its own."""
    labels = draw_labels(int(rng.integers(160, 320)), rng)
    scan_it = scan_thoroughly if rng.random() < WITH_PROJECTIONS else scan_roughly
    image = scan_it(labels, rng)
    scaled = image * rng.uniform(5_000, 60_000) + rng.uniform(0, 5_000)
    return scaled.astype(np.uint16)[None], labels[None]


def scan(name: str) -> tuple[Image, Image]:
    """Return a scan of Berea, and its labels: pores, and everything else grain."""
    folder = (data_folder() or Path()) / "scans"
    with open_stack(folder / f"berea_{name}.tif") as stack:
        image = np.stack([stack.read_slice(z) for z in range(stack.n_slices)])
    labels = tifffile.imread(folder / "berea_labels.tif")
    return image, np.where(labels == 1, GRAIN, labels).astype(np.uint8)


def noise(sigma: float, rng: np.random.Generator) -> Image:
    """Return one grey value with noise."""
    return to_8_bits(rng.normal(128, sigma, (256, 256)))


def real(number: str) -> tuple[Image, Image]:
    """Return a real slice and its labels, (1, Y, X) each."""
    key = f"sandstone-{number}"
    return open_sample(key).read_slice(0)[None], sample_labels(key)


def altered(number: str, alter: Alteration, rng: np.random.Generator) -> tuple[Image, Image]:
    """Return the inner part of a slice with other grey values."""
    image, labels = real(number)
    return alter(image[INNER][0], rng)[None], labels[INNER]


def enlarged(number: str, zoom: float) -> tuple[Image, Image]:
    """Return the inner part of a slice in other voxels."""
    image, labels = real(number)
    found = zoomed(image[INNER][0], labels[INNER][0], zoom)
    return found[0][None], found[1][None]


def phantom(settings: dict) -> tuple[Image, Image]:
    """Return a made-up rock and its labels."""
    rock = make_phantom(PhantomConfig(**{"shape": (8, 256, 256), **settings}))
    return rock.image, rock.labels


def other(name: str) -> Image:
    """Return another scan."""
    with open_stack((data_folder() or Path()) / "other" / name) as stack:
        return np.stack([stack.read_slice(z) for z in range(stack.n_slices)])


def grey_picture(name: str) -> Image:
    """Return a picture of something else in grey values."""
    image = np.asarray(getattr(skimage.data, name)())
    return to_8_bits(image[..., :3].mean(axis=-1)) if image.ndim == 3 else image


@dataclass(frozen=True)
class Result:
    """What was said of one picture; the scores are NaN where no labels are known."""

    name: str
    model: str
    verdict: Verdict
    score: float
    usual: float

    @property
    def line(self) -> str:
        """One line of the listing."""
        signs = [
            f"{name} {value:.3f}"
            for name, value in asdict(self.verdict.signs).items()
            if value is not None
        ]
        return (
            f"{self.name:36s} {self.model:18s} {self.verdict.level:12s} {self.score:6.3f}  "
            f"{'  '.join(signs)}"
        )


@cache
def network_of(name: str) -> PredictBatch:
    """Return a stored network, loaded once."""
    return load_engine(load_model(name))


def judge_by(model: StoredModel, stack: Stack, treatment: Treatment) -> Verdict:
    """Judge a stack by a model that stays loaded."""
    return verdict_on(stack, model, treatment, network_of(model.name))


def check(name: str, image: Image, labels: Image | None) -> Result:
    """Choose a model for a picture, and compare what it is said to be worth with what it is."""
    stack, how = Stack.from_array(image), Treatment()
    usual, general = models_to_choose_from(list_models())
    model = choose_between(usual, general, how, partial(judge_by, usual, stack)).model
    verdict = judge_by(model, stack, how)
    if labels is None:
        return Result(name, model.name, verdict, float("nan"), float("nan"))
    predictor = make_predictor(stack, model, how, network_of(model.name))
    n_classes = len(model.classes)
    matrix = np.zeros((n_classes, n_classes), np.int64)
    for z in slices_with_sample(stack):
        found = predictor.predict_slice(stack, z)
        true = np.where(found.sample, labels[z], IGNORED)
        matrix += confusion_matrix(true, found.labels, n_classes)
    if model.landmarks:
        pores = matrix[0, 0] / max(matrix[0].sum() + matrix[:, 0].sum() - matrix[0, 0], 1)
        return Result(name, model.name, verdict, float(pores), usual_for(model).iou or 1.0)
    shares = matrix.sum(axis=1) / max(matrix.sum(), 1)
    score = float(np.nanmean(iou(matrix)[shares >= COMMON]))
    return Result(name, model.name, verdict, score, usual_for(model).iou or 1.0)


def print_table(results: Sequence[Result]) -> None:
    """Print how many pictures of each kind are called what, and how good they are."""
    kinds = sorted({kind_of(result.name) for result in results})
    print(f"\n| {'kind':22s} | scans | fits | doubtful | do not trust | fits, and within 0.03 |")
    print("|:--|--:|--:|--:|--:|--:|")
    for kind in [*kinds, ""]:
        chosen = [result for result in results if kind in ("", kind_of(result.name))]
        levels = [result.verdict.level for result in chosen]
        fit = [r for r in chosen if r.verdict.level == FIT and not np.isnan(r.score)]
        good = sum(result.score >= result.usual - NEAR for result in fit)
        counts = " | ".join(str(levels.count(level)) for level in (FIT, DOUBTFUL, STRANGE))
        print(f"| {kind or 'all':22s} | {len(chosen)} | {counts} | {good} of {len(fit)} |")


def kind_of(name: str) -> str:
    """Return the first words of a picture's name, which say what kind it is."""
    return name.split(":")[0]


def main() -> None:
    """Print a line for each picture, and the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*")
    parser.add_argument("--made", type=int, default=120)
    args = parser.parse_args()
    for warning in check_settings():
        print(f"warning: {warning}", file=sys.stderr)
    results = []
    for name, make in pictures(np.random.default_rng(0), args.made):
        if not args.words or any(word in name for word in args.words):
            results.append(check(name, *make()))
            print(results[-1].line, flush=True)
    print_table(results)


if __name__ == "__main__":
    main()
