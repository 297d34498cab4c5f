"""Zarr folders as stacks: a plain array, or the full resolution of an OME-Zarr image."""

from pathlib import Path

import numpy as np

from sandseg.errors import FILE, StackError
from sandseg.scan.arrays import check_array
from sandseg.scan.choices import ANY, Choices, Selection, choose_planes
from sandseg.scan.damage import reading
from sandseg.scan.limits import StackLimits, check_size
from sandseg.scan.stack import Stack

_FILES = (".zarray", ".zgroup", "zarr.json")
_MICRONS = {"nanometer": 1e-3, "micrometer": 1.0, "millimeter": 1e3, "centimeter": 1e4}


def is_zarr(folder: Path) -> bool:
    """Whether a folder is a Zarr array or group."""
    return any((folder / name).is_file() for name in _FILES)


def open_zarr(folder: Path, limits: StackLimits, selection: Selection = ANY) -> Stack:
    """Open a Zarr array, or the full resolution of an OME-Zarr image, slice by slice.

    Raises:
        StackError: It holds no array of slices, is damaged, or lacks what was selected.
    """
    with reading():
        array, image = _full_resolution(folder)
        voxel_size_um = _voxel_size(image)
        leading = list(zip(_axes(image, array.ndim), array.shape, strict=True))[:-2]
    check_array(array.shape[-3:], array.dtype)
    planes, notes, choices = choose_planes(leading, "T", selection)
    lengths = [length for _, length in leading]
    shape = (len(planes), *array.shape[-2:])
    check_size(shape, array.dtype.itemsize, limits)
    dtype = array.dtype.newbyteorder("=")

    def read(z: int) -> np.ndarray:
        with reading():
            pixels = np.asarray(array[np.unravel_index(planes[z], lengths) if lengths else ...])
        return pixels.astype(dtype, copy=False)

    axes = "".join(axis for axis, _ in leading) + "YX"
    return Stack(
        FILE,
        shape,
        dtype,
        read,
        voxel_size_um,
        axes=axes,
        notes=tuple(notes),
        choices=Choices(**choices),
    )


def _full_resolution(folder: Path):  # noqa: ANN202 - zarr.Array, which is loaded here alone
    """Return the array of full size, and what OME says of the image it belongs to."""
    import zarr  # loaded for these folders alone

    found = zarr.open(str(folder), mode="r")
    if isinstance(found, zarr.Array):
        return found, {}
    image = _image(found)
    levels = image.get("datasets") or [{"path": "0"}]
    array = found.get(levels[0]["path"])
    if not isinstance(array, zarr.Array):
        raise StackError(
            f'"{FILE}" is a Zarr folder without an image.',
            hint="Name the folder of an array, or of an OME-Zarr image, inside it.",
        )
    return array, image


def _axes(image: dict, n_axes: int) -> str:
    """Return a letter for each axis: OME's names, or the order it prescribes."""
    names = "".join(str(axis["name"]).upper()[:1] for axis in image.get("axes", []))
    return names if len(names) == n_axes else "?" * (n_axes - 5) + "TCZYX"[-n_axes:]


def _image(group) -> dict:  # noqa: ANN001 - zarr.Group, which is not loaded here
    """Return what OME says of the first image of a group, nothing where it is silent."""
    attributes = dict(group.attrs)
    images = attributes.get("ome", attributes).get("multiscales", [])
    return images[0] if images else {}


def _voxel_size(image: dict) -> float | None:
    """Return the edge of a pixel in µm, None where it is not told."""
    for change in (image.get("datasets") or [{}])[0].get("coordinateTransformations", []):
        if change.get("type") == "scale":
            edge = float(change["scale"][-1])
            factor = _MICRONS.get(image["axes"][-1].get("unit"))
            return edge * factor if factor and edge > 0 else None
    return None
