"""Samples are found, opened and cached; what is downloaded is what was published."""

import hashlib
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from sandseg.data import samples
from sandseg.data.phantom import PhantomConfig
from sandseg.data.samples import (
    fetch_sandstone,
    has_sandstone,
    list_samples,
    open_sample,
    sample_labels,
)
from sandseg.errors import SandsegError, StackError
from sandseg.settings import cache_folder

SMALL = PhantomConfig(shape=(2, 48, 48))


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache, no data of the user's own, and a phantom that is made in no time."""
    monkeypatch.setenv("SANDSEG_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SANDSEG_DATA", raising=False)
    monkeypatch.delenv("SANDSEG_MIRROR", raising=False)
    monkeypatch.setattr(samples, "PhantomConfig", lambda: SMALL)
    return tmp_path / "cache"


@pytest.fixture
def no_more_making(monkeypatch):
    """Call it to make any further phantom fail."""

    def forbid(_):
        raise RuntimeError("the phantom was made again")

    return lambda: monkeypatch.setattr(samples, "make_phantom", forbid)


def test_without_the_real_rock_the_phantom_is_there():
    (sample,) = list_samples()

    assert (sample.key, sample.origin, sample.split) == ("phantom", "synthetic", None)
    assert sample.has_labels


def test_the_phantom_opens_with_labels_of_its_shape():
    stack, labels = open_sample("phantom"), sample_labels("phantom")

    assert stack.shape == labels.shape == SMALL.shape
    assert stack.voxel_size_um == SMALL.voxel_size_um
    assert stack.read_slice(1).dtype == labels.dtype == np.uint8


def test_the_phantom_is_made_once(no_more_making):
    first = open_sample("phantom").read_slice(0)
    no_more_making()

    np.testing.assert_array_equal(open_sample("phantom").read_slice(0), first)
    assert sample_labels("phantom") is not None


@pytest.mark.parametrize("damage", ["emptied", "cut", "one byte changed", "other text"])
def test_a_damaged_cache_file_is_made_again(cache, damage):
    before = open_sample("phantom").read_slice(1).copy()
    (path,) = cache.glob("phantom-*.npy")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    damaged = {"emptied": b"", "cut": content[:900], "other text": b"not an array" * 9}
    path.unlink()
    path.write_bytes(damaged.get(damage, content))

    np.testing.assert_array_equal(open_sample("phantom").read_slice(1), before)


def test_another_config_gets_another_cache_file(cache, monkeypatch):
    open_sample("phantom")
    monkeypatch.setattr(samples, "PhantomConfig", lambda: PhantomConfig(shape=(1, 40, 40)))

    assert open_sample("phantom").shape == (1, 40, 40)
    assert len(list(cache.iterdir())) == 2


