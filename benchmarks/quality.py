"""How good each method is on slices of the real sandstone it never learned from.

    SANDSEG_DATA=… PYTHONPATH=. .venv/bin/python benchmarks/quality.py [slice …]

`SANDSEG_DATA` names the folder that holds sandstone/images and sandstone/masks. Slice 0300 is the
test slice: nothing may be trained, tuned or chosen on it. Intervals: block bootstrap, 128² blocks.
"""

import sys

import numpy as np

from sandseg.data.samples import open_sample, sample_labels
from sandseg.measure.fractions import phase_fractions
from sandseg.predict.methods import list_methods, load_segmenter, timed, warm_up
from sandseg.score.calibration import expected_calibration_error
from sandseg.score.intervals import block_matrices, bootstrap_iou
from sandseg.score.metrics import iou, mean_iou
from sandseg.settings import check_settings

INNER = slice(170, 850)  # rows and columns that lie inside the rock


def print_row(name: str, region: str, true: np.ndarray, labels: np.ndarray, seconds: float) -> None:
    """Print mean IoU and the IoU of each class, with their intervals."""
    blocks = block_matrices(true, labels, 4)
    interval = bootstrap_iou(blocks, np.random.default_rng(0))
    matrix = blocks.sum(axis=0)
    found = [(mean_iou(matrix), interval.mean_low, interval.mean_high)]
    found += zip(iou(matrix), interval.low, interval.high, strict=True)
    scores = "  ".join(f"{value:.4f} ({low:.3f}–{high:.3f})" for value, low, high in found)
    print(f"{name:17s} {region:5s} {scores}  {seconds:6.2f} s", flush=True)


def print_trust(true: np.ndarray, labels: np.ndarray, confidence: np.ndarray | None) -> None:
    """Print how far phase fractions, porosity and confidence are from the truth."""
    shares = phase_fractions(true, 4), phase_fractions(labels, 4)
    points = 100 * np.abs(shares[1] - shares[0]).max()
    porosity = 100 * abs(shares[1][0] / shares[0][0] - 1)
    text = f"fractions within {points:.2f} points, porosity within {porosity:.2f} % of the truth"
    if confidence is not None:
        error = expected_calibration_error(confidence, labels == true)
        text += f", expected calibration error {error:.5f}"
    print(f"{'':17s} inner {text}", flush=True)


def main() -> None:
    """Score every method at hand on the slices named, 0300 by default."""
    for warning in check_settings():
        print(f"warning: {warning}", file=sys.stderr)
    columns = "  ".join(f"{name:20s}" for name in ("mean IoU", "air", "clay", "quartz", "pyrite"))
    print(f"{'method':17s} part  {columns} a slice")
    for number in sys.argv[1:] or ["0300"]:
        image = open_sample(f"sandstone-{number}").read_slice(0)
        true = sample_labels(f"sandstone-{number}")[0]
        for method in list_methods():
            segmenter = load_segmenter(method)
            warm_up(method, segmenter, image.shape)
            found, seconds = timed(segmenter, image.astype(np.float32) / 255)
            inner = found.labels[INNER, INNER]
            print_row(method.name, "inner", true[INNER, INNER], inner, seconds)
            print_row(method.name, "full", true, found.labels, seconds)
            sure = found.confidence
            print_trust(true[INNER, INNER], inner, None if sure is None else sure[INNER, INNER])


if __name__ == "__main__":
    main()
