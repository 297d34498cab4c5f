import shlex
from pathlib import Path

import numpy as np
import pytest

from sandseg.config import Treatment
from sandseg.errors import ConfigError
from sandseg.model.request import (
    Origin,
    SegmentRequest,
    command_of,
    read_request,
    write_request,
)
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
    origin=Origin("a rock", ("0050", "0100"), "they lie apart", "python -m sandseg …"),
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


def test_the_command_asks_for_all_that_was_asked_for():
    words = shlex.split(command_of(FULL))

    start = ["python", "-m", "sandseg", "segment", "/in/scan.raw", "-o", "/out/labels.tif"]
    assert words[:7] == start
    assert set(words[7:]) == {
        "--model=mine",
        "--grey=10,200",
        "--confidence=/out/confidence.tif",
        "--report=/out/report.json",
        "--labels=/in/truth.tif",
        "--engine=keras",
        "--series=1",
        "--channel=2",
        "--time=3",
        "--slices=4:5",
        "--voxel-size=2.5",
        "--raw=6x7x8,>u2,16",
        "--rescale",
        "--even",
    }


@pytest.mark.parametrize("name", ["my [rock] 'one' & $two.tif", "-o.tif", "ü ö.tif"])
def test_a_command_survives_any_name(name):
    source = shlex.split(command_of(SegmentRequest(Path(name), Path("l.tif"))))[4]

    assert Path(source) == Path(name)
    assert not source.startswith("-")


def test_what_a_page_copied_is_made_again_from_what_its_owner_has():
    assert FULL.command == "python -m sandseg …"
    plain = SegmentRequest(Path("scan.tif"), Path("labels.tif"))
    assert plain.command == command_of(plain)
