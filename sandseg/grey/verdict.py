"""How unlike the data a model learned from a scan is: grey values, texture, light, model's doubt.

No single sign is enough: nearly any histogram can be bent to fit, and a network may be sure of
what it never saw. So several signs are taken: one that is far off, or two that are doubtful, are
enough for distrust.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from sandseg.grey.appearance import Look
from sandseg.grey.histograms import Line, histogram_distances
from sandseg.grey.mapping import FITS, FOREIGN, GreyMapping
from sandseg.grey.rescale import (
    LARGEST_ZOOM,
    STRANGE_VOXEL_RATIO,
    voxel_ratio,
    voxel_text,
)
from sandseg.model.usual import Usual

FIT, DOUBTFUL, STRANGE = "fits", "doubtful", "do not trust"  # levels of a verdict


# Where doubt and distrust begin, from the table benchmarks/domain.py prints. Texture: the spread of
# how many times stronger or weaker its bands are, in powers of two. Real slices and cuts of them
# reach 0.13, the built-in rock 0.11; half and twice the voxel size 0.24 and 0.6, a blur that costs
# 0.1 of mean IoU 0.35, another scanner 0.85.
TEXTURE_LIMITS = (0.15, 0.8)
# How many times as unsure inside the rock as on the model's own validation slices: real slices
# reach 1.3, the built-in rock 0.9, clipped ends 1.8. A network may be sure of nonsense, so little
# doubt proves nothing.
DOUBT_LIMITS = (1.4, 4.0)
# By how much more than usual the grey values of the commonest solid drift: real slices reach
# 0.03; a drift or a bowl of 15 % has 0.13 to 0.19 and costs 0.15 to 0.24 of mean IoU, of which
# `even_light.even_out` brings back all but 0.01 to 0.03.
DRIFT_LIMITS = (0.06, 0.25)
GREY_LIMITS = (FITS, FOREIGN)
# By how much lower than usual the IoU is that the model expects of its pores.
PORES_LIMITS = (0.06, 0.3)
# How far from where the model has it the commonest solid is on its scale, or a quarter of how far
# air is, whose mode moves with the size of pores: in real slices up to 0.025.
LANDMARK_LIMITS = (0.03, 0.06)
# How wide the commonest solid spreads, of the way from air to it: of real and made-up rocks 0.03 to
# 0.16, of pictures of other things up to 0.25.
SPREAD_LIMITS = (0.17, 0.35)
NOISELESS = 0.013  # a narrower one is a drawing's, no scan's


@dataclass(frozen=True)
class Signs:
    """How far a stack is from what a model learned from; None where that cannot be told."""

    grey: float  # distance of the histograms, in [0, 1.2]
    texture: float | None = None  # powers of two
    doubt: float | None = None  # times the usual
    drift: float | None = None  # of the grey value, beyond the usual
    change_z: float | None = None  # of the grey value, from slice to slice
    pores: float | None = None  # IoU expected of pores, below the usual
    landmarks: float | None = None  # of air and the commonest solid, on the model's scale
    spread: float | None = None  # of the commonest solid, of the way from air to it


@dataclass(frozen=True)
class Verdict:
    """Whether labels can be trusted: a level, why, and what may help.

    `inverse` is the mapping that fits where the scan seems to be inverted, `voxel_ratio` how many
    times as large as the model's voxels those of the scan are, where that is too many.
    """

    level: str
    reasons: tuple[str, ...]
    signs: Signs
    inverse: Line | None = None
    voxel_ratio: float | None = None

    @property
    def is_uneven(self) -> bool:
        """Whether the brightness drifts more than usual, across slices or along z."""
        signs = self.signs.drift, self.signs.change_z
        return any(_level(sign, DRIFT_LIMITS) > 0 for sign in signs)

    @property
    def sentence(self) -> str:
        """The verdict in plain words."""
        if self.level == FIT:
            return "This scan looks like what the model learned from."
        why = _listed(self.reasons)
        if self.level == DOUBTFUL:
            return (
                f"This scan differs from what the model learned from: {why}. Check the labels "
                "by eye before using them."
            )
        return (
            f"This scan does not look like what the model learned from: {why}. "
            "Do not trust the labels."
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user at the command line must know before trusting the labels."""
        found = [] if self.level == FIT else [self.sentence]
        if self.inverse:
            low, high = self.inverse
            found.append(f"To invert the grey values, add --grey={low:.9g},{high:.9g}.")
        if self.is_uneven:
            found.append("To even out the brightness, add --even.")
        if self.voxel_ratio:
            can = self.voxel_ratio <= LARGEST_ZOOM
            what = (
                "To rescale the slices, add --rescale."
                if can
                else f"That is more than the {LARGEST_ZOOM:g} times a slice can be enlarged."
            )
            found.append(f"{voxel_text(self.voxel_ratio)} {what}")
        return tuple(found)