def test_two_at_once_get_the_same_phantom_and_leave_nothing_behind(cache):
    opened = []
    threads = [
        threading.Thread(target=lambda: opened.append(open_sample("phantom").read_slice(0)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(opened) == 4
    assert all(np.array_equal(image, opened[0]) for image in opened)
    assert [path.suffix for path in cache.iterdir()] == [".npy"]


def test_a_cache_that_cannot_be_written_to_costs_time_only(cache):
    cache.write_text("a file where the folder should be")

    assert open_sample("phantom").shape == SMALL.shape


def test_the_phantom_in_the_cache_cannot_be_changed_by_accident():
    labels = sample_labels("phantom")

    with pytest.raises(ValueError, match="read-only"):
        labels[0] = 0


def test_an_unknown_sample_is_refused_with_those_there_are():
    with pytest.raises(StackError, match='no sample "granite"') as refused:
        open_sample("granite")

    assert "phantom" in refused.value.hint


@pytest.mark.parametrize("read", [open_sample, sample_labels])
def test_a_real_slice_that_is_not_there_says_how_to_get_it(read):
    with pytest.raises(StackError, match="not on this computer") as refused:
        read("sandstone-0150")

    assert "Download" in refused.value.hint


def test_a_download_brings_all_real_slices(mirror, cache):
    steps = []

    folder = fetch_sandstone(lambda done, total: steps.append((done, total)))

    assert folder == cache / "sandstone"
    assert steps == [(n, 15) for n in range(16)]
    numbers = ["0000", "0050", "0100", "0150", "0180", "0200", "0250", "0300"]
    keys = [sample.key for sample in list_samples()]
    assert keys == ["phantom", "sandstone", *(f"sandstone-{number}" for number in numbers)]
    assert has_sandstone()
    assert open_sample("sandstone-0180").shape == (1, 6, 5)
    assert sample_labels("sandstone-0180") is None
    assert sample_labels("sandstone-0300").shape == (1, 6, 5)


def test_the_labelled_slices_together_are_the_slices_one_by_one(mirror):
    fetch_sandstone()
    sample = next(sample for sample in list_samples() if sample.key == "sandstone")

    stack, labels = open_sample("sandstone"), sample_labels("sandstone")

    assert sample.title == "Real sandstone, 7 labelled slices"
    assert sample.numbers == ("0000", "0050", "0100", "0150", "0200", "0250", "0300")
    assert stack.shape == labels.shape == (7, 6, 5)
    for z, number in enumerate(sample.numbers):
        alone = f"sandstone-{number}"
        np.testing.assert_array_equal(stack.read_slice(z), open_sample(alone).read_slice(0))
        np.testing.assert_array_equal(labels[z], sample_labels(alone)[0])


def test_slices_without_labels_stay_out_of_those_together(mirror, cache):
    folder = fetch_sandstone()
    (folder / "masks" / "Sandstone_Versa0100.tif").unlink()

    assert open_sample("sandstone").n_slices == 6
    assert not has_sandstone()


@pytest.mark.parametrize("key", ["sandstone", "sandstone-0050"])
def test_a_slice_that_was_taken_away_is_refused_when_it_is_read(mirror, cache, monkeypatch, key):
    fetch_sandstone()
    at_hand = list_samples()
    stack = open_sample("sandstone")
    shutil.rmtree(cache / "sandstone")
    monkeypatch.setattr(samples, "list_samples", lambda: at_hand)

    for read in (lambda: open_sample(key), lambda: stack.read_slice(1), lambda: sample_labels(key)):
        with pytest.raises(StackError, match="cannot be opened"):
            read()


def test_a_second_download_asks_for_nothing(mirror):
    fetch_sandstone()
    for path in mirror.rglob("*.tif"):
        path.unlink()

    fetch_sandstone()


def test_a_damaged_download_is_fetched_again(mirror):
    damaged = fetch_sandstone() / "images" / "Sandstone_Versa0100.tif"
    damaged.write_bytes(b"cut short")

    fetch_sandstone()

    assert open_sample("sandstone-0100").shape == (1, 6, 5)


def test_a_file_that_is_not_the_published_one_is_deleted(mirror, cache):
    (mirror / "Train_images" / "Sandstone_Versa0050.tif").write_bytes(b"something else")

    with pytest.raises(SandsegError, match="deleted for safety") as refused:
        fetch_sandstone()

    assert refused.value.hint
    assert not (cache / "sandstone" / "images" / "Sandstone_Versa0050.tif").exists()


def test_a_file_the_server_lacks_is_reported(mirror):
    (mirror / "Train_masks" / "Sandstone_Versa0300.tif").unlink()

    with pytest.raises(SandsegError, match=r"Versa0300\.tif.* could not be downloaded"):
        fetch_sandstone()


def test_without_internet_the_download_says_so(monkeypatch):
    monkeypatch.setenv("SANDSEG_MIRROR", "http://127.0.0.1:9/")

    with pytest.raises(SandsegError, match="could not be downloaded") as refused:
        fetch_sandstone()

    assert "internet" in refused.value.hint


def test_a_download_that_cannot_be_saved_says_where(mirror, cache):
    cache.write_text("a file where the folder should be")

    with pytest.raises(SandsegError, match="could not be saved"):
        fetch_sandstone()


def test_the_cache_is_where_the_environment_says(cache):
    assert cache_folder() == cache


def test_a_folder_without_the_sandstone_is_named_where_it_is_asked_for(
    cache, tmp_path, monkeypatch
):
    monkeypatch.setenv("SANDSEG_DATA", str(tmp_path))

    with pytest.raises(StackError, match="which is not on this computer") as refused:
        open_sample("sandstone-0150")

    assert "SANDSEG_DATA names a folder that holds neither sandstone/" in refused.value.hint


@pytest.mark.parametrize("level", ["data", "data/sandstone"])
def test_slices_are_found_by_their_folder_or_the_one_above(mirror, cache, monkeypatch, level):
    (cache.parent / "data").mkdir()
    fetch_sandstone().rename(cache.parent / "data" / "sandstone")
    assert not has_sandstone()

    monkeypatch.setenv("SANDSEG_DATA", str(cache.parent / level))

    assert has_sandstone()
    assert open_sample("sandstone-0150").shape == (1, 6, 5)


@pytest.mark.slow
def test_the_real_slices_open_with_their_labels(sandstone_dir, monkeypatch):
    monkeypatch.setenv("SANDSEG_DATA", str(sandstone_dir))

    real = {sample.key: sample for sample in list_samples() if sample.origin == "real"}
    stack, labels = open_sample("sandstone-0150"), sample_labels("sandstone-0150")

    assert real["sandstone-0150"].split == "validation"
    assert real["sandstone-0300"].split == "test"
    assert not real["sandstone-0180"].has_labels
    assert stack.shape == labels.shape == (1, 1024, 996)
    assert stack.voxel_size_um == pytest.approx(2.2315)
    assert set(np.unique(labels)) == {0, 1, 2, 3}


def test_the_real_files_are_those_whose_checksums_are_pinned(sandstone_dir):
    for name, sha256 in samples.SANDSTONE_SHA256.items():
        assert hashlib.sha256((sandstone_dir / name).read_bytes()).hexdigest() == sha256
