"""The pages of a TIFF that are images of full size, sorted by kind."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from tifffile import TiffFile, TiffPage

from sandseg.errors import FILE, StackError
from sandseg.scan.choices import AmbiguousStackError, Choice, Choices, Selection, pick
from sandseg.scan.damage import EXPORT_AGAIN
from sandseg.scan.limits import StackLimits
from sandseg.scan.tiff.check import check_declared, check_page, page_bytes

_REDUCED_OR_MASK = 0b101  # bits of NewSubfileType
_N_NAMED = 100  # more images of different kind are no choice but damage


@dataclass(frozen=True)
class PageKind:
    """What all slices of a stack must share."""

    size: tuple[int, int]  # height and width
    dtype: np.dtype
    bits: int
    shaped: tuple[int, ...]
    photometric: int

    def __str__(self) -> str:
        n_samples = self.shaped[0] * self.shaped[-1]
        mode = getattr(self.photometric, "name", self.photometric)
        return f"{self.bits}-bit {self.dtype} {mode} × {n_samples}"


def check_pages(
    tif: TiffFile, n_pages: int, limits: StackLimits
) -> tuple[dict[int, PageKind], list[str]]:
    """Check every page of full size and return its kind by its number, and what was left out.

    Raises:
        StackError: A page fails `check_page`, two share their pixels, or there is none.
    """
    check_page(tif.pages.first, 0, limits)
    kinds, offsets = {}, {}
    declared = 0
    for index in range(n_pages):
        page = tif.pages.get(index)
        if page.subfiletype & _REDUCED_OR_MASK and n_pages > 1:
            continue
        check_page(page, index, limits)
        declared += page_bytes(page)
        check_declared(declared, tif.filehandle.size, limits)
        twin = offsets.setdefault(page.dataoffsets[0], index)
        if twin != index:
            raise StackError(
                f'Pages {twin + 1} and {index + 1} of "{FILE}" share the same pixels, '
                "so it is damaged or malicious.",
                hint=EXPORT_AGAIN,
            )
        kinds[index] = _page_kind(page)
    if not kinds:
        raise StackError(
            f'"{FILE}" holds only previews and masks, no image of full size.', hint=EXPORT_AGAIN
        )
    main = _without_overviews(kinds)
    n_left_out = n_pages - len(main)
    plural = "s" * (n_left_out > 1)
    note = f"{n_left_out} smaller preview image{plural} in the file left out."
    return {index: kinds[index] for index in main}, [note] if n_left_out else []


def _page_kind(page: TiffPage) -> PageKind:
    size = (page.imagelength, page.imagewidth)
    return PageKind(size, page.dtype, page.bitspersample, page.shaped, page.photometric)


def _without_overviews(kinds: dict[int, PageKind]) -> list[int]:
    """Return the pages of the largest size if the others are its unmarked, halved copies."""
    counts = Counter(kind.size for kind in kinds.values())
    full = max(counts)
    if len(counts) > 1 and all(
        n == counts[full] and _is_halved(size, full) for size, n in counts.items()
    ):
        return [index for index, kind in kinds.items() if kind.size == full]
    return list(kinds)


def _is_halved(size: tuple[int, int], full: tuple[int, int]) -> bool:
    ratio = 2 ** round(np.log2(full[0] / size[0]))
    return all(abs(whole / ratio - part) <= 1 for part, whole in zip(size, full, strict=True))


def choose_kind(
    kinds: dict[int, PageKind], selection: Selection
) -> tuple[list[int], Choice, list[str]]:
    """Choose the pages that are slices of one stack, all of one kind.

    Pages of one size but each of its own kind are the same picture saved in several ways: the
    first is taken. Otherwise one odd slice among many is more likely an error than a choice.

    Returns:
        The numbers of the pages, the choice there is, and what was guessed.

    Raises:
        AmbiguousStackError: The pages differ, and none of their kinds was chosen.
        StackError: The chosen one is not there.
    """
    groups: dict[PageKind, list[int]] = {}
    for index, kind in kinds.items():
        groups.setdefault(kind, []).append(index)
    names = tuple(_group_name(kind, len(pages)) for kind, pages in groups.items())[:_N_NAMED]
    if selection.series is None and len(groups) > 1:
        is_one_picture = len(groups) == len(kinds) and len({kind.size for kind in groups}) == 1
        if not is_one_picture:
            raise _odd_one(list(kinds.values()), names)
    chosen = pick("series", selection.series, names)
    notes = series_note(chosen, len(groups)) if len(groups) > 1 else []
    return list(groups.values())[chosen], Choice(names, chosen), notes


def series_note(chosen: int, n_series: int) -> list[str]:
    """Say which of several images is shown."""
    which = f"Number {chosen + 1}" if chosen else "The first"
    return [f"{which} of {n_series} images in the file is shown."]


def _group_name(kind: PageKind, n_slices: int) -> str:
    height, width = kind.size
    return f"{n_slices} slice{'s' * (n_slices > 1)} of {height} × {width} px, {kind.bits} bit"


def _odd_one(kinds: list[PageKind], names: tuple[str, ...]) -> AmbiguousStackError:
    first = kinds[0]
    choices = Choices(series=Choice(names, None))
    either = f"Or choose one of its {len(names)} images (series)." if names else ""
    for number, odd in enumerate(kinds, start=1):
        if odd.size != first.size:
            return AmbiguousStackError(
                f'The slices of "{FILE}" differ in size: slice 1 is {first.size[0]} × '
                f"{first.size[1]} pixels, slice {number} is {odd.size[0]} × {odd.size[1]}.",
                f"Crop or pad all slices to one size. {either}",
                choices,
            )
    number, odd = next((n, kind) for n, kind in enumerate(kinds, start=1) if kind != first)
    return AmbiguousStackError(
        f'The slices of "{FILE}" differ in kind: slice 1 is {first}, slice {number} is {odd}.',
        f"Save all slices with the same bit depth and color mode. {either}",
        choices,
    )


def check_same_kind(kinds: dict[int, PageKind], pages: list[int]) -> None:
    """Check that the pages one image claims are of one kind.

    Raises:
        AmbiguousStackError: They are not.
    """
    found = [kinds[index] for index in pages if index in kinds]
    if len(set(found)) > 1:
        raise _odd_one(found, ())
