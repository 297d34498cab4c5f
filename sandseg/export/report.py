"""What a segmentation found, as plain numbers ready for JSON."""

import json

import numpy as np

from sandseg.grey.mapping import GreyMapping
from sandseg.model.store import StoredModel
from sandseg.scan.stack import Stack


def segmentation_report(
    stack: Stack, model: StoredModel, mapping: GreyMapping, counts: np.ndarray, seconds: float
) -> dict:
    """Describe a segmentation.

    Args:
        stack: What was segmented.
        model: What it was segmented with.
        mapping: How its grey values reached the model's scale.
        counts: (Z, C) pixels of each class in each slice.
        seconds: Time the prediction and the writing took.

    Returns:
        Plain numbers, texts, lists and dicts.
    """
    names = [material.name for material in model.classes]
    fractions = counts.sum(axis=0) / counts.sum()
    is_pore = np.array([material.is_pore for material in model.classes])
    n_pixels = int(np.prod(stack.shape))
    return {
        "source": stack.name,
        "shape": list(stack.shape),
        "dtype": str(stack.dtype),
        "voxel_size_um": stack.voxel_size_um,
        "model": model.name,
        "model_sha256": model.sha256,
        "grey": {"low": mapping.low, "high": mapping.high, "kind": mapping.kind},
        "seconds": round(seconds, 3),
        "megapixels_per_second": round(n_pixels / 1e6 / max(seconds, 1e-9), 3),
        "phase_fractions": dict(zip(names, fractions.round(6).tolist(), strict=True)),
        "porosity": round(float(fractions[is_pore].sum()), 6),
        "slices": [
            dict(zip(names, row.round(6).tolist(), strict=True))
            for row in counts / counts.sum(axis=1, keepdims=True)
        ],
        "notes": list(stack.notes),
        "warnings": list(mapping.warnings),
    }


def to_json(report: dict) -> str:
    """Return a report as indented JSON text."""
    return json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