def judge(
    mapping: GreyMapping,
    looks: Sequence[Look],
    usual: Usual,
    voxel_size_um: float | None = None,
    zoom: float = 1.0,
) -> Verdict:
    """Say whether a model can be trusted with a stack.

    Args:
        mapping: How grey values reach the model's scale, with its distance.
        looks: Of some slices.
        usual: For the model.
        voxel_size_um: Of the stack.
        zoom: By how much the model sees its slices enlarged.
    """
    signs = Signs(
        _grey_distance(mapping, looks, usual),
        _texture_distance(looks, usual),
        _times_doubt(looks, usual),
        _drift_beyond(looks, usual),
        mapping.unsteady.change if mapping.unsteady and not mapping.is_steadied else None,
        _pores_below(looks, usual),
        _landmarks_off(mapping, usual),
        mapping.landmarks.relative_spread if mapping.landmarks else None,
    )
    inverse = None if usual.histogram else mapping.inverse
    levels = {
        _grey_reason(inverse): 2 if inverse else _level(signs.grey, GREY_LIMITS),
        _texture_reason(looks, usual): _level(signs.texture, TEXTURE_LIMITS),
        _drift_reason(signs, usual): _level(signs.drift, DRIFT_LIMITS),
        _change_reason(mapping): _level(signs.change_z, DRIFT_LIMITS),
        _doubt_reason(signs): _level(signs.doubt, DOUBT_LIMITS),
        _pores_reason(signs, usual): _level(signs.pores, PORES_LIMITS),
        "its pores or its commonest solid are brighter or darker": _level(
            signs.landmarks, LANDMARK_LIMITS
        ),
    }
    if mapping.kind == "landmarks" and not usual.histogram:
        is_certain = mapping.landmarks.is_certain
        levels["its grey values have no peak for air"] = int(not is_certain)
        levels["its grains differ from one another nearly as much as from air"] = _level(
            signs.spread, SPREAD_LIMITS
        )
        levels["it has no noise, as no scan has"] = int(signs.spread < NOISELESS)
    ratio = voxel_ratio(voxel_size_um, usual.voxel_size_um, zoom)
    if ratio:
        levels[_voxel_reason(ratio)] = 1 + (max(ratio, 1 / ratio) >= STRANGE_VOXEL_RATIO)
    worst = min(sum(levels.values()), 2)  # two doubts are as good as distrust
    reasons = tuple(reason for reason, level in levels.items() if level)
    level = (FIT, DOUBTFUL, STRANGE)[worst]
    return Verdict(level, reasons, signs, inverse, ratio)


def verdict_facts(verdict: Verdict) -> dict:
    """Return a verdict as plain numbers and texts for a report."""
    signs = {
        f"{name}_distance": None if value is None else round(value, 4)
        for name, value in asdict(verdict.signs).items()
    }
    return {
        "domain": {"verdict": verdict.level, "reasons": list(verdict.reasons), **signs},
        "warnings": list(verdict.warnings),
    }


