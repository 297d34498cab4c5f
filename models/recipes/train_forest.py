"""Train the random forest that the networks are compared with; writes models/random-forest/.

    python models/recipes/train_forest.py path/to/sandstone

The folder holds the slices of the public sandstone, images/*NNNN*.tif and masks/*NNNN*.tif.
Takes about 5 minutes on one core. Slice 0300 is the test slice: it is not opened here.
"""

import argparse
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import tifffile
from scipy.ndimage import binary_dilation

from sandseg.classes import IGNORED, SANDSTONE
from sandseg.measure.sample import sample_mask
from sandseg.model.store import models_folder, write_card
from sandseg.predict.forest import ForestConfig, PixelClassifier, train_forest
from sandseg.scan.labels.read import decode_labels
from sandseg.score.metrics import confusion_matrix, scores

TRAINING = ("0000", "0050", "0100", "0200", "0250")
VALIDATION = "0150"
INNER = np.s_[170:850, 170:850]  # inside the rock
RIM = 12  # pixels of surrounding air that are learned from; the rest would be more of the same
FILE = "forest.npz"


def main() -> None:
    """Train, save, load again, validate, write the card."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sandstone", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=models_folder() / "random-forest")
    parser.add_argument("--trees", type=int, default=ForestConfig().n_trees)
    arguments = parser.parse_args()
    config = ForestConfig(n_trees=arguments.trees)

    slices = [read(arguments.sandstone, number) for number in TRAINING]
    start = time.process_time()
    forest = train_forest(
        [image for image, _ in slices], [near_rock(labels) for _, labels in slices], config
    )
    print(f"trained {config.n_trees} trees in {time.process_time() - start:.0f} s of one core")

    arguments.output.mkdir(parents=True, exist_ok=True)
    path = arguments.output / FILE
    forest.save(path)
    validation = validate(PixelClassifier.load(path), *read(arguments.sandstone, VALIDATION))
    write_card(arguments.output, card(config, validation), [FILE])
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB", validation)


def read(folder: Path, number: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a slice and its labels, (Y, X) uint8 both."""
    image, mask = (next((folder / kind).glob(f"*{number}.tif")) for kind in ("images", "masks"))
    return tifffile.imread(image), decode_labels(tifffile.imread(mask))


def near_rock(labels: np.ndarray) -> np.ndarray:
    """Leave out the air far from the sample, half of the picture and nothing to learn."""
    near = binary_dilation(sample_mask(labels, SANDSTONE), iterations=RIM)
    return np.where(near, labels, IGNORED).astype(np.uint8)


def validate(forest: PixelClassifier, image: np.ndarray, labels: np.ndarray) -> dict:
    """Return the scores inside the rock and on the whole slice."""
    predicted = forest.predict(image).argmax(axis=-1)
    result = {}
    for name, part in (("inner", INNER), ("full", np.s_[:])):
        report = scores(confusion_matrix(labels[part], predicted[part], len(SANDSTONE)))
        plain = report.to_dict([material.name for material in SANDSTONE])
        result[name] = {key: plain[key] for key in ("mean_iou", "iou", "accuracy")}
    return result


def card(config: ForestConfig, validation: dict) -> dict:
    """Return what the card says, but for the checksums."""
    return {
        "title": "Random forest on multi-scale features",
        "kind": "random-forest",
        "what": "A random forest that labels each pixel by Gaussian-smoothed grey value, edges and "
        "texture at several scales, and medians: what ilastik and Weka do.",
        "classes": [asdict(material) for material in SANDSTONE],
        "features": config.n_features,
        "config": asdict(config),
        "data": {
            "name": "sandstone, bnsreenu/python_for_microscopists (MIT)",
            "training_slices": list(TRAINING),
            "validation_slices": [VALIDATION],
        },
        "validation": validation,
        "remake": "python models/recipes/train_forest.py path/to/sandstone",
    }


if __name__ == "__main__":
    main()
