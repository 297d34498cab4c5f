"""Grey values of any type as bytes for a screen."""

import numpy as np


def to_display(image: np.ndarray, low: float, high: float) -> np.ndarray:
    """Map grey values to a screen: `low` and below is black, `high` and above white, or inverted.

    Args:
        image: Any shape, any integer or float type; NaN becomes black.
        low: Grey value shown black.
        high: Grey value shown white.

    Returns:
        uint8 of the same shape.
    """
    if low > high:
        return 255 - to_display(image, high, low)
    if image.dtype.kind in "iu" and image.dtype.itemsize <= 2 and image.dtype.isnative:
        limits = np.iinfo(image.dtype)
        # In the order of the unsigned bit patterns, so that a negative value finds its place.
        values = np.arange(limits.max - limits.min + 1).astype(image.dtype)
        return _stretch(values, low, high)[image.view(f"u{image.dtype.itemsize}")]
    return _stretch(image, low, high)


def _stretch(values: np.ndarray, low: float, high: float) -> np.ndarray:
    factor = np.float32(255 / max(high - low, 1e-30))  # a window without width is a threshold
    with np.errstate(over="ignore"):
        scaled = (values.astype(np.float32, copy=False) - np.float32(low)) * factor
    scaled = np.nan_to_num(scaled, copy=False, nan=0.0)
    return np.rint(np.clip(scaled, 0, 255, out=scaled), out=scaled).astype(np.uint8)


def as_bytes(image: np.ndarray) -> np.ndarray:
    """Return grey values in [0, 1] as uint8 of the same shape; bytes stay as they are."""
    if image.dtype == np.uint8:
        return image
    return np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
