"""The baseline without learning: thresholds between the grey values."""

import numpy as np

from sandseg.errors import LabelError
from sandseg.grey.display import as_bytes


def multi_otsu(image: np.ndarray, n_classes: int = 4) -> np.ndarray:
    """Label a slice by grey value alone, the darkest class first, at Otsu's thresholds.

    Args:
        image: (Y, X) uint8, or float in [0, 1].
        n_classes: Number of classes, 2 to 5.

    Returns:
        (Y, X) uint8 labels in [0, n_classes).

    Raises:
        LabelError: The slice has fewer grey values than classes.
    """
    from skimage.filters import threshold_multiotsu  # slow to load

    grey = as_bytes(image)
    if np.count_nonzero(np.bincount(grey.ravel())) < n_classes:
        raise LabelError(
            f"The slice has too few grey values to be cut into {n_classes} classes.",
            hint="Choose another slice, and check that this one is not blank.",
        )
    thresholds = threshold_multiotsu(grey, n_classes)
    return np.digitize(np.arange(256), thresholds, right=True).astype(np.uint8)[grey]
