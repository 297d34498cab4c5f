import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sandseg.classes import SANDSTONE, SegmentationClass
from sandseg.config import UNetConfig
from sandseg.export.report import segmentation_report, speed_facts, stack_facts, to_json
from sandseg.grey.mapping import FOREIGN, GreyMapping
from sandseg.measure.composition import Composition
from sandseg.measure.connectivity import Connectivity
from sandseg.model.store import StoredModel
from sandseg.scan.stack import Stack

COUNTS = hnp.arrays(
    np.int64,
    st.tuples(st.integers(1, 6), st.just(4)),
    elements=st.integers(0, 10**6),
).map(lambda counts: counts + np.eye(4, dtype=np.int64)[0])  # no slice is without pixels


def model_of(classes):
    return StoredModel(
        name="sandstone-compact",
        folder=None,
        title="",
        classes=classes,
        unet=UNetConfig(),
        histogram=np.full(256, 1 / 256),
        card={"files": {"model.bin": "0" * 64}},
    )


def report_of(counts, classes=SANDSTONE, mapping=None, seconds=2.0, voxel_size_um=None):
    stack = Stack.from_array(np.zeros((len(counts), 100, 50), np.uint16), "scan", voxel_size_um)
    stack = replace(stack, notes=("guessed the axes",))
    mapping = mapping or GreyMapping(0.0, 65535.0)
    found = Composition(tuple(classes), counts, counts + around(counts))
    return segmentation_report(stack, model_of(classes), mapping, found) | speed_facts(
        stack, seconds
    )


def around(counts):
    """As much air around each slice's sample as it has pixels."""
    return np.outer(counts.sum(axis=1), np.eye(4, dtype=np.int64)[0])


@settings(max_examples=40)
@given(COUNTS)
def test_fractions_sum_to_1_for_the_stack_and_each_slice(counts):
    report = report_of(counts)

    for found in (report, *report["slices"]):
        for fractions in (found["phase_fractions"], found["picture_fractions"]):
            assert list(fractions) == ["air", "clay", "quartz", "pyrite"]
            assert sum(fractions.values()) == pytest.approx(1, abs=1e-5)
        assert found["sample_fraction"] == pytest.approx(0.5)
    assert [row["slice"] for row in report["slices"]] == list(range(1, len(counts) + 1))


@settings(max_examples=40)
@given(COUNTS, st.lists(st.booleans(), min_size=4, max_size=4))
def test_porosity_is_the_share_of_the_pore_classes(counts, is_pore):
    classes = tuple(
        SegmentationClass(value, f"class {value}", "#000000", is_pore=pore)
        for value, pore in enumerate(is_pore)
    )

    report = report_of(counts, classes)

    if any(is_pore):
        share = counts[:, is_pore].sum() / counts.sum()
        assert report["porosity"] == pytest.approx(share, abs=1e-6)
    else:
        assert report["porosity"] is None
        assert "No class is marked as pore, so there is no porosity." in report["warnings"]


def test_the_values_are_those_counted_by_hand():
    report = report_of(np.array([[10, 20, 60, 10], [30, 0, 70, 0]]), voxel_size_um=2.5)

    assert report["phase_fractions"] == {"air": 0.2, "clay": 0.1, "quartz": 0.65, "pyrite": 0.05}
    assert report["slices"][1] == {
        "slice": 2,
        "phase_fractions": {"air": 0.3, "clay": 0.0, "quartz": 0.7, "pyrite": 0.0},
        "porosity": 0.3,
        "sample_fraction": 0.5,
        "picture_fractions": {"air": 0.65, "clay": 0.0, "quartz": 0.35, "pyrite": 0.0},
    }
    assert report["porosity"] == 0.2
    assert (report["seconds"], report["megapixels_per_second"]) == (2.0, 0.005)
    assert (report["source"], report["shape"], report["dtype"]) == ("scan", [2, 100, 50], "uint16")
    assert (report["voxel_size_um"], report["notes"]) == (2.5, ["guessed the axes"])
    assert report["model"] == "sandstone-compact"
    assert len(report["model_sha256"]) == 64


@pytest.mark.parametrize("seconds", [0.0, 1e-12, 3e5])
def test_a_report_survives_the_way_to_json_and_back(seconds):
    mapping = GreyMapping(9000.0, 19200.0, "matched", FOREIGN + 0.1)

    report = report_of(np.array([[1, 2, 3, 4]]), mapping=mapping, seconds=seconds)

    assert json.loads(to_json(report)) == report
    assert report["grey"] == {"low": 9000.0, "high": 19200.0, "kind": "matched"}
    assert report["warnings"] == list(mapping.warnings)
    assert report["warnings"]
    assert math.isfinite(report["megapixels_per_second"])


def test_json_keeps_letters_as_they_are_and_holds_no_nan():
    assert '"5 µm"' in to_json({"voxel": "5 µm"})
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"iou": float("nan")})


def test_the_pores_of_a_stack_are_told_by_axis_and_the_box_counts_from_one():
    pores = Connectivity((0.5, 0.25, math.nan), 0.125, 0.0, ((0, 4), (10, 20), (3, 33)))

    facts = stack_facts((0.1, math.nan), pores)

    assert facts == {
        "porosity_interval_95": [0.1, None],
        "open_porosity": 0.125,
        "closed_porosity": 0.0,
        "connected_porosity": {"z": 0.5, "y": 0.25, "x": None},
        "connected_box": {"z": [1, 4], "y": [11, 20], "x": [4, 33]},
        "connected_note": "",
    }


def test_what_is_not_known_of_the_pores_is_null_with_a_word_why():
    facts = stack_facts((0.1, 0.2), Connectivity(reason="there is one slice only"))

    assert facts["connected_porosity"] == {"z": None, "y": None, "x": None}
    assert facts["open_porosity"] is facts["closed_porosity"] is facts["connected_box"] is None
    assert facts["connected_note"] == "there is one slice only"


def test_slices_are_called_as_on_screen():
    stack = replace(
        Stack.from_array(np.zeros((2, 8, 8), np.uint8), "rock"), numbers=("0050", "0300")
    )
    counts = np.ones((2, 4), np.int64)
    found = Composition(SANDSTONE, counts, counts)

    report = segmentation_report(stack, model_of(SANDSTONE), GreyMapping(0, 255), found)

    assert [row["slice"] for row in report["slices"]] == ["0050", "0300"]
