"""What it costs elsewhere that strokes correct a network on what it missed."""

from pathlib import Path

import numpy as np
import tifffile
from scipy import ndimage

from sandseg.model.store import load_model
from sandseg.scan.labels.read import decode_labels
from sandseg.score.metrics import confusion_matrix, iou
from sandseg.teach.learning.classifier import Start, learn
from sandseg.teach.learning.features import FeatureMaker

EIGHT = np.ones((3, 3), bool)
N_STROKES, N_DRAWN = 3, 2000
WINDOWS = ((300, 300, 512), (200, 500, 256), (500, 200, 256))  # first row, first column, size
CASES = (  # network, slice, window, class that is missed
    ("sandstone-compact", "0150", 0, 1),
    ("sandstone-compact", "0150", 0, 2),
    ("sandstone-compact", "0150", 1, 1),
    ("sandstone-compact", "0200", 1, 2),
    ("rock-any", "0100", 0, 1),
    ("rock-any", "0000", 1, 1),
    ("rock-any", "0000", 2, 2),
    ("rock-any", "0250", 0, 3),
)


def corrections(folder: Path) -> None:
    """Print, for each case, how much of the strokes is followed and what else changes."""
    lost = []
    for network, number, window, missed in CASES:
        top, left, size = WINDOWS[window]
        cut = np.s_[top : top + size, left : left + size]
        name = f"Sandstone_Versa{number}.tif"
        grey = tifffile.imread(folder / "images" / name)[cut].astype(np.float32) / 255
        true = decode_labels(tifffile.imread(folder / "masks" / name)[cut], 4)
        features = FeatureMaker(load_model(network))(grey[None, ..., None])
        followed, change = _correct(features, true, missed)
        lost.append(change)
        print(
            f"{network:18} {number}, class {missed}: {followed:.0%} of the strokes followed, "
            f"IoU {change.round(3)}, mean {change.mean():+.4f}",
            flush=True,
        )
    print(f"mean IoU {np.mean(lost):+.4f} on average, {np.mean(lost, axis=1).min():+.4f} at worst")


def _correct(features, true: np.ndarray, missed: int) -> tuple[float, np.ndarray]:
    """Paint the largest parts of a class that the network missed; compare elsewhere.

    Returns:
        Share of painted pixels that are as painted; what the IoU of each class gains, (4,).
    """
    own = np.asarray(features)[0, ..., :4].argmax(axis=-1)
    parts, _ = ndimage.label((true == missed) & (own != missed), EIGHT)
    largest = np.argsort(-np.bincount(parts.ravel())[1:])[:N_STROKES] + 1
    is_painted = np.isin(parts, largest)
    places = np.nonzero(is_painted)
    step = int(np.sqrt(own.size / N_DRAWN))
    grid = np.meshgrid(*(np.arange(step // 2, n, step) for n in own.shape), indexing="ij")
    drawn = features.at(*(axis.ravel() for axis in grid))
    start = Start(drawn, np.eye(4, dtype=np.float32), own.size)
    values = np.full(len(places[0]), missed + 1, np.uint8)
    classifier = learn(features.at(*places), values, parts[places], 4, start)
    found = classifier.probabilities(features)[0].argmax(axis=-1)
    before, after = (
        iou(confusion_matrix(true[~is_painted], one[~is_painted].astype(np.uint8), 4))
        for one in (own, found)
    )
    return float((found == true)[is_painted].mean()), np.nan_to_num(after - before)
