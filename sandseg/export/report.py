"""What a segmentation found, as plain numbers ready for JSON."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from sandseg.config import VERSION, Treatment
from sandseg.grey.mapping import GreyMapping
from sandseg.grey.verdict import Verdict, verdict_facts
from sandseg.measure.composition import Composition
from sandseg.measure.connectivity import Connectivity
from sandseg.model.store import StoredModel
from sandseg.scan.stack import Stack

_DIGITS = 6  # of shares: a millionth


def segmentation_report(
    stack: Stack, model: StoredModel, mapping: GreyMapping, found: Composition, zoom: float = 1.0
) -> dict:
    """Describe a segmentation.

    Args:
        stack: What was segmented.
        model: What it was segmented with.
        mapping: How its grey values reached the model's scale.
        found: What its Z slices are made of.
        zoom: By how much the model saw them enlarged.

    Returns:
        Plain numbers, texts, lists and dicts; None where a share is not defined. Fractions and
        porosity are those of the sample, `picture_fractions` alone count the air around it.
    """
    return {
        "source": stack.name,
        "shape": list(stack.shape),
        "dtype": str(stack.dtype),
        "voxel_size_um": stack.voxel_size_um,
        "spacing_zyx_um": list(stack.spacing_um) if stack.spacing_um else None,
        "model": model.name,
        "model_sha256": model.sha256,
        "grey": {"low": mapping.low, "high": mapping.high, "kind": mapping.kind},
        "rescaled_by": round(zoom, 6),
        "drift_evened_out": round(mapping.light.drift, 4) if mapping.light else 0,
        "sandseg_version": VERSION,
        "created": now(),
        **composition_facts(found),
        "slices": [
            {"slice": stack.slice_name(z)} | composition_facts(part)
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


def treatment_facts(how: Treatment) -> dict:
    """Return what was asked for beyond what a report says by itself: `sample`, `averaged`."""
    return {"sample": how.sample, "averaged": how.is_averaged}


def speed_facts(stack: Stack, seconds: float) -> dict:
    """Return how long the prediction and the writing of a stack took."""
    megapixels = int(np.prod(stack.shape)) / 1e6
    return {
        "seconds": round(seconds, 3),
        "megapixels_per_second": round(megapixels / max(seconds, 1e-9), 3),
    }


def stack_facts(interval: tuple[float, float], pores: Connectivity) -> dict:
    """Return what only a whole stack tells of its pores.

    Args:
        interval: 95 % interval of the porosity for sampling, see `sampling.porosity_interval`.
        pores: How they hang together. The box is given in voxels, counted from 1, both ends
            included.
    """
    box = pores.box and [[first + 1, last] for first, last in pores.box]
    return {
        "porosity_interval_95": [_plain(end) for end in interval],
        "open_porosity": _plain(pores.open_porosity),
        "closed_porosity": _plain(pores.closed_porosity),
        "connected_porosity": _by_name("zyx", np.array(pores.through)),
        "connected_box": dict(zip("zyx", box, strict=True)) if box else None,
        "connected_note": pores.reason,
    }


def pore_warning(found: Composition) -> str:
    """Say why there is no porosity, "" where there is one."""
    if not any(material.is_pore for material in found.classes):
        return "No class is marked as pore, so there is no porosity."
    if np.isnan(found.porosity):
        return "No sample was found: no slice holds solid, so there are no fractions of it."
    return ""


def trust_facts(verdict: Verdict, found: Composition, unseen: dict) -> dict:
    """Return whether a segmentation can be trusted, and all that must be known before it is."""
    facts = verdict_facts(verdict)
    warnings = [*facts["warnings"], *filter(None, [pore_warning(found)]), *unseen["warnings"]]
    return facts | unseen | {"warnings": warnings}


def unseen_facts(n_unseen: int, n_pixels: int) -> dict:
    """Return how much was painted over or missing, and what to know of it."""
    share = n_unseen / n_pixels
    warning = (
        f"{100 * share:.3g} % of the pixels are painted over or missing outside the field of view. "
        "Their labels mean nothing and have a confidence of 0; fractions, porosity and scores "
        "leave them out."
    )
    return {"unseen_fraction": round(share, 6), "warnings": [warning] if n_unseen else []}


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
