"""Which planes of a TIFF make up a stack (Z, Y, X)."""

import re
from dataclasses import dataclass, replace
from math import prod

import numpy as np
from tifffile import PHOTOMETRIC, TiffFile, TiffPage, TiffPageSeries

from sandseg.errors import FILE, StackError
from sandseg.scan.choices import Choice, Choices, Selection, choose_planes, numbered, pick
from sandseg.scan.damage import EXPORT_AGAIN
from sandseg.scan.limits import StackLimits, check_count
from sandseg.scan.tiff.check import check_declared, page_bytes
from sandseg.scan.tiff.pages import PageKind, check_pages, check_same_kind, choose_kind, series_note

_MAX_OME_PLANES = 1_000_000
_DESCRIBED = ("imagej", "ome", "stk", "lsm", "shaped")
_COLORS = ("red", "green", "blue", "alpha")


@dataclass(frozen=True)
class Layout:
    """Where the slices of an open TIFF are.

    `planes` has for each slice the number of its plane, counted through all `pages` with
    `planes_per_page` each. Without `pages` the planes follow each other after the first page's.
    `is_planar` says that the planes of a page are the channels of one slice, `sample` which channel
    of a pixel was asked for. `choices` say what else the file holds.
    """

    first: TiffPage
    axes: str
    planes: np.ndarray  # (Z,) int64
    planes_per_page: int
    pages: tuple[int, ...] | None
    is_planar: bool
    notes: tuple[str, ...] = ()
    choices: Choices = Choices()
    sample: int | None = None


