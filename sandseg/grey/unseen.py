"""What a network is shown where a scan shows nothing: what is painted over or missing."""

import numpy as np
from scipy import ndimage

from sandseg.measure.outside import missing_mask

DARK = 0.15  # of a model's scale: air around a core, clipped to black, begins as dark as this


def fill_unseen(
    mapped: np.ndarray, image: np.ndarray, outside: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Continue the sample into what was not seen, so that no edge of paint misleads a network.

    Black air around a core is left as it is.

    Args:
        mapped: (Y, X) float32 on the model's scale; changed in place.
        image: The same as it stands in the file.
        outside: As `outside_mask` finds it.

    Returns:
        `mapped`, and (Y, X) bool: what was not seen at all, without missing pixels within the rock.
    """
    if not outside.any():
        return mapped, outside
    missing = missing_mask(image)
    mapped[missing] = 0.0
    if outside.all():
        unseen = missing | (mapped > DARK)
        mapped[unseen] = 0.0
        return mapped, unseen
    unseen = outside if _rim_is_bright(mapped, outside) else missing | (outside & (mapped > DARK))
    if not unseen.any():
        return mapped, unseen
    nearest = ndimage.distance_transform_edt(
        outside & unseen, return_distances=False, return_indices=True
    )
    mapped[unseen] = mapped[tuple(nearest[:, unseen])]
    return mapped, unseen & (~missing | _touches_edge(unseen))


def _rim_is_bright(mapped: np.ndarray, outside: np.ndarray) -> bool:
    """Whether the sample begins abruptly beside what is outside, as no core in air does."""
    wide = np.pad(outside, 1, mode="edge")
    beside = wide[:-2, 1:-1] | wide[2:, 1:-1] | wide[1:-1, :-2] | wide[1:-1, 2:]
    rim = mapped[beside & ~outside]
    return bool(np.median(rim) > DARK)


def _touches_edge(mask: np.ndarray) -> np.ndarray:
    pieces, n_pieces = ndimage.label(mask)
    is_kept = np.zeros(n_pieces + 1, bool)
    for edge in (pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]):
        is_kept[edge] = True
    is_kept[0] = False
    return is_kept[pieces]
