"""What is kept of slices: all that was chosen for a scan holds in each picture of it."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from pages.cache import greys, methods, slices
from pages.cache.errors import error_thumbnail
from pages.cache.models import list_models
from pages.cache.task import Task
from sandseg.classes import IGNORED
from sandseg.config import Treatment
from sandseg.data.samples import open_sample
from sandseg.export.tiff import write_image, write_labels
from sandseg.model.store import DEFAULT_MODEL
from sandseg.predict.methods import MULTI_OTSU

Z, TRUTH = 5, "phantom"
BY_HAND = Treatment("60,190")
PICTURES = {
    "grey values": lambda task: slices.grey_picture(task, Z),
    "exact grey values": lambda task: slices.exact_grey(task, Z),
    "side view": lambda task: greys.side_picture(task, "", "XZ", 40, ()),
    "contact sheet": lambda task: greys.contact_sheet(task),
    "counts": lambda task: greys.slice_counts(task, Z, TRUTH).tobytes(),
    "survey": lambda task: greys.survey(task, TRUTH).counts.tobytes(),
    "curve": lambda task: greys.grey_shares(task).tobytes(),
    "errors": lambda task: error_thumbnail(task, Z, TRUTH),
    "labels": lambda task: slices.prediction_of(task, Z).labels.tobytes(),
}


@pytest.fixture
def task(models_dir, monkeypatch):
    monkeypatch.setenv("SANDSEG_MODELS", str(models_dir))
    model = list_models()[0]
    return Task("phantom", model.name, model.sha256)


@pytest.mark.slow
@pytest.mark.parametrize("name", PICTURES)
def test_a_mapping_made_by_hand_holds_in_every_picture(task, name):
    by_hand = replace(task, treatment=BY_HAND)

    assert PICTURES[name](by_hand) != PICTURES[name](task)


def test_the_same_grey_values_are_segmented_once_whoever_brought_them(task, tmp_path):
    image = open_sample("phantom").read_slice(Z)[:64, :64]
    found = []
    for name in ("mine.tif", "yours.tif"):
        write_image(tmp_path / name, [image])
        found.append(slices.prediction_of(replace(task, source=str(tmp_path / name)), 0))

    assert found[0] is found[1]


def test_what_is_kept_cannot_be_changed(task):
    found = slices.prediction_of(task, Z)

    with pytest.raises(ValueError, match="read-only"):
        found.labels[0, 0] = 3
    with pytest.raises(ValueError, match="read-only"):
        slices.slice_phases(task, Z).sample[0] = 0


def test_another_voxel_size_is_another_zoom_and_another_answer(models_dir, task, monkeypatch):
    monkeypatch.setattr(slices, "zoom_for", lambda stack, _model: stack.voxel_size_um / 2)
    rescaled = replace(task, treatment=Treatment(is_rescaled=True))

    zooms = [slices.zoom_of(replace(rescaled, voxel_size_um=size)) for size in (2.0, 3.0)]

    assert zooms == [1.0, 1.5]
    assert slices.zoom_of(task) == 1.0


@pytest.fixture
def painted(task, tmp_path):
    """A task over a slice whose surround, left of column 40, is painted 255."""
    image = open_sample("phantom").read_slice(Z)[60:188, 60:188].copy()
    image[:, :40] = 255
    write_image(tmp_path / "painted.tif", [image])
    return replace(task, source=str(tmp_path / "painted.tif"))


def shown_labels(png):
    return np.asarray(Image.open(io.BytesIO(png)))


def test_what_is_painted_over_has_no_label_and_no_error_in_any_picture(painted, tmp_path):
    wrong = np.full((1, 128, 128), 3, np.uint8)
    write_labels(tmp_path / "wrong.tif", wrong)
    truth = str(tmp_path / "wrong.tif")

    labels = shown_labels(slices.label_picture(painted, 0))
    errors = shown_labels(slices.error_picture(painted, 0, truth))[..., 3]

    assert (labels[:, :39] == IGNORED).all()
    assert not errors[:, :39].any()
    assert (labels[:, 60:] != IGNORED).all()
    assert errors[:, 60:].any()


@pytest.mark.parametrize("name", [MULTI_OTSU, DEFAULT_MODEL])
def test_no_method_labels_or_is_scored_on_what_is_painted_over(painted, tmp_path, name):
    write_labels(tmp_path / "wrong.tif", np.full((1, 128, 128), 3, np.uint8))
    method = next(m for m in methods.list_methods() if m.name == name)
    trial = methods.make_trial(painted, 0, method)

    labels = methods.run_of(trial).labels
    rating = methods.rating_of(trial, str(tmp_path / "wrong.tif"))

    assert (labels[:, :39] == IGNORED).all()
    assert rating.errors.matrix.sum() == (labels != IGNORED).sum()