def find_layout(tif: TiffFile, n_pages: int, limits: StackLimits, selection: Selection) -> Layout:
    """Find the slices and check every page they lie on.

    Raises:
        StackError: The pages differ in size or kind, one of them fails `check_page`, or what was
            selected is not in the file.
    """
    kinds, notes = check_pages(tif, n_pages, limits)
    layout = _described_layout(tif, kinds, selection)
    layout = layout or _plain_layout(tif, kinds, selection)
    n_slices = len(layout.planes)
    check_count(n_slices, limits)
    n_pages = -(-n_slices // layout.planes_per_page)
    check_declared(n_pages * page_bytes(layout.first), tif.filehandle.size, limits)
    layout = _with_samples(layout, selection)
    for kind in ("series", "channel", "time"):
        names = getattr(layout.choices, kind).names
        pick(kind, getattr(selection, kind), names)
    return replace(layout, notes=(*notes, *layout.notes))


def _with_samples(layout: Layout, selection: Selection) -> Layout:
    """Offer the channels of each pixel, unless channels are planes of their own."""
    first = layout.first
    is_sampled = layout.is_planar or first.shaped[-1] > 1
    if not is_sampled or layout.choices.channel.names:
        return layout
    is_colored = first.photometric in (PHOTOMETRIC.RGB, PHOTOMETRIC.YCBCR)
    n_samples = first.samplesperpixel
    names = numbered("channel", n_samples)
    if is_colored and n_samples <= len(_COLORS):
        names = _COLORS[:n_samples]
    wanted = selection.channel
    chosen = pick("channel", wanted, names)
    choices = replace(layout.choices, channel=Choice(names, chosen))
    return replace(layout, choices=choices, sample=None if wanted is None else chosen)


def _plain_layout(tif: TiffFile, kinds: dict[int, PageKind], selection: Selection) -> Layout:
    """One page after the other, for files that say nothing about their axes."""
    pages, series, notes = choose_kind(kinds, selection)
    first = tif.pages.get(pages[0])
    depth = first.imagedepth
    axes = ("Z" if len(pages) > 1 or depth > 1 else "") + "YX"
    return Layout(
        first,
        axes + ("S" if first.samplesperpixel > 1 else ""),
        np.arange(len(pages) * depth),
        depth,
        tuple(pages),
        is_planar=first.shaped[0] > 1,
        notes=tuple(notes),
        choices=Choices(series=series),
    )


def _described_layout(
    tif: TiffFile, kinds: dict[int, PageKind], selection: Selection
) -> Layout | None:
    """Use the axes that ImageJ, OME, MetaMorph, Zeiss LSM or tifffile wrote into the file."""
    if not (tif.is_imagej or tif.is_ome or tif.is_stk or tif.is_lsm or tif.is_shaped):
        return None
    _check_imagej_count(tif, tif.pages.get(next(iter(kinds))), list(kinds))
    _check_ome_count(tif)
    kind = tif.series[0].kind
    if kind not in _DESCRIBED:
        return None
    if kind == "shaped" and sum(not s.keyframe.is_reduced for s in tif.series) > 1:
        return None  # slices written one by one, each described as an image of its own
    known = [series for series in tif.series if series.kind == kind]
    names = tuple(_series_name(series, number) for number, series in enumerate(known, start=1))
    chosen = pick("series", selection.series, names)
    if len(known) == 1:
        check_same_kind(kinds, list(kinds))
    layout = _series_layout(tif, known[chosen], selection)
    check_same_kind(kinds, list(layout.pages or ()))
    notes = series_note(chosen, len(known)) if len(known) > 1 else ()
    choices = replace(layout.choices, series=Choice(names, chosen))
    return replace(layout, notes=(*layout.notes, *notes), choices=choices)


def _series_name(series: TiffPageSeries, number: int) -> str:
    shape = " × ".join(str(length) for length in series.get_shape(True))
    return f"{series.name or f'image {number}'} ({series.get_axes(True)} {shape})"


def _series_layout(tif: TiffFile, series: TiffPageSeries, selection: Selection) -> Layout:
    first = series.keyframe
    axes, shape = series.get_axes(False), series.get_shape(False)
    planar_slices = first.shaped[0] > 1 and ("S" not in axes or _is_guessed_rgb(tif, first))
    leading = [
        ("Q" if axis == "S" else axis, length)
        for axis, length in zip(axes, shape, strict=True)
        if axis not in "YX" and (axis != "S" or (planar_slices and length > 1))
    ]
    per_page = first.imagedepth * (first.shaped[0] if planar_slices else 1)
    numbers = _page_numbers(tif, series, leading, per_page)
    order = "T" if series.kind == "ome" else "TC"
    planes, notes, choices = choose_planes(leading, order, selection)
    if planar_slices:
        notes.append(
            f"{first.shaped[0]} planes marked as color channels read as {first.shaped[0]} slices."
        )
    is_planar = first.shaped[0] > 1 and not planar_slices
    shown = "".join(axis for axis, n in zip(axes, shape, strict=True) if n > 1 or axis in "YX")
    choices = Choices(**choices)
    return Layout(first, shown, planes, per_page, numbers, is_planar, tuple(notes), choices)


def _is_guessed_rgb(tif: TiffFile, first: TiffPage) -> bool:
    """Whether tifffile may have taken three or four slices for the colors of one.

    It does so for any (3, Y, X) or (4, Y, X) array written without a color mode, and describes
    it as {"shape": [3, Y, X]}.
    """
    description = first.description
    return tif.is_shaped and '"axes"' not in description and description.count(",") == 2


def _check_imagej_count(tif: TiffFile, first: TiffPage, pages: list[int]) -> None:
    """ImageJ stores large stacks as one page followed by the bare pixels of all slices."""
    if not tif.is_imagej or len(pages) > 1 or not first.is_final:
        return
    n_images = int((tif.imagej_metadata or {}).get("images", 1))
    end = first.dataoffsets[0] + n_images * page_bytes(first)
    if n_images > 1 and end > tif.filehandle.size:
        raise StackError(
            f'"{FILE}" is cut off: it should hold {n_images:,} slices up to byte {end:,}, '
            f"but the file ends after {tif.filehandle.size:,} bytes.",
            hint="Copy or export the file again; the end is missing.",
        )


def _check_ome_count(tif: TiffFile) -> None:
    """tifffile makes a list of as many planes as the OME description claims."""
    for pixels in re.findall(r"<(?:\w+:)?Pixels\b[^>]*>", (tif.is_ome and tif.ome_metadata) or ""):
        n_planes = prod(int(n) for n in re.findall(r'\bSize[ZCT]="(\d+)"', pixels))
        if n_planes > _MAX_OME_PLANES:
            raise StackError(
                f'"{FILE}" describes {n_planes:,} slices, so it is damaged or malicious.',
                hint=EXPORT_AGAIN,
            )


def _page_numbers(
    tif: TiffFile, series: TiffPageSeries, leading: list[tuple[str, int]], per_page: int
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
            f'"{FILE}" describes {n_planes} slices, but not all of them are in the file.',
            hint="Export the whole stack again, as one file.",
        )
    return tuple(page.index for page in pages)
