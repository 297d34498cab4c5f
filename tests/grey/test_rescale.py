import json
import shutil
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandseg.cli.main import main
from sandseg.export.tiff import write_image
from sandseg.grey.mapping import GreyMapping
from sandseg.grey.rescale import nearest_pixels, rescaled, voxel_ratio, voxel_text
from sandseg.model.engine import load_engine
from sandseg.model.store import load_model, write_card
from sandseg.predict.slices import Predictor
from sandseg.scan.labels.read import read_labels

ZOOMS = st.floats(0.2, 5)
SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 40))


@given(SHAPES, ZOOMS)
def test_labels_come_back_on_their_own_pixels_and_none_is_made_up(shape, zoom):
    labels = np.random.default_rng(0).choice(np.array([0, 3], np.uint8), shape)
    seen = tuple(max(1, round(length * zoom)) for length in shape)

    back = nearest_pixels(nearest_pixels(labels, seen), shape)

    assert (back.shape, back.dtype) == (shape, np.uint8)
    assert set(np.unique(back)) <= {0, 3}
    if zoom >= 2:
        np.testing.assert_array_equal(back, labels)


@given(SHAPES, ZOOMS)
def test_an_even_slice_stays_even(shape, zoom):
    found = rescaled(np.full(shape, 0.4, np.float32), zoom)

    assert found.dtype == np.float32
    assert found.shape == tuple(max(1, round(length * zoom)) for length in shape)
    np.testing.assert_allclose(found, 0.4, atol=1e-5)


def test_what_is_too_fine_for_larger_voxels_is_smoothed_away(rng):
    checks = np.indices((40, 40)).sum(axis=0).astype(np.float32) % 2

    np.testing.assert_allclose(rescaled(checks, 0.25)[2:-2, 2:-2], 0.5, atol=0.05)


@pytest.mark.parametrize("zoom", [0.5, 1.7, 3.0])
def test_a_slice_seen_enlarged_gets_labels_where_it_is(grey_model_folder, zoom):
    model = load_model("grey", grey_model_folder)
    image = np.kron([[0, 255], [75, 128]], np.ones((24, 30))).astype(np.uint8)

    network, stride = load_engine(model), model.unet.stride
    predictor = Predictor(network, stride, model.classes, GreyMapping(0, 255), zoom)

    found = predictor.predict(image)

    assert found.labels.shape == found.confidence.shape == image.shape
    middles = found.labels[12::24, 15::30]
    np.testing.assert_array_equal(middles, [[0, 3], [1, 2]])


def test_voxels_are_compared_with_the_usual_ones_as_the_model_sees_them():
    assert voxel_ratio(6.0, 2.0) == 3
    assert voxel_ratio(6.0, 2.0, zoom=3.0) is None
    assert voxel_ratio(2.5, 2.0) is None
    assert voxel_ratio(None, 2.0) is None
    assert "4 times smaller" in voxel_text(0.25)


@pytest.fixture
def segment(tmp_path, monkeypatch, capsys, grey_noise, grey_model_folder):
    """Runs the segment command on slices of 4.4 µm; the model learned from voxels of 2.2 µm."""
    shutil.copytree(grey_model_folder, tmp_path / "models")
    card = load_model("grey", tmp_path / "models").card | {"usual": {"voxel_size_um": 2.2}}
    write_card(tmp_path / "models" / "grey", card, ("model.xml", "model.bin"))
    monkeypatch.setenv("SANDSEG_MODELS", str(tmp_path / "models"))
    coarse = np.kron(grey_noise(2, 10, 12), np.ones((1, 6, 6))).astype(np.uint8)
    write_image(tmp_path / "scan.tif", coarse, 4.4)

    def segment(*options):
        words = ["segment", tmp_path / "scan.tif", "-o", tmp_path / "labels.tif"]
        words += ["--model", "grey", "--grey", "identity", "--report", tmp_path / "report.json"]
        monkeypatch.setattr(sys, "argv", ["sandseg", *map(str, words), *options])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code, capsys.readouterr().err
        report = json.loads((tmp_path / "report.json").read_text())
        return read_labels(tmp_path / "labels.tif"), report

    return segment


def test_the_command_line_offers_to_rescale_and_does(segment):
    as_is, report = segment()
    (warning,) = [text for text in report["warnings"] if "--rescale" in text]
    assert "2 times larger" in warning
    assert report["rescaled_by"] == 1

    labels, report = segment("--rescale")

    assert report["rescaled_by"] == 2
    assert not [text for text in report["warnings"] if "--rescale" in text]
    assert labels.shape == as_is.shape
    assert (labels[:, 3::6, 3::6] == as_is[:, 3::6, 3::6]).all()
