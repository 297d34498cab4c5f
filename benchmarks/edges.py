"""What the edges of patches cost: a slice predicted whole, and in pieces that do not overlap.

    SANDSEG_DATA=… PYTHONPATH=. .venv/bin/python benchmarks/edges.py

Beyond the edge of a piece a network sees zeros, so what is learned from small patches is another
task than segmenting a slice. Validation slice 0150, 768 × 768 pixels inside the rock.
"""

import sys

import numpy as np

from sandseg.data.samples import open_sample, sample_labels
from sandseg.model.engine import load_engine
from sandseg.model.store import load_model
from sandseg.predict.tiling import predict_tiled
from sandseg.score.metrics import confusion_matrix, mean_iou
from sandseg.settings import check_settings

WINDOW = np.s_[160:928, 160:928]
PIECES = (128, 256, 384)


def main() -> None:
    """Print mean IoU and cross-entropy for each size of the pieces."""
    for warning in check_settings():
        print(f"warning: {warning}", file=sys.stderr)
    model = load_model()
    engine = load_engine(model)
    image = open_sample("sandstone-0150").read_slice(0).astype(np.float32) / 255
    true = sample_labels("sandstone-0150")[0][WINDOW]
    found = {"whole": predict_tiled(image, engine, stride=model.unet.stride)[WINDOW]}
    for size in PIECES:
        pieces = np.empty_like(found["whole"])
        for y in range(0, len(pieces), size):
            for x in range(0, len(pieces), size):
                piece = np.s_[y : y + size, x : x + size]
                pieces[piece] = engine(image[WINDOW][piece][None, ..., None])[0]
        found[f"{size}²"] = pieces
    for name, probabilities in found.items():
        of_true = np.take_along_axis(probabilities, true[..., None].astype(int), axis=-1)
        matrix = confusion_matrix(true, probabilities.argmax(axis=-1).astype(np.uint8), 4)
        loss = -np.log(np.maximum(of_true, 1e-9)).mean()
        print(f"{name:6s} mean IoU {mean_iou(matrix):.4f}, cross-entropy {loss:.4f}")


if __name__ == "__main__":
    main()
