"""A bank of filters: what pixel classifiers in this field see of the grey values."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy import ndimage

from sandseg.model.engine import n_cores

FINE_SIGMAS = (1.0, 2.0)  # pixels, on the slice's own grid
COARSE_SIGMAS = (1.75, 2.5, 5.0)  # on a grid of half as many: 3.5, 5 and 10 pixels
N_FINE = 1 + 4 * len(FINE_SIGMAS)
N_COARSE = 4 * len(COARSE_SIGMAS)


def filter_tile(tile: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Filter a tile: grey value, slope and both curvatures at several scales.

    Args:
        tile: (T, T') float32 in [0, 1]; T and T' are even.

    Returns:
        (N_FINE, T, T') float32 on the tile's grid, (N_COARSE, T/2, T'/2) float32 on half of it.
    """
    height, width = tile.shape
    half = tile.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))
    tasks = [(tile, sigma) for sigma in FINE_SIGMAS] + [(half, sigma) for sigma in COARSE_SIGMAS]
    with ThreadPoolExecutor(n_cores()) as pool:  # the filters run outside the GIL
        found = list(pool.map(lambda task: _at_scale(*task), tasks))
    n_fine = len(FINE_SIGMAS)
    return np.stack([tile, *sum(found[:n_fine], [])]), np.stack(sum(found[n_fine:], []))


def _at_scale(image: np.ndarray, sigma: float) -> list[np.ndarray]:
    """Return smoothed grey value, slope, largest and smallest curvature, each (Y, X) float32."""
    smooth = ndimage.gaussian_filter(image, sigma, mode="reflect", truncate=3)
    slope_y, slope_x = np.gradient(smooth)
    yy, yx = np.gradient(slope_y)
    xx = np.gradient(slope_x, axis=1)
    middle, spread = (yy + xx) / 2, np.hypot((yy - xx) / 2, yx)
    return [smooth, np.hypot(slope_y, slope_x), middle + spread, middle - spread]
