from dataclasses import replace

import numpy as np
import pytest

from sandseg.config import TrainConfig
from sandseg.data.phantom import PhantomConfig, make_phantom
from sandseg.errors import TrainingError
from sandseg.runs.settings import DataSource, RunSettings
from sandseg.runs.sources import check_source, keep_uploads, locate
from sandseg.scan.formats import open_stack
from sandseg.scan.labels.read import read_labels

SETTINGS = RunSettings(DataSource("phantom", (2, 48, 48), seed=3), TrainConfig(), test=("[1]",))


@pytest.fixture(autouse=True)
def _own_places(tmp_path, monkeypatch):
    monkeypatch.delenv("SANDSEG_DATA", raising=False)
    monkeypatch.setenv("SANDSEG_WORK", str(tmp_path / "work"))


def test_a_phantom_is_made_once_into_the_folder_of_its_run(tmp_path):
    place = locate(SETTINGS, tmp_path)

    made = make_phantom(PhantomConfig((2, 48, 48), 3))
    with open_stack(place.images, "image") as stack:
        np.testing.assert_array_equal(stack.read_slice(1), made.image[1])
    np.testing.assert_array_equal(read_labels(place.labels, "labels"), made.labels)
    assert place.test == ("[1]",)
    before = place.images.stat().st_mtime_ns
    assert locate(SETTINGS, tmp_path) == place
    assert place.images.stat().st_mtime_ns == before


def test_the_test_slice_of_the_sandstone_is_always_kept_apart(tmp_path, monkeypatch):
    for name in ("images", "masks"):
        (tmp_path / "sandstone" / name).mkdir(parents=True)
    monkeypatch.setenv("SANDSEG_DATA", str(tmp_path))

    place = locate(replace(SETTINGS, source=DataSource("sandstone"), test=()), tmp_path)

    assert (place.validate, place.test) == (("0150",), ("0300",))
    assert place.labels == tmp_path / "sandstone" / "masks"


def test_data_that_are_not_there_are_named(tmp_path, monkeypatch):
    with pytest.raises(TrainingError, match="real sandstone is not on this computer") as caught:
        check_source(replace(SETTINGS, source=DataSource("sandstone")))
    assert caught.value.hint == "Download it, or train on the synthetic sandstone."
    monkeypatch.setenv("SANDSEG_DATA", str(tmp_path))
    with pytest.raises(TrainingError, match="real sandstone is not on this computer") as caught:
        check_source(replace(SETTINGS, source=DataSource("sandstone")))
    assert "SANDSEG_DATA names a folder that" in caught.value.hint
    files = DataSource("files", images=str(tmp_path / "scan.tif"), labels=str(tmp_path))
    with pytest.raises(TrainingError, match=r"There is no scan\.tif"):
        check_source(replace(SETTINGS, source=files))


def test_files_that_are_no_uploads_stay_where_they_are(tmp_path):
    (tmp_path / "scan.tif").touch()
    files = DataSource("files", images=str(tmp_path / "scan.tif"), labels=str(tmp_path))

    assert keep_uploads(replace(SETTINGS, source=files), tmp_path / "run") == {}
    assert not (tmp_path / "run").exists()
