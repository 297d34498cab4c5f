"""A bank of filters: what pixel classifiers in this field see of the grey values."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy import ndimage

from sandseg.model.engine import n_cores

FINE_SIGMAS = (1.0, 2.0)  # pixels, on the slice's own grid
COARSE_SIGMAS = (1.75, 2.5, 5.0)  # on a grid of half as many: 3.5, 5 and 10 pixels
WIDE_SIGMAS = (2.0, 4.0)  # on a grid of a quarter as many: 8 and 16 pixels
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


def surroundings(probabilities: np.ndarray, filtered: np.ndarray) -> np.ndarray:
    """Tell what is around each pixel: how much of each class, and how grey, rough and uneven it is.

    Sizes of pores and fabrics of rock are classes that one pixel's own edges do not tell apart.

    Args:
        probabilities: (K, T, T') float32 of a network's classes.
        filtered: (N_FINE, T, T') float32, as `filter_tile` gives them.

    Returns:
        (len(WIDE_SIGMAS) * (K + 3), T/4, T'/4) float32, T/4 and T'/4 rounded up.
    """
    grey, slope = filtered[0], filtered[2]
    planes = np.stack([*probabilities, grey, slope, grey**2])
    tails = [(0, -length % 4) for length in grey.shape]
    planes = np.pad(planes, [(0, 0), *tails], mode="edge")
    n, height, width = planes.shape
    planes = planes.reshape(n, height // 4, 4, width // 4, 4).mean(axis=(2, 4))
    found = []
    for sigma in WIDE_SIGMAS:
        sigmas = (0, sigma, sigma)
        *means, square = ndimage.gaussian_filter(planes, sigmas, mode="reflect", truncate=3)
        spread = np.sqrt(np.maximum(square - means[-2] ** 2, 0))
        found += [*means, spread]
    return np.stack(found)


def _at_scale(image: np.ndarray, sigma: float) -> list[np.ndarray]:
    """Return smoothed grey value, slope, largest and smallest curvature, each (Y, X) float32."""
    smooth = ndimage.gaussian_filter(image, sigma, mode="reflect", truncate=3)
    slope_y, slope_x = np.gradient(smooth)
    yy, yx = np.gradient(slope_y)
    xx = np.gradient(slope_x, axis=1)
    middle, spread = (yy + xx) / 2, np.hypot((yy - xx) / 2, yx)
    return [smooth, np.hypot(slope_y, slope_x), middle + spread, middle - spread]
