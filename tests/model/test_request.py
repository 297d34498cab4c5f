from pathlib import Path

import numpy as np
import pytest

from sandseg.config import Treatment
from sandseg.errors import ConfigError
from sandseg.model.request import SegmentRequest, read_request, write_request
from sandseg.scan.raw.layout import RawFormat
from sandseg.scan.read_options import ReadOptions

FULL = SegmentRequest(
    Path("/in/scan.raw"),
    Path("/out/labels.tif"),
    Path("/out/confidence.tif"),
    Path("/out/report.json"),
    Path("/in/truth.tif"),
    "mine",
    "keras",
    Treatment("10,200", is_rescaled=True, is_evened=True),
    ReadOptions(1, 2, 3, (4, 5), 2.5, RawFormat((6, 7, 8), np.dtype(">u2"), 16), ("old",)),
)


@pytest.mark.parametrize("request_", [FULL, SegmentRequest(Path("/a.tif"), Path("/b.tif"))])
def test_a_request_comes_back_as_it_was_kept(tmp_path, request_):
    write_request(tmp_path / "request.json", request_)

    assert read_request(tmp_path / "request.json") == request_


def test_a_process_that_starts_elsewhere_finds_the_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    write_request(tmp_path / "r.json", SegmentRequest(Path("scan.tif"), Path("labels.tif")))

    found = read_request(tmp_path / "r.json")
    assert (found.source, found.labels) == (tmp_path / "scan.tif", tmp_path / "labels.tif")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"source": 1}', "null"])
def test_what_is_no_request_is_refused_by_name(tmp_path, text):
    (tmp_path / "request.json").write_text(text)

    with pytest.raises(ConfigError, match=r"request\.json.* describes no segmentation"):
        read_request(tmp_path / "request.json")
