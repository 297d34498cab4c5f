"""Sending files: far larger ones than memory should hold, several, wrong ones; and stopping it."""

import re
import threading
from urllib.parse import urlsplit

import numpy as np
import psutil
import pytest
import tifffile
from playwright.sync_api import expect

from sandseg.settings import MAX_UPLOAD
from tests.made_pictures import palette_bytes, picture_bytes

SLOW_MS = 60_000
N_LARGE = 128  # slices of 2 MB
SLOW_BYTES_S = 2_000_000
HELD_MB = 48  # of a file of 268 MB that passes through


pytestmark = pytest.mark.usefixtures("stored_model")


@pytest.fixture
def work(tmp_path, monkeypatch):
    """Where a server started from here on keeps what visitors bring."""
    monkeypatch.setenv("SANDSEG_WORK", str(tmp_path / "work"))
    return tmp_path / "work"


@pytest.fixture
def large_stack(tmp_path, rng):
    path = tmp_path / "large.tif"
    noise = rng.integers(0, 2**16, (1024, 1024)).astype(np.uint16)
    with tifffile.TiffWriter(path) as writer:
        for _ in range(N_LARGE):
            writer.write(noise, photometric="minisblack", metadata=None, contiguous=True)
    return path


@pytest.fixture
def small_slice(tmp_path, rng):
    path = tmp_path / "small.tif"
    tifffile.imwrite(path, rng.integers(0, 256, (90, 120)).astype(np.uint8))
    return path


def visit(page, app, wait_until_idle):
    page.goto(f"{app.url}/segment")
    page.locator("canvas").first.wait_for()
    wait_until_idle(page)


def field(page):
    return page.locator('input[type="file"]').first


def kept_files(work):
    return [path for path in work.rglob("*") if path.is_file() and path.stat().st_size]


def slow_down(page):
    conditions = {"offline": False, "latency": 0, "downloadThroughput": -1}
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions", {**conditions, "uploadThroughput": SLOW_BYTES_S}
    )


class Peak:
    """The largest resident memory of a server while the `with` block lasts, in MB."""

    def __init__(self, app):
        port = f"--server.port={urlsplit(app.url).port}"
        found = psutil.process_iter(["cmdline"])
        self.process = next(p for p in found if port in (p.info["cmdline"] or []))
        self.is_over = threading.Event()
        self.before = self.largest = self._resident()

    def _resident(self):
        return self.process.memory_info().rss / 1e6

    def _watch(self):
        while not self.is_over.wait(0.01):
            self.largest = max(self.largest, self._resident())

    def __enter__(self):
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()


def test_a_large_file_passes_through_the_server_and_not_into_its_memory(
    work, fresh_app, page, wait_until_idle, large_stack
):
    visit(page, fresh_app, wait_until_idle)
    with Peak(fresh_app) as peak, page.expect_response("**/api/upload/*", timeout=SLOW_MS) as sent:
        field(page).set_input_files(large_stack)

    assert sent.value.status == 204
    assert peak.largest - peak.before < HELD_MB
    expect(page.get_by_text(f"{N_LARGE} slices of")).to_be_visible(timeout=SLOW_MS)
    wait_until_idle(page)
    stacks = [path for path in kept_files(work) if path.suffix == ".tif"]
    assert len(stacks) == 1
    np.testing.assert_array_equal(
        tifffile.imread(stacks[0], key=5), tifffile.imread(large_stack, key=0)
    )


def test_sending_shows_how_far_it_is_and_can_be_stopped(
    work, fresh_app, page, wait_until_idle, large_stack, small_slice
):
    visit(page, fresh_app, wait_until_idle)
    slow_down(page)
    field(page).set_input_files(large_stack)
    bar = page.get_by_role("progressbar", name="Upload")
    expect(bar).to_be_visible()
    expect(page.locator(".told").first).to_have_text(
        re.compile(r"^[\d.]+ of 268 MB, \d+ (s|min) left$"), timeout=SLOW_MS
    )

    page.get_by_role("button", name="Cancel").click()

    expect(bar).to_have_count(0)
    expect(page.get_by_text("The upload broke off")).to_have_count(0)
    wait_until_idle(page)
    assert not kept_files(work)
    field(page).set_input_files(small_slice)
    expect(page.get_by_text("1 slice of")).to_be_visible(timeout=SLOW_MS)