def _grey_distance(mapping: GreyMapping, looks: Sequence[Look], usual: Usual) -> float:
    """Return how far the greys are from the usual ones, as the model sees both."""
    if not (looks and usual.histogram):
        return mapping.distance
    seen = np.mean([look.histogram for look in looks], axis=0)
    return float(histogram_distances(seen[None], np.array(usual.histogram))[0])


def _band_ratios(looks: Sequence[Look], usual: Usual) -> np.ndarray:
    """Return (B,) how many times as strong as usual each band is, in powers of two."""
    found = np.mean([look.texture for look in looks], axis=0)
    return np.log2(np.maximum(found, 0.05) / usual.texture)


def _texture_distance(looks: Sequence[Look], usual: Usual) -> float | None:
    if not looks or not usual.texture:
        return None
    return float(_band_ratios(looks, usual).std())


def _times_doubt(looks: Sequence[Look], usual: Usual) -> float | None:
    if not looks or usual.doubt is None:
        return None
    return float(np.mean([look.doubt for look in looks]) / usual.doubt)


def _drift_beyond(looks: Sequence[Look], usual: Usual) -> float | None:
    drifts = [look.light.drift for look in looks if look.light]
    if not drifts or usual.drift is None:
        return None
    return max(float(np.mean(drifts)) - usual.drift, 0.0)


def _pores_below(looks: Sequence[Look], usual: Usual) -> float | None:
    """Return how much lower than usual the expected IoU of the pores is; no pores are no find."""
    if not looks or usual.pores is None:
        return None
    found = [0.0 if look.pores is None else look.pores for look in looks]
    return max(usual.pores - float(np.mean(found)), 0.0)


def _landmarks_off(mapping: GreyMapping, usual: Usual) -> float | None:
    """Return how far the landmarks of a scan are from the usual ones; None where they are none."""
    found = mapping.landmarks
    if mapping.kind == "landmarks" or not (usual.landmarks and found and found.is_certain):
        return None
    greys = np.array([found.pore, found.grain])
    mapped = (greys - mapping.low) / (mapping.high - mapping.low)
    return float((np.abs(mapped - usual.landmarks) / (4, 1)).max())


def _level(sign: float | None, limits: tuple[float, float]) -> int:
    return 0 if sign is None else sum(sign > limit for limit in limits)


def _grey_reason(inverse: Line | None) -> str:
    if inverse:
        return "its dense parts are dark, as if its grey values were inverted"
    return "its grey values are spread differently"


def _texture_reason(looks: Sequence[Look], usual: Usual) -> str:
    if not looks or not usual.texture:
        return "its texture differs"
    ratios = _band_ratios(looks, usual)
    if ratios[0] - ratios[-1] > TEXTURE_LIMITS[0]:
        return "its texture is finer or noisier"
    if ratios[-1] - ratios[0] > TEXTURE_LIMITS[0]:
        return "its texture is coarser or blurred"
    return "its texture is stronger" if ratios.mean() > 0 else "its texture is weaker"


def _drift_reason(signs: Signs, usual: Usual) -> str:
    share = (signs.drift or 0) + (usual.drift or 0)
    return (
        f"its brightness drifts by {100 * share:.0f} % across a slice, as beam hardening makes it"
    )


def _voxel_reason(ratio: float) -> str:
    size, times = ("coarser", ratio) if ratio > 1 else ("finer", 1 / ratio)
    return f"its voxels are {times:.3g} times {size}"


def _change_reason(mapping: GreyMapping) -> str:
    return mapping.unsteady.sentence if mapping.unsteady else "its brightness changes along z"


def _pores_reason(signs: Signs, usual: Usual) -> str:
    expected = (usual.pores or 0) - (signs.pores or 0)
    if expected <= 0:
        return "the model finds no pores in it"
    return f"the model itself expects an IoU of only about {expected:.2f} of its pores"


def _doubt_reason(signs: Signs) -> str:
    return f"the model is {signs.doubt or 0:.2g} times as unsure as usual"


def _listed(parts: Sequence[str]) -> str:
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last
