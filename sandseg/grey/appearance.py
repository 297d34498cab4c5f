"""What a segmented slice looks like: its texture, its light, and how unsure the model was."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from sandseg.classes import SegmentationClass
from sandseg.grey.drift import Light, find_light
from sandseg.grey.histograms import shares_of
from sandseg.grey.rescale import nearest_pixels, rescaled
from sandseg.measure.fractions import pore_mask
from sandseg.measure.outside import outside_mask
from sandseg.measure.sample import sample_mask
from sandseg.scan.stack import Stack

N_SLICES = 3  # of a stack are looked at
SCALES = (1.0, 2.0, 4.0, 8.0)  # px, standard deviations that part the bands of a texture


@dataclass(frozen=True)
class Look:
    """What a segmented slice looks like inside its rock.

    `texture` are the strengths of its bands in grey values of 255, `doubt` is the mean of one minus
    the confidence, `light` is None where it cannot be told. `pores` is the IoU that the model
    expects of its pores by its own confidence, None where it knows none or found none. `histogram`
    are the 256 shares of greys over [0, 1] in the whole slice.
    """

    texture: tuple[float, ...]
    doubt: float
    light: Light | None = None
    pores: float | None = None
    histogram: tuple[float, ...] = ()


def slices_to_look_at(n_slices: int) -> tuple[int, ...]:
    """Return which slices of a stack are looked at: the middle one, and some around it."""
    others = (int((2 * i + 1) * n_slices / (2 * N_SLICES)) for i in range(N_SLICES))
    return tuple(sorted({n_slices // 2, *others}))[:n_slices]


def slices_with_sample(stack: Stack) -> tuple[int, ...]:
    """Return which slices of a stack are looked at, as `slices_to_look_at`, blank ones left out.

    Raises:
        StackError: A slice is damaged.
    """
    chosen = slices_to_look_at(stack.n_slices)
    if not any(_is_blank(stack, z) for z in chosen):
        return chosen
    shown = [z for z in range(stack.n_slices) if not _is_blank(stack, z)]
    return tuple(shown[i] for i in slices_to_look_at(len(shown))) if shown else chosen


def _is_blank(stack: Stack, z: int) -> bool:
    return bool(outside_mask(stack.read_slice(z)).all())


def look_at(
    grey: np.ndarray,
    labels: np.ndarray,
    confidence: np.ndarray,
    classes: Sequence[SegmentationClass],
    zoom: float = 1.0,
    sample: np.ndarray | None = None,
) -> Look:
    """Measure a segmented slice inside its rock.

    Args:
        grey: (Y, X) float32 on the model's scale, [0, 1].
        labels: (Y, X) uint8.
        confidence: (Y, X) float32 in [0, 1].
        classes: Of the labels.
        zoom: By how much the model saw the slice enlarged.
        sample: (Y, X) bool, where the sample lies; told from the labels where None.
    """
    rock = sample_mask(labels, classes) if sample is None else sample
    if not rock.any():
        rock = np.ones(labels.shape, bool)
    doubt = float(1 - confidence[rock].mean())
    light = find_light(grey, labels, classes, rock)
    histogram = tuple(shares_of(grey.ravel(), (0.0, 1.0)).tolist())
    pores = expected_iou(pore_mask(labels, classes)[rock], confidence[rock])
    if zoom != 1:
        grey = rescaled(grey, zoom)
        rock = nearest_pixels(rock, grey.shape)
    return Look(_texture(grey, rock), doubt, light, pores, histogram)


def expected_iou(is_pore: np.ndarray, confidence: np.ndarray) -> float | None:
    """Return the IoU that a calibrated model expects of its pores, at least.

    Args:
        is_pore: (N,) bool, pixels that it labels as pores.
        confidence: (N,) probability of each pixel's label.

    Returns:
        Expected intersection / expected union, in [0, 1]: what a pixel of solid lacks to certainty
        counts as a missed pore, though it may be another solid. None without pores.
    """
    n_pores = np.count_nonzero(is_pore)
    if not n_pores:
        return None
    missed = float(np.sum(1 - confidence[~is_pore]))
    return float(confidence[is_pore].sum() / (n_pores + missed))


def _texture(grey: np.ndarray, within: np.ndarray) -> tuple[float, ...]:
    """Return how strong each band between two scales is: root mean squares in grey values."""
    strengths, finer = [], grey
    for scale in SCALES:
        coarser = gaussian_filter(grey, scale, mode="nearest", truncate=3.0)
        strengths.append(255 * float(np.sqrt(np.mean((finer - coarser)[within] ** 2))))
        finer = coarser
    return tuple(strengths)