def test_several_files_become_one_stack_in_the_order_of_their_numbers(
    page, app, wait_until_idle, tmp_path, rng
):
    visit(page, app, wait_until_idle)
    paths = [tmp_path / f"slice{number}.tif" for number in (11, 10, 9)]
    for path in paths:
        tifffile.imwrite(path, rng.integers(0, 256, (60, 80)).astype(np.uint8))

    field(page).set_input_files(paths)

    expect(page.get_by_text("3 slices of")).to_be_visible(timeout=SLOW_MS)


def test_what_cannot_be_taken_is_refused_with_a_sentence_and_the_next_file_is_taken(
    page, app, wait_until_idle, tmp_path, small_slice
):
    visit(page, app, wait_until_idle)
    for name, content, says in (
        ("notes.txt", b"not a picture", '"notes.txt" is of a kind'),
        ("empty.tif", b"", '"empty.tif" is empty'),
        ("notes.tif", b"not a picture", "notes.tif"),
    ):
        (tmp_path / name).write_bytes(content)
        field(page).set_input_files(tmp_path / name)

        expect(page.get_by_role("alert").filter(has_text=says)).to_be_visible(timeout=SLOW_MS)
        wait_until_idle(page)
    field(page).set_input_files(small_slice)
    expect(page.get_by_text("1 slice of")).to_be_visible(timeout=SLOW_MS)


def test_a_file_above_the_limit_is_refused_before_it_is_sent_whole(
    serve, page, wait_until_idle, large_stack, monkeypatch
):
    monkeypatch.setenv(MAX_UPLOAD.name, "1e6")
    with serve() as app:
        visit(page, app, wait_until_idle)
        expect(page.get_by_text("Up to 1 MB · TIFF, PNG, BMP, JPEG, ZIP, NumPy")).to_be_visible()

        field(page).set_input_files(large_stack)

        expect(page.get_by_text("at most 1 MB can be sent")).to_be_visible(timeout=SLOW_MS)
        expect(page.get_by_text(MAX_UPLOAD.name)).to_be_visible()
        assert "Traceback" not in app.log()


def test_files_can_be_chosen_by_keys_and_dropped(page, app, wait_until_idle):
    visit(page, app, wait_until_idle)
    expect(page.get_by_test_id("stFileUploader")).to_have_count(0)  # one of them is enough
    with page.expect_file_chooser():
        field(page).focus()  # an answer from the page: it knows by then that a chooser is expected
        page.keyboard.press("Enter")

    data = page.evaluate_handle(
        """() => {
          const data = new DataTransfer();
          data.items.add(new File(["not a picture"], "dropped.tif"));
          return data;
        }"""
    )
    page.locator(".sandseg-uploader .drop").first.dispatch_event("drop", {"dataTransfer": data})

    expect(page.get_by_role("alert").filter(has_text="dropped.tif")).to_be_visible(timeout=SLOW_MS)


def test_without_the_route_streamlits_own_uploader_does_the_same(
    serve, page, wait_until_idle, small_slice
):
    with serve("app.py") as app:
        visit(page, app, wait_until_idle)
        n_fields = page.locator('input[type="file"]').count()
        assert page.get_by_test_id("stFileUploader").count() == n_fields

        field(page).set_input_files(small_slice)

        expect(page.get_by_text("1 slice of")).to_be_visible(timeout=SLOW_MS)
        assert "Traceback" not in app.log()


def test_jpeg_slices_and_png_labels_are_read_and_doubted(page, app, wait_until_idle, tmp_path, rng):
    labels = np.kron(rng.integers(0, 4, (8, 8)), np.ones((16, 16), int)).astype(np.uint8)
    grey = np.array([15, 82, 125, 242], np.uint8)[labels]
    colors = [(0, 0, 255), (0, 255, 0), (255, 0, 0), (255, 255, 0)]
    for z in (1, 2, 3):
        (tmp_path / f"s{z}.jpg").write_bytes(picture_bytes(grey, "JPEG"))
        (tmp_path / f"m{z}.png").write_bytes(palette_bytes(labels, colors))
    visit(page, app, wait_until_idle)

    field(page).set_input_files([tmp_path / f"s{z}.jpg" for z in (1, 2, 3)])
    expect(page.get_by_text("JPEG compression has changed the grey values")).to_be_visible()
    expect(page.get_by_text("Slice 2 of 3").first).to_be_visible()
    wait_until_idle(page)

    page.get_by_text("Have labels? Compare").click()
    wait_until_idle(page)
    page.locator('input[type="file"]').nth(1).set_input_files(
        [tmp_path / f"m{z}.png" for z in (1, 2, 3)]
    )
    expect(page.get_by_text("mean IoU").last).to_be_visible(timeout=SLOW_MS)


