"""What a segmentation found, as plain numbers ready for JSON."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from sandseg.config import VERSION
from sandseg.grey.mapping import GreyMapping
from sandseg.measure.composition import Composition
from sandseg.model.store import StoredModel
from sandseg.scan.stack import Stack

_DIGITS = 6  # of shares: a millionth


def segmentation_report(
    stack: Stack,
    model: StoredModel,
    mapping: GreyMapping,
    found: Composition,
    seconds: float,
    interval: tuple[float, float] = (np.nan, np.nan),
) -> dict:
    """Describe a segmentation.

    Args:
        stack: What was segmented.
        model: What it was segmented with.
        mapping: How its grey values reached the model's scale.
        found: What its Z slices are made of.
        seconds: Time the prediction and the writing took.
        interval: 95 % interval of the porosity for sampling, see `sampling.porosity_interval`.

    Returns:
        Plain numbers, texts, lists and dicts; None where a share is not defined. Fractions and
        porosity are those of the sample, `picture_fractions` alone count the air around it.
    """
    n_pixels = int(np.prod(stack.shape))
    return {
        "source": stack.name,
        "shape": list(stack.shape),
        "dtype": str(stack.dtype),
        "voxel_size_um": stack.voxel_size_um,
        "spacing_zyx_um": list(stack.spacing_um) if stack.spacing_um else None,
        "model": model.name,
        "model_sha256": model.sha256,
        "grey": {"low": mapping.low, "high": mapping.high, "kind": mapping.kind},
        "sandseg_version": VERSION,
        "created": now(),
        "seconds": round(seconds, 3),
        "megapixels_per_second": round(n_pixels / 1e6 / max(seconds, 1e-9), 3),
        **composition_facts(found),
        "porosity_interval_95": [_plain(end) for end in interval],
        "slices": [
            {"slice": stack.first_slice + z + 1} | composition_facts(part)
            for z, part in enumerate(found.slices())
        ],
        "notes": list(stack.notes),
        "warnings": [*stack.warnings, *mapping.warnings, *filter(None, [pore_warning(found)])],
    }


def composition_facts(found: Composition) -> dict:
    """Return the shares of a composition by the names that all files call them."""
    names = [material.name for material in found.classes]
    return {
        "phase_fractions": _by_name(names, found.phase_fractions),
        "porosity": _plain(found.porosity),
        "sample_fraction": _plain(found.sample_fraction),
        "picture_fractions": _by_name(names, found.picture_fractions),
    }


def pore_warning(found: Composition) -> str:
    """Say why there is no porosity, "" where there is one."""
    if not any(material.is_pore for material in found.classes):
        return "No class is marked as pore, so there is no porosity."
    if np.isnan(found.porosity):
        return "No sample was found: no slice holds solid, so there are no fractions of it."
    return ""


def now() -> str:
    """Return the time as it stands in all files: ISO 8601, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def to_json(report: dict) -> str:
    """Return a report as indented JSON text."""
    return json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _by_name(names: Sequence[str], shares: np.ndarray) -> dict[str, float | None]:
    return dict(zip(names, map(_plain, shares), strict=True))


def _plain(share: float) -> float | None:
    return None if np.isnan(share) else round(float(share), _DIGITS)
