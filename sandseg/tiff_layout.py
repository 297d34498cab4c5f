"""Which planes of a TIFF make up a stack (Z, Y, X)."""

import re
from collections import Counter
from dataclasses import dataclass, replace
from math import prod

import numpy as np
from tifffile import TiffFile, TiffPage

from sandseg.errors import StackError
from sandseg.tiff_check import (
    EXPORT_AGAIN,
    StackLimits,
    check_declared,
    check_page,
    page_bytes,
)

_MAX_OME_PLANES = 1_000_000
_REDUCED_OR_MASK = 0b101  # bits of NewSubfileType


@dataclass(frozen=True)
class Layout:
    """Where the slices of an open TIFF are.

    `planes` has for each slice the number of its plane, counted through all `pages` with
    `planes_per_page` each. Without `pages` the planes follow each other after the first page's.
    `is_planar` says that the three or four planes of a page are the colors of one slice.
    """

    first: TiffPage
    axes: str
    planes: np.ndarray  # (Z,) int64
    planes_per_page: int
    pages: tuple[int, ...] | None
    is_planar: bool
    notes: tuple[str, ...] = ()


def find_layout(tif: TiffFile, n_pages: int, name: str, limits: StackLimits) -> Layout:
    """Find the slices and check every page they lie on.

    Raises:
        StackError: The pages differ in size or kind, or one of them fails `check_page`.
    """
    check_declared(_sane_page_bytes(tif, name, limits), tif.filehandle.size, name, limits)
    pages, notes = _main_pages(tif, n_pages, name, limits)
    first = tif.pages.get(pages[0])
    described = _described_layout(tif, first, pages, name)
    layout = described or _plain_layout(first, pages)
    n_slices = len(layout.planes)
    if n_slices > limits.max_slices:
        raise StackError(
            f'"{name}" has {n_slices:,} slices; at most {limits.max_slices:,} can be opened.',
            hint="Split the stack into files of fewer slices.",
        )
    n_pages = -(-n_slices // layout.planes_per_page)
    check_declared(n_pages * page_bytes(first), tif.filehandle.size, name, limits)
    return replace(layout, notes=(*notes, *layout.notes))


def _sane_page_bytes(tif: TiffFile, name: str, limits: StackLimits) -> int:
    check_page(tif.pages.first, 0, name, limits)
    return page_bytes(tif.pages.first)


def _main_pages(
    tif: TiffFile, n_pages: int, name: str, limits: StackLimits
) -> tuple[list[int], list[str]]:
    """Return the numbers of the full-resolution pages after checking each."""
    kinds, offsets, notes = {}, {}, []
    declared = 0
    for index in range(n_pages):
        page = tif.pages.get(index)
        if page.subfiletype & _REDUCED_OR_MASK and n_pages > 1:
            continue
        check_page(page, index, name, limits)
        declared += page_bytes(page)
        check_declared(declared, tif.filehandle.size, name, limits)
        twin = offsets.setdefault(page.dataoffsets[0], index)
        if twin != index:
            raise StackError(
                f'Pages {twin + 1} and {index + 1} of "{name}" share the same pixels, '
                "so it is damaged or malicious.",
                hint=EXPORT_AGAIN,
            )
        kinds[index] = _page_kind(page)
    if not kinds:
        raise StackError(
            f'"{name}" holds only previews and masks, no image of full size.', hint=EXPORT_AGAIN
        )
    main = _without_overviews(kinds)
    _check_same_kind([kinds[index] for index in main], name)
    if len(main) < n_pages:
        n_left_out = n_pages - len(main)
        notes.append(
            f"{n_left_out} smaller preview image{'s' * (n_left_out > 1)} in the file left out."
        )
    return main, notes


def _page_kind(page: TiffPage) -> tuple:
    """Return (height, width) and what else all slices must share."""
    size = (page.imagelength, page.imagewidth)
    return size, page.dtype, page.bitspersample, page.shaped, page.photometric


def _without_overviews(kinds: dict[int, tuple]) -> list[int]:
    """Return the pages of the largest size if the others are its unmarked, halved copies."""
    counts = Counter(size for size, *_ in kinds.values())
    full = max(counts)
    if len(counts) > 1 and all(
        n == counts[full] and _is_halved(size, full) for size, n in counts.items()
    ):
        return [index for index, (size, *_) in kinds.items() if size == full]
    return list(kinds)


def _is_halved(size: tuple[int, int], full: tuple[int, int]) -> bool:
    ratio = 2 ** round(np.log2(full[0] / size[0]))
    return all(abs(whole / ratio - part) <= 1 for part, whole in zip(size, full, strict=True))


def _check_same_kind(kinds: list[tuple], name: str) -> None:
    for number, kind in enumerate(kinds, start=1):
        if kind[0] != kinds[0][0]:
            (height, width), (other_height, other_width) = kinds[0][0], kind[0]
            raise StackError(
                f'The slices of "{name}" differ in size: slice 1 is {height} × {width} pixels, '
                f"slice {number} is {other_height} × {other_width}.",
                hint="Crop or pad all slices to one size, or open them one by one.",
            )
        if kind != kinds[0]:
            raise StackError(
                f'The slices of "{name}" differ in kind: slice 1 is {_kind_text(kinds[0])}, '
                f"slice {number} is {_kind_text(kind)}.",
                hint="Save all slices with the same bit depth and color mode.",
            )


def _kind_text(kind: tuple) -> str:
    _, dtype, bits, shaped, photometric = kind
    n_samples = shaped[0] * shaped[-1]
    return f"{bits}-bit {dtype} {getattr(photometric, 'name', photometric)} × {n_samples}"


def _plain_layout(first: TiffPage, pages: list[int]) -> Layout:
    """One page after the other, for files that say nothing about their axes."""
    n_samples, depth = first.shaped[0], first.imagedepth
    axes = ("Z" if len(pages) > 1 or depth > 1 else "") + "YX"
    return Layout(
        first,
        axes + ("S" if first.samplesperpixel > 1 else ""),
        np.arange(len(pages) * depth),
        depth,
        tuple(pages),
        is_planar=n_samples > 1,
    )


def _described_layout(tif: TiffFile, first: TiffPage, pages: list[int], name: str) -> Layout | None:
    """Use the axes that ImageJ, OME, MetaMorph, Zeiss LSM or tifffile wrote into the file."""
    if not (tif.is_imagej or tif.is_ome or tif.is_stk or tif.is_lsm or tif.is_shaped):
        return None
    _check_imagej_count(tif, first, pages, name)
    _check_ome_count(tif, name)
    series = tif.series[0]
    if series.kind not in ("imagej", "ome", "stk", "lsm", "shaped"):
        return None
    if series.kind == "shaped" and sum(not s.keyframe.is_reduced for s in tif.series) > 1:
        return None  # slices written one by one, each described as an image of its own
    axes, shape = series.get_axes(False), series.get_shape(False)
    planar_slices = first.shaped[0] > 1 and ("S" not in axes or _is_guessed_rgb(tif, first))
    leading = [
        ("Q" if axis == "S" else axis, length)
        for axis, length in zip(axes, shape, strict=True)
        if axis not in "YX" and (axis != "S" or (planar_slices and length > 1))
    ]
    per_page = first.imagedepth * (first.shaped[0] if planar_slices else 1)
    numbers = _page_numbers(tif, series, leading, per_page, name)
    planes, notes = _choose_planes(leading, order="TC" if series.kind != "ome" else "T")
    if planar_slices:
        notes.append(
            f"{first.shaped[0]} planes marked as color channels read as {first.shaped[0]} slices."
        )
    if len(tif.series) > 1 and series.kind == "ome":
        notes.append(f"The first of {len(tif.series)} images in the file is shown.")
    is_planar = first.shaped[0] > 1 and not planar_slices
    shown = "".join(axis for axis, n in zip(axes, shape, strict=True) if n > 1 or axis in "YX")
    return Layout(first, shown, planes, per_page, numbers, is_planar, tuple(notes))


def _is_guessed_rgb(tif: TiffFile, first: TiffPage) -> bool:
    """Whether tifffile may have taken three or four slices for the colors of one.

    It does so for any (3, Y, X) or (4, Y, X) array written without a color mode, and describes
    it as {"shape": [3, Y, X]}.
    """
    description = first.description
    return tif.is_shaped and '"axes"' not in description and description.count(",") == 2


def _check_imagej_count(tif: TiffFile, first: TiffPage, pages: list[int], name: str) -> None:
    """ImageJ stores large stacks as one page followed by the bare pixels of all slices."""
    if not tif.is_imagej or len(pages) > 1 or not first.is_final:
        return
    n_images = int((tif.imagej_metadata or {}).get("images", 1))
    end = first.dataoffsets[0] + n_images * page_bytes(first)
    if n_images > 1 and end > tif.filehandle.size:
        raise StackError(
            f'"{name}" is cut off: it should hold {n_images:,} slices up to byte {end:,}, '
            f"but the file ends after {tif.filehandle.size:,} bytes.",
            hint="Copy or export the file again; the end is missing.",
        )


def _check_ome_count(tif: TiffFile, name: str) -> None:
    """tifffile makes a list of as many planes as the OME description claims."""
    for pixels in re.findall(r"<(?:\w+:)?Pixels\b[^>]*>", (tif.is_ome and tif.ome_metadata) or ""):
        n_planes = prod(int(n) for n in re.findall(r'\bSize[ZCT]="(\d+)"', pixels))
        if n_planes > _MAX_OME_PLANES:
            raise StackError(
                f'"{name}" describes {n_planes:,} slices, so it is damaged or malicious.',
                hint=EXPORT_AGAIN,
            )


def _page_numbers(
    tif: TiffFile, series: object, leading: list[tuple[str, int]], per_page: int, name: str
) -> tuple[int, ...] | None:
    """Return the page numbers of a series; None if its planes simply follow the first."""
    n_planes = prod(length for _, length in leading)
    n_needed, rest = divmod(n_planes, per_page)
    first = series.keyframe
    end = first.dataoffsets[0] + n_needed * page_bytes(first)
    if series.dataoffset is not None and not rest and end <= tif.filehandle.size:
        return None
    pages = list(series) if not rest and n_needed <= len(tif.pages) else []
    if len(pages) != n_needed or any(page is None for page in pages):
        raise StackError(
            f'"{name}" describes {n_planes} slices, but not all of them are in the file.',
            hint="Export the whole stack again, as one file.",
        )
    return tuple(page.index for page in pages)


def _choose_planes(leading: list[tuple[str, int]], order: str) -> tuple[np.ndarray, list[str]]:
    """Return the numbers of the planes that are slices, and what was left out.

    Depth is the Z axis; where there is none, the axes without a name; else the first of `order`
    (many programs write a plain stack as time points or as the channels of an ImageJ file).
    """
    long_axes = [axis for axis, length in leading if length > 1]
    unnamed = "".join(axis for axis in long_axes if axis not in "ZTC")
    stand_in = next((axis for axis in order if axis in long_axes), "")
    stacked = "Z" if "Z" in long_axes else unnamed or stand_in
    notes, key = [], []
    for axis, length in leading:
        what = {"T": "time points", "C": "channels"}.get(axis, f'images along axis "{axis}"')
        is_kept = axis in stacked or length == 1
        key.append(slice(None) if is_kept else 0)
        if not is_kept:
            notes.append(f"The first of {length} {what} is shown.")
        elif length > 1 and axis in "TC":
            notes.append(f"The {length} {what} are read as slices.")
    shape = [length for _, length in leading]
    return np.arange(prod(shape)).reshape(shape)[tuple(key)].ravel(), notes
