"""The disk is full: a sentence says so, nothing half-written is left, and the app goes on."""

import pytest
from visitor import Visitor, tiff_bytes

from sandseg.runs.segmentation import CONFIDENCE, LABELS, REPORT
from sandseg.settings import MIN_FREE, QUOTA_SESSION, QUOTA_TOTAL

pytestmark = pytest.mark.fault

JOB_TIMEOUT_S = 240


def fill(folder, spare_bytes=0):
    """Leave no more than so many bytes on a disk."""
    block = bytes(16384)
    with (folder / "ballast").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(block)
        except OSError:
            size = file.tell()
        file.truncate(max(0, size - spare_bytes))


def is_refused(visitor):
    """Whether the page says that there is no room."""
    reasons = ("cannot keep files", "cannot be kept", "server's disk")
    return any(reason in text for reason in reasons for text in visitor.texts())


def kept_files(server):
    """What lies in the folders of visitors, of bytes that count."""
    return [path for path in server.work.rglob("*") if path.is_file() and path.stat().st_size]


def check_all_is_well(server, visitor):
    """The same visitor goes on, and a new one is served."""
    assert not visitor.open(query="sample=phantom").says("Error")
    with Visitor(server.port) as other:
        assert other.open().says("Sandstone, segmented.")
    assert server.seconds_to_answer() < 2


@pytest.mark.parametrize("spare_bytes", [0, 130_000])  # room for nothing, and for the file alone
def test_an_upload_to_a_full_disk_is_refused_with_a_sentence(serve, small_disk, spare_bytes):
    server = serve({"SANDSEG_WORK": str(small_disk / "work"), MIN_FREE.name: "0"})
    fill(small_disk, spare_bytes)
    with Visitor(server.port, "segment") as visitor:
        visitor.open().upload("scan.tif", tiff_bytes(300, 300))

        assert is_refused(visitor), visitor.texts()
        assert not kept_files(server)
        (small_disk / "ballast").unlink()
        check_all_is_well(server, visitor)
        visitor.open().upload("scan.tif", tiff_bytes(300, 300))
        assert visitor.says("1 slice of")


def test_a_whole_run_on_a_full_disk_is_refused_with_a_sentence(serve, small_disk):
    server = serve({"SANDSEG_WORK": str(small_disk / "work"), MIN_FREE.name: "0"})
    fill(small_disk, spare_bytes=100_000)
    with Visitor(server.port, "segment", "sample=phantom") as visitor:
        visitor.open().press("Segment all")

        assert is_refused(visitor), visitor.texts()
        assert not kept_files(server)
        check_all_is_well(server, visitor)


def test_a_run_that_fills_the_disk_says_so_and_leaves_no_half_files(serve, small_disk):
    server = serve({"SANDSEG_WORK": str(small_disk / "work"), MIN_FREE.name: "0"})
    with Visitor(server.port, "segment", "sample=phantom") as visitor:
        visitor.open().press("Segment all")
        fill(small_disk)
        visitor.wait(lambda: not visitor.says("of 64, "), JOB_TIMEOUT_S)

        assert visitor.widget("button", "Segment all")  # it can be tried again
        assert any("space left" in text for text in visitor.texts()), visitor.texts()
        folder = server.jobs()[0]
        left = {path.name for path in folder.iterdir() if path.stat().st_size}
        assert not left & {LABELS, CONFIDENCE, REPORT}
        assert not [name for name in left if name.endswith(".part")]
        check_all_is_well(server, visitor)


@pytest.mark.parametrize("limit", [QUOTA_SESSION.name, QUOTA_TOTAL.name])
def test_an_upload_beyond_a_quota_is_refused_with_the_limit_and_how_to_raise_it(serve, limit):
    server = serve({limit: "50000"})
    with Visitor(server.port, "segment") as visitor:
        visitor.open().upload("small.tif", tiff_bytes(150, 150))
        assert visitor.says("1 slice of")

        visitor.upload("large.tif", tiff_bytes(300, 300))

        assert visitor.says("more are needed")
        assert visitor.says(limit)
        assert sum(path.stat().st_size for path in kept_files(server)) <= 50_000
        check_all_is_well(server, visitor)


def test_an_upload_leaves_room_on_the_disk_for_everything_else(serve):
    server = serve({MIN_FREE.name: "1e18"})
    with Visitor(server.port, "segment") as visitor:
        visitor.open().upload("scan.tif", tiff_bytes(150, 150))

        assert visitor.says("are to stay free")
        assert visitor.says(MIN_FREE.name)
        assert not kept_files(server)
