import io

import numpy as np
import pytest

from sandseg.errors import StackError
from sandseg.scan.formats import open_stack
from tests.made_tiffs import read_all, tiff_bytes


@pytest.fixture
def volume(rng):
    return rng.integers(0, 4096, (5, 24, 31)).astype(np.uint16)


@pytest.mark.parametrize("kind", ["path", "text", "bytes", "memory", "file"])
def test_a_stack_opens_from_whatever_holds_it(tmp_path, volume, kind):
    path = tmp_path / "rock.tif"
    path.write_bytes(tiff_bytes(volume))
    with path.open("rb") as handle:
        source = {
            "path": path,
            "text": str(path),
            "bytes": path.read_bytes(),
            "memory": io.BytesIO(path.read_bytes()),
            "file": handle,
        }[kind]
        with open_stack(source) as stack:
            np.testing.assert_array_equal(read_all(stack), volume)
            assert stack.name == ("rock.tif" if kind in ("path", "text", "file") else "file")


def test_an_upload_may_be_closed_while_its_stack_is_open(volume):
    upload = io.BytesIO(tiff_bytes(volume))
    stack = open_stack(upload, "upload.tif")
    upload.close()

    np.testing.assert_array_equal(read_all(stack), volume)
    assert stack.name == "upload.tif"


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(StackError, match=r"rock\.tif\" cannot be opened \(No such file"):
        open_stack(tmp_path / "rock.tif")
    with pytest.raises(StackError, match="is a folder"):
        open_stack(tmp_path)
