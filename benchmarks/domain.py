"""What the domain check says of scans like the training data, of altered ones, and of others.

    SANDSEG_DATA=… PYTHONPATH=. .venv/bin/python benchmarks/domain.py [words …]

Prints a line for each picture whose name holds one of the words: the four signs, the verdict and,
where true labels are known, the mean IoU inside the rock, as it is and evened out. The limits in
sandseg/grey/verdict.py were chosen by this table. `SANDSEG_DATA` names the folder that
holds sandstone/ and other/; the test slice 0300 is left alone.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import skimage.data
from scipy import ndimage

from sandseg.data.phantom import PhantomConfig, make_phantom
from sandseg.data.samples import open_sample, sample_labels
from sandseg.data.sandstone_files import SPLIT
from sandseg.errors import StackError
from sandseg.grey.appearance import slices_to_look_at
from sandseg.grey.verdict import judge
from sandseg.model.engine import load_engine
from sandseg.model.store import load_model
from sandseg.model.usual import usual_for
from sandseg.predict.even_light import even_out
from sandseg.predict.slices import Predictor, make_predictor
from sandseg.scan.formats import open_stack
from sandseg.scan.stack import Stack
from sandseg.score.metrics import confusion_matrix, mean_iou
from sandseg.settings import check_settings, data_folder

INNER = slice(170, 850)  # rows and columns that lie inside the rock
MIDDLE = slice(384, 640)
ALTERED = ("0150", "0000")
OTHERS = ("brick", "camera", "cell", "coins", "grass", "gravel", "moon", "page", "text")
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
}
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


def pictures(rng: np.random.Generator) -> Iterator[tuple[str, Callable[[], tuple]]]:
    """Yield names, and how to make (Z, Y, X) grey values and labels or None."""
    for number in (*SPLIT["train"], *SPLIT["validation"]):
        for part, where in (
            ("whole", np.s_[:]),
            ("inner", np.s_[:, INNER, INNER]),
            ("middle", np.s_[:, MIDDLE, MIDDLE]),
        ):
            yield f"real {number} {part}", lambda n=number, w=where: tuple(a[w] for a in real(n))
    for change, alter in GREY_CHANGES.items():
        for number in ALTERED:
            yield f"real {number} {change}", lambda n=number, a=alter: altered(n, a, rng)
    for zoom in ZOOMS:
        for number in ALTERED:
            yield f"real {number} zoom {zoom}", lambda n=number, z=zoom: enlarged(n, z)
    for name, settings in PHANTOMS.items():
        yield f"phantom {name}", lambda s=settings: phantom(s)
    yield "other porespy_binder_sandstone", lambda: (other("porespy_binder_sandstone.tif"), None)
    for name in OTHERS:
        yield f"picture {name}", lambda n=name: (grey_picture(n)[None], None)


def real(number: str) -> tuple[Image, Image]:
    """Return a real slice and its labels, (1, Y, X) each."""
    key = f"sandstone-{number}"
    return open_sample(key).read_slice(0)[None], sample_labels(key)


def altered(number: str, alter: Alteration, rng: np.random.Generator) -> tuple[Image, Image]:
    """Return the inner part of a slice with other grey values."""
    image, labels = real(number)
    return alter(image[:, INNER, INNER][0], rng)[None], labels[:, INNER, INNER]


def enlarged(number: str, zoom: float) -> tuple[Image, Image]:
    """Return the inner part of a slice in other voxels."""
    image, labels = real(number)
    found = zoomed(image[0, INNER, INNER], labels[0, INNER, INNER], zoom)
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


class Checker:
    """Segments what it is given by the default model, and judges it."""

    def __init__(self):
        self.model = load_model()
        self.network = load_engine(self.model)

    def even_out(self, stack: Stack, predictor: Predictor) -> Predictor:
        """Return what evens out the brightness, or the same where that is not known."""
        try:
            return even_out(stack, predictor, usual_for(self.model).bowl)
        except StackError:
            return predictor

    def line(self, image: Image, labels: Image | None) -> str:
        """Return the signs, the verdict and the mean IoU in one line."""
        stack = Stack.from_array(image)
        predictor = make_predictor(stack, self.model, network=self.network)
        mapping, looks, matrix, evened = predictor.mapping, [], 0, 0
        even = self.even_out(stack, predictor)
        for z in slices_to_look_at(len(image)):
            found = predictor.predict(image[z])
            classes = self.model.classes
            looks.append(predictor.look_at(image[z], found))
            if labels is not None:
                matrix = matrix + confusion_matrix(labels[z], found.labels, len(classes))
                found = even.predict(image[z])
                evened = evened + confusion_matrix(labels[z], found.labels, len(classes))
        verdict = judge(mapping, looks, usual_for(self.model))
        signs = verdict.signs
        scored = () if labels is None else (mean_iou(matrix), mean_iou(evened))
        score = "  ".join(f"{value:.3f}" for value in scored)
        bands = " ".join(f"{b:4.1f}" for b in np.mean([look.texture for look in looks], axis=0))
        return (
            f"{signs.grey:5.2f}  {signs.texture:5.2f}  {signs.doubt:5.2f}  "
            f"{signs.drift or 0:5.2f}  {score:12s}  "
            f"{mapping.kind:8s}  {bands}  {verdict.level}{'  inverse' if mapping.inverse else ''}"
        )


def main() -> None:
    """Print the table."""
    for warning in check_settings():
        print(f"warning: {warning}", file=sys.stderr)
    words, checker = sys.argv[1:], Checker()
    print(
        f"{'picture':36s}  grey  texture doubt  drift  IoU    evened  mapping   "
        "bands of texture     verdict"
    )
    for name, make in pictures(np.random.default_rng(0)):
        if not words or any(word in name for word in words):
            print(f"{name:36s} {checker.line(*make())}", flush=True)


if __name__ == "__main__":
    main()
