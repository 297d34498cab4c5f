import numpy as np
import pytest

from sandseg.errors import SandsegError
from sandseg.scan.formats import open_stack
from sandseg.scan.several.numbering import SeveralScansError
from sandseg.uploads import apart, kept, workspace
from sandseg.uploads.receive import Wanted, receive
from tests.made_tiffs import tiff_bytes, zip_bytes

pytestmark = pytest.mark.slow


@pytest.fixture
def visit(tmp_path, monkeypatch):
    monkeypatch.setenv("SANDSEG_WORK", str(tmp_path / "work"))
    return workspace.new_folder()


@pytest.fixture
def files():
    """Two scans of different size, by their names."""
    return {
        "berea.tif": tiff_bytes(np.full((8, 9), 3, np.uint8)),
        "castlegate.tif": tiff_bytes(np.full((2, 5, 6), 4, np.uint8), photometric="minisblack"),
    }


def keep(visit, files):
    return kept.keep(receive(visit, list(files.items()), Wanted(("tif", "zip"), is_many=True)))


@pytest.mark.parametrize("is_zip", [False, True])
def test_each_scan_becomes_an_upload_of_its_own(visit, files, is_zip):
    folder = keep(visit, {"scans.zip": zip_bytes(files)} if is_zip else files)
    with pytest.raises(SeveralScansError, match='"castlegate.tif" is not named like "berea.tif"'):
        kept.open_kept(folder)

    uploads = [kept.open_kept(one) for one in apart.take_apart(folder)]

    assert not folder.exists()
    assert [upload.title for upload in uploads] == list(files)
    assert [open_stack(upload.path).shape for upload in uploads] == [(1, 8, 9), (2, 5, 6)]


def test_files_that_do_not_fit_into_one_stack_are_refused_even_if_it_is_said(visit, files):
    with pytest.raises(SeveralScansError, match="is 5 × 6 pixels|holds 2 slices") as caught:
        kept.open_kept(keep(visit, files), is_one=True)
    assert not caught.value.can_be_one


def test_too_many_scans_are_refused_and_stay(visit, files, monkeypatch):
    monkeypatch.setattr(apart, "MOST_SCANS", 1)
    folder = keep(visit, files)

    with pytest.raises(SandsegError, match="at most 1 scans"):
        apart.take_apart(folder)
    assert len(kept.originals(folder)) == 2