def test_a_raw_file_is_asked_about_and_checked_against_its_size(
    page, app, wait_until_idle, tmp_path, rng
):
    volume = rng.integers(0, 256, (5, 60, 80)).astype(">u2")
    volume[:, :30] *= 20
    raw = tmp_path / "core_80x60_16bit.raw"
    raw.write_bytes(bytes(64) + volume.tobytes())
    visit(page, app, wait_until_idle)

    field(page).set_input_files(raw)
    expect(page.get_by_text("which do not say how they lie")).to_be_visible()
    expect(page.get_by_label("Width")).to_have_value("80")
    expect(page.get_by_text("Something is missing yet; the file has 48,064 bytes.")).to_be_visible()
    page.get_by_label("Number of slices").fill("4")
    page.get_by_label("Number of slices").press("Enter")
    expect(page.get_by_text("These make 38,400 bytes; the file has 48,064.")).to_be_visible()
    expect(page.get_by_role("button", name="Open these voxels")).to_be_disabled()
    page.get_by_label("Bytes before the voxels").fill("64")
    page.get_by_label("Bytes before the voxels").press("Enter")
    expect(page.get_by_text("With 5 slices it would fit.")).to_be_visible()
    page.get_by_label("Number of slices").fill("5")
    page.get_by_label("Number of slices").press("Enter")
    expect(page.get_by_text("These make 48,064 bytes; the file has 48,064.")).to_be_visible()
    page.get_by_role("button", name="Open these voxels").click()
    expect(page.get_by_text("5 slices of 60 × 80 pixels, 16-bit")).to_be_visible(timeout=SLOW_MS)
    wait_until_idle(page)

    page.get_by_text("How the file was read").click()
    page.get_by_role("button", name="Read the voxels another way").click()
    expect(page.get_by_label("Number of slices")).to_have_value("5")


def test_files_that_may_be_several_scans_are_asked_about(page, app, wait_until_idle, tmp_path, rng):
    for name in ("core_1", "core_2", "core_4", "plug_1"):
        noise = rng.integers(0, 256, (60, 80)).astype(np.uint8)
        tifffile.imwrite(tmp_path / f"{name}.tif", noise)
    visit(page, app, wait_until_idle)

    field(page).set_input_files([tmp_path / f"core_{n}.tif" for n in (1, 2, 4)])
    expect(page.get_by_text("slice 3 seems to be missing")).to_be_visible()
    page.get_by_role("button", name="One stack").click()
    expect(page.get_by_text("3 slices of 60 × 80 pixels")).to_be_visible(timeout=SLOW_MS)
    expect(page.get_by_text("slice 3 seems to be missing")).to_be_visible()
    wait_until_idle(page)

    field(page).set_input_files([tmp_path / "core_1.tif", tmp_path / "plug_1.tif"])
    expect(page.get_by_text("One stack of slices, or several scans?")).to_be_visible()
    page.get_by_role("button", name="Several scans").click()
    expect(page.get_by_text("1 slice of 60 × 80 pixels")).to_be_visible(timeout=SLOW_MS)
    expect(page.get_by_label("Rock")).to_have_value("core_1.tif")


def test_a_header_is_read_with_its_voxels_and_asks_for_them_alone(
    page, app, wait_until_idle, tmp_path, rng
):
    volume = rng.integers(0, 60000, (5, 60, 80)).astype("<u2")
    (tmp_path / "core.raw").write_bytes(volume.tobytes())
    (tmp_path / "core.mhd").write_text(
        "ObjectType = Image\nDimSize = 80 60 5\nElementType = MET_USHORT\n"
        "ElementSpacing = 0.002 0.002 0.002\nElementDataFile = core.raw\n"
    )
    visit(page, app, wait_until_idle)

    field(page).set_input_files(tmp_path / "core.mhd")
    expect(page.get_by_text("Choose both files at once")).to_be_visible()
    field(page).set_input_files([tmp_path / "core.mhd", tmp_path / "core.raw"])
    expect(page.get_by_text("5 slices of 60 × 80 pixels, 16-bit")).to_be_visible(timeout=SLOW_MS)
    page.get_by_text("How the file was read").click()
    expect(page.get_by_text("programs that take mm see 2 µm")).to_be_visible()
