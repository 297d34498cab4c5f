"""Whether a model is right as often as it says it is."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Reliability:
    """Pixels binned by confidence; (B,) each but `edges`, NaN where a bin is empty."""

    edges: np.ndarray  # (B + 1,) from 0 to 1
    confidence: np.ndarray  # mean confidence of a bin
    accuracy: np.ndarray  # share of its pixels that are right
    count: np.ndarray  # its pixels, int64

    @property
    def expected_calibration_error(self) -> float:
        """The mean gap in [0, 1] between confidence and accuracy, over pixels; NaN without any."""
        known = self.count > 0
        if not known.any():
            return float("nan")
        gaps = np.abs(self.confidence[known] - self.accuracy[known])
        return float(np.average(gaps, weights=self.count[known]))


def reliability(confidence: np.ndarray, correct: np.ndarray, n_bins: int = 15) -> Reliability:
    """Compare confidence with accuracy in bins of equal width.

    Args:
        confidence: Highest class probability of each pixel, any shape, in [0, 1].
        correct: bool of the same shape: the pixel is right.
        n_bins: Number of bins B.
    """
    confidence = np.asarray(confidence, dtype=np.float64).ravel()
    bins = np.minimum((confidence * n_bins).astype(np.intp), n_bins - 1)
    count = np.bincount(bins, minlength=n_bins)
    means = [
        np.divide(
            np.bincount(bins, weights=values, minlength=n_bins),
            count,
            out=np.full(n_bins, np.nan),
            where=count > 0,
        )
        for values in (confidence, np.ravel(correct))
    ]
    return Reliability(np.linspace(0, 1, n_bins + 1), *means, count)


def expected_calibration_error(
    confidence: np.ndarray, correct: np.ndarray, n_bins: int = 15
) -> float:
    """Return the mean gap in [0, 1] between confidence and accuracy; NaN without pixels."""
    return reliability(confidence, correct, n_bins).expected_calibration_error
