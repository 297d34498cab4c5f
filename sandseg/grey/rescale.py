"""Slices in other voxels: enlarged or reduced for a network, and its labels brought back."""

import numpy as np

from sandseg.errors import ConfigError
from sandseg.model.store import StoredModel
from sandseg.model.usual import usual_for
from sandseg.scan.stack import Stack

LARGEST_VOXEL_RATIO = 1.5  # up to it grains look as large as other grains
STRANGE_VOXEL_RATIO = 3.0  # from it on hardly anything looks like what the model learned from
LARGEST_ZOOM = 4.0  # enlarged further, a slice is nothing but blur, and takes the machine's memory
SMALLEST_SIDE = 16  # pixels that must be left of a slice that is reduced


def rescaled(image: np.ndarray, zoom: float) -> np.ndarray:
    """Enlarge or reduce (Y, X) float32 grey values; those to be reduced are smoothed first."""
    from skimage.transform import resize  # slow to load

    shape = [max(1, round(length * zoom)) for length in image.shape]
    sigma = (1 / zoom - 1) / 2  # by the zoom itself: all scans smooth alike, whatever their size
    sigmas = [sigma if new < old else 0.0 for new, old in zip(shape, image.shape, strict=True)]
    return resize(
        image,
        shape,
        order=1,
        mode="edge",
        clip=False,
        anti_aliasing=zoom < 1,
        anti_aliasing_sigma=sigmas,
    )


def nearest_pixels(image: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Bring (Y, X) labels, or anything that must not be mixed, onto another grid of pixels."""
    pairs = zip(shape, image.shape, strict=True)
    return image[np.ix_(*(_under_middles(length, other) for length, other in pairs))]


def voxel_ratio(
    voxel_size_um: float | None, usual_um: float | None, zoom: float = 1.0
) -> float | None:
    """Return how many times as large voxels are as the usual ones, where that is too many."""
    if not voxel_size_um or not usual_um:
        return None
    ratio = voxel_size_um / usual_um / zoom
    return ratio if max(ratio, 1 / ratio) > LARGEST_VOXEL_RATIO else None


def voxel_text(ratio: float) -> str:
    """Say how the voxels of a scan compare with those a model learned from."""
    size, times = ("larger", ratio) if ratio > 1 else ("smaller", 1 / ratio)
    return (
        f"The voxels of this scan are {times:.3g} times {size} than those the model learned from."
    )


def _under_middles(length: int, other: int) -> np.ndarray:
    """Return for each of `length` pixels in a row which of `other` lies under its middle."""
    return ((np.arange(length) + 0.5) * other / length).astype(int)


def zoom_for(stack: Stack, model: StoredModel) -> float:
    """Return by how much slices must be enlarged to have the voxels a model learned from.

    Raises:
        ConfigError: One of the two voxel sizes is not known.
    """
    usual_um = usual_for(model).voxel_size_um
    if not usual_um:
        raise ConfigError(
            f'The model "{model.name}" does not say how large the voxels it learned from are.',
            hint="Do without rescaling, or choose another model.",
        )
    if not stack.voxel_size_um:
        raise ConfigError(
            f'"{stack.name}" does not say how large its voxels are.',
            hint="Give their edge in µm, as in --voxel-size 2.23.",
        )
    zoom = stack.voxel_size_um / usual_um
    if zoom > LARGEST_ZOOM:
        raise ConfigError(
            f'The voxels of "{stack.name}", {stack.voxel_size_um:.4g} µm, are {zoom:.3g} times as '
            f"large as those the model learned from. A slice is enlarged {LARGEST_ZOOM:g} times at "
            "most: what is finer than a voxel cannot be brought back.",
            hint="Check the voxel size (--voxel-size, or how the file was read), or do without "
            "rescaling.",
        )
    if zoom * min(stack.shape[1:]) < min(SMALLEST_SIDE, *stack.shape[1:]):
        raise ConfigError(
            f'Of a slice of "{stack.name}" hardly a pixel would be left if its voxels of '
            f"{stack.voxel_size_um:.4g} µm were made as large as those the model learned from.",
            hint="Check the voxel size (--voxel-size, or how the file was read), or do without "
            "rescaling.",
        )
    return zoom
