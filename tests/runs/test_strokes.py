import numpy as np
import pytest
import tifffile

from sandseg.classes import IGNORED
from sandseg.config import preset
from sandseg.errors import SandsegError, TeachError
from sandseg.export.tiff import write_image
from sandseg.runs.settings import DataSource, RunSettings
from sandseg.runs.sources import read_data
from sandseg.runs.strokes import StrokeFiles, read_stroke_slices
from tests.lessons import TINY, made_up_stack, models, strokes_on  # noqa: F401 - a fixture


@pytest.fixture
def files(tmp_path):
    grey, labels = made_up_stack()
    strokes = strokes_on(labels, (0, 2))
    write_image(tmp_path / "rock.tif", grey, 2.0)
    tifffile.imwrite(tmp_path / "strokes.tif", strokes, photometric="minisblack")
    return tmp_path / "rock.tif", tmp_path / "strokes.tif", strokes


def test_what_is_not_painted_is_ignored_and_whole_strokes_are_held_back(files):
    images, path, strokes = files

    slices, validate, test = read_stroke_slices(StrokeFiles(images, path), 3)

    assert len(slices.names) == 6
    assert len(validate) == len(test) == 2
    assert len({*slices.names, *validate, *test}) == 6
    labels = dict(zip(slices.names, slices.labels, strict=True))
    for z in (0, 2):
        parts = [part for name, part in labels.items() if f"[{z + 1}]" in name]
        known = np.stack([part != IGNORED for part in parts])
        assert (known.sum(axis=0) == (strokes[z] > 0)).all()
        joined = np.stack([np.where(part == IGNORED, 0, part + 1) for part in parts]).sum(axis=0)
        assert (joined == strokes[z]).all()
    assert all(image.dtype == np.float32 and image.min() >= 0 for image in slices.images)


def test_a_training_begins_on_the_scale_of_the_network_it_begins_with(files, models):  # noqa: F811
    images, path, _ = files

    alone, *_ = read_stroke_slices(StrokeFiles(images, path), 3)
    begun, *_ = read_stroke_slices(StrokeFiles(images, path), 3, TINY)

    assert alone.mapping.kind == "identity"
    assert (begun.mapping.low, begun.mapping.high) != (alone.mapping.low, alone.mapping.high)


def test_a_run_is_split_into_what_is_painted_and_what_is_held_back(files, tmp_path):
    images, path, _ = files
    config = preset("tiny")
    unet = type(config.unet)(config.unet.filters, 3)
    settings = RunSettings(
        DataSource("strokes", images=str(images), labels=str(path)),
        type(config)(**{**vars(config), "unet": unet, "patch_size": 96}),
    )

    slices, data = read_data(settings, tmp_path)

    assert [len(data.split[part]) for part in ("train", "validation", "test")] == [2, 2, 2]
    assert all(name.endswith("painted") for name in data.split["train"])
    assert len(data.validation) == 2
    batch, labels = data.patches.batch(0, 0)
    assert batch.shape[1:3] == labels.shape[1:] == (96, 96)
    assert (labels != IGNORED).any()


def test_too_few_strokes_are_refused(files, tmp_path):
    images, path, strokes = files
    few = np.where(strokes == 3, 0, strokes)
    tifffile.imwrite(path, few.astype(np.uint8), photometric="minisblack")

    with pytest.raises(TeachError, match="Class 3 has 0 strokes"):
        read_stroke_slices(StrokeFiles(images, path), 3)
    with pytest.raises(SandsegError):
        read_stroke_slices(StrokeFiles(images, tmp_path / "absent.tif"), 3)


def accepted_files(files, tmp_path, z=0):
    """The same with one slice accepted: its true labels, but for a corner nobody labelled."""
    images, path, _ = files
    _, labels = made_up_stack()
    accepted = np.zeros_like(labels)
    accepted[z] = labels[z] + 1
    accepted[z, :10, :10] = 0
    tifffile.imwrite(tmp_path / "accepted.tif", accepted, photometric="minisblack")
    return StrokeFiles(images, path, tmp_path / "accepted.tif"), accepted[z]


def test_an_accepted_slice_is_learned_from_as_a_whole_with_strokes_on_top(files, tmp_path):
    strokes = files[2]
    strokes[0, 40:44, 50:54] = 1  # a later correction
    strokes[2] = strokes_on(made_up_stack()[1], (2,), n=12)[2]
    tifffile.imwrite(files[1], strokes, photometric="minisblack")
    all_files, accepted = accepted_files(files, tmp_path)

    slices, validate, test = read_stroke_slices(all_files, 3)

    [whole] = [name for name in slices.names if "[1]" in name]
    labels = slices.labels[slices.names.index(whole)]
    assert "accepted" in whole
    expected = np.where(strokes[0], strokes[0], accepted)
    assert (labels == np.where(expected, expected - 1, IGNORED)).all()
    assert (labels[:10, :10][strokes[0, :10, :10] == 0] == IGNORED).all()
    assert all("[3]" in name for name in (*validate, *test)), "whole slices were held back"


def test_where_strokes_lie_on_accepted_slices_alone_none_can_be_held_back(files, tmp_path):
    images, path, strokes = files
    strokes[2] = 0
    tifffile.imwrite(path, strokes, photometric="minisblack")

    with pytest.raises(TeachError, match="0 strokes on other slices") as refused:
        read_stroke_slices(accepted_files(files, tmp_path)[0], 3)
    assert "not accepted" in refused.value.hint
