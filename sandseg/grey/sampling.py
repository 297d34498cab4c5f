"""Grey values that stand for a whole stack; what is outside the sample is left out."""

import numpy as np

from sandseg.errors import StackError
from sandseg.measure.outside import missing_mask, outside_mask
from sandseg.scan.stack import Stack

N_SAMPLED_SLICES = 24  # evenly spread over a stack; enough for a histogram
N_SAMPLED_PIXELS = 200_000  # of each sampled slice
FEWEST = 3  # slices that show something; with fewer, the others are looked through, too


def sample_slices(stack: Stack) -> dict[int, np.ndarray]:
    """Return grey values of evenly spread slices that show some of the sample.

    Where hardly any of these do, all slices are looked through.

    Returns:
        By slice, counted from 0 and rising: (N,) of the stack's own type. Empty where no slice
        shows more than one value.
    """
    found = {}
    spread = _spread(stack.n_slices, N_SAMPLED_SLICES)
    for z in spread:
        found |= _sample_of(stack, z)
    if len(found) < FEWEST:
        for z in sorted(set(range(stack.n_slices)) - set(spread)):
            if len(found) >= N_SAMPLED_SLICES:
                break
            found |= _sample_of(stack, z)
    return dict(sorted(found.items()))


def all_values(stack: Stack, samples: dict[int, np.ndarray]) -> np.ndarray:
    """Join the values of `sample_slices`: (N,), bool as uint8.

    Where no slice shows any of the sample, its values are those painted.

    Raises:
        StackError: Not one pixel of the sample is a finite number.
    """
    parts = list(samples.values())
    if not parts:
        slices = map(stack.read_slice, _spread(stack.n_slices, N_SAMPLED_SLICES))
        parts = [_thinned(image[~missing_mask(image)]) for image in slices]
    values = np.concatenate(parts)
    if values.dtype.kind == "b":
        values = values.view(np.uint8)
    if not values.size:
        raise StackError(
            "No pixel of this stack holds a number.",
            hint="Export it again; every pixel is marked as missing (NaN).",
        )
    return values


def sample_values(stack: Stack) -> np.ndarray:
    """Return grey values from evenly spread slices: (N,) of the stack's own type, bool as uint8.

    Raises:
        StackError: Not one pixel of the sample is a finite number.
    """
    return all_values(stack, sample_slices(stack))


def _spread(n_slices: int, n: int) -> list[int]:
    positions = np.linspace(0, n_slices - 1, min(n, n_slices)).round().astype(int)
    return np.unique(positions).tolist()


def inside_values(stack: Stack, z: int) -> np.ndarray:
    """Return grey values of the sample in slice z, counted from 0: (N,), none where it is blank."""
    image = stack.read_slice(z)
    outside = outside_mask(image)
    return _thinned(image[~outside] if outside.any() else image.ravel())


def _sample_of(stack: Stack, z: int) -> dict[int, np.ndarray]:
    values = inside_values(stack, z)
    return {z: values} if values.size else {}


def _thinned(values: np.ndarray) -> np.ndarray:
    # A copy: a view would keep the whole slice in memory.
    return values[:: max(1, values.size // N_SAMPLED_PIXELS)].copy()
