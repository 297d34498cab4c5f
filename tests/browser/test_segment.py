"""What a visitor does: look, upload, segment, compare with the command line, take home."""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import psutil
import pytest
import tifffile
from playwright.sync_api import expect

from sandseg.data import samples

ROOT = Path(__file__).resolve().parents[2]
LARGEST_MB = 500
RUN_TIMEOUT_MS = 240_000
SLOW_MS = 60_000


pytestmark = pytest.mark.usefixtures("stored_model")


@pytest.fixture
def slice_file(request, tmp_path):
    """A real slice where there is one, else one of the phantom."""
    try:
        folder = request.getfixturevalue("sandstone_dir")
        return folder / "images" / "Sandstone_Versa0180.tif"
    except pytest.skip.Exception:
        path = tmp_path / "phantom_slice.tif"
        tifffile.imwrite(path, np.asarray(samples.open_sample("phantom").read_slice(20)))
        return path


def visit(page, path, wait_until_idle):
    page.goto(path)
    page.locator("canvas").first.wait_for()
    wait_until_idle(page)


def server_process(app):
    port = f"--server.port={urlsplit(app.url).port}"
    return next(p for p in psutil.process_iter(["cmdline"]) if port in (p.info["cmdline"] or []))


def resident_mb(process):
    """Memory of the process alone, in MB."""
    return process.memory_info().rss / 1e6


def download_labels(page, folder):
    page.get_by_role("button", name="Download", exact=False).last.click()
    with page.expect_download() as caught:
        page.get_by_role("button", name="Labels of").click()
    path = folder / "downloaded.tif"
    caught.value.save_as(path)
    page.keyboard.press("Escape")
    return path


def command_line_labels(source, folder, *options):
    path = folder / "command_line.tif"
    command = [sys.executable, "-m", "sandseg", "segment", str(source), "-o", str(path), *options]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return path


def test_home_shows_a_segmented_rock(page, wait_until_idle):
    visit(page, "/", wait_until_idle)

    expect(page.get_by_role("heading", name="Sandstone, segmented.")).to_be_visible()
    expect(page.locator(".handle").first).to_be_visible()
    expect(page.get_by_text("Porosity of the rock")).to_be_visible()


def test_nothing_is_wider_than_a_phone(page, wait_until_idle):
    page.set_viewport_size({"width": 390, "height": 844})
    for path in ("/", "/segment"):
        visit(page, path, wait_until_idle)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_an_uploaded_slice_gives_the_labels_of_the_command_line(
    page, wait_until_idle, slice_file, tmp_path
):
    visit(page, "/segment", wait_until_idle)

    page.locator('input[type="file"]').first.set_input_files(slice_file)
    expect(page.get_by_text("1 slice of")).to_be_visible(timeout=SLOW_MS)
    wait_until_idle(page)
    chip = page.locator('.chip[data-value="1"]')
    before = chip.get_attribute("aria-pressed")
    chip.click()
    expect(chip).not_to_have_attribute("aria-pressed", before, timeout=SLOW_MS)
    downloaded = download_labels(page, tmp_path)

    expected = command_line_labels(slice_file, tmp_path)
    np.testing.assert_array_equal(tifffile.imread(downloaded), tifffile.imread(expected))


def test_a_drifting_slice_is_evened_out_on_the_page_as_by_the_command_line(
    page, wait_until_idle, sandstone_dir, tmp_path
):
    image = tifffile.imread(sandstone_dir / "images" / "Sandstone_Versa0150.tif")
    light = 1 + 0.15 * np.linspace(-1, 1, image.shape[1])
    file = tmp_path / "drift.tif"
    tifffile.imwrite(file, np.clip(image * light, 0, 255).astype(np.uint8))
    visit(page, "/segment", wait_until_idle)
    page.locator('input[type="file"]').first.set_input_files(file)
    warning = page.get_by_role("alert").filter(has_text="brightness drifts by")
    expect(warning).to_be_visible(timeout=SLOW_MS)

    page.get_by_text("Even out the brightness").click()

    expect(warning).to_have_count(0, timeout=SLOW_MS)
    wait_until_idle(page)
    labels = download_labels(page, tmp_path)
    expected = command_line_labels(file, tmp_path, "--even")
    np.testing.assert_array_equal(tifffile.imread(labels), tifffile.imread(expected))


def test_a_stack_is_segmented_to_the_end_in_little_memory(
    fresh_app, page, wait_until_idle, tmp_path
):
    page.goto(f"{fresh_app.url}/segment")
    wait_until_idle(page)

    page.get_by_role("button", name="Segment all 64 slices").click()
    expect(page.get_by_text("All 64 slices are segmented")).to_be_visible(timeout=RUN_TIMEOUT_MS)
    wait_until_idle(page)
    labels = tifffile.imread(download_labels(page, tmp_path))

    server = server_process(fresh_app)
    mapped = [entry.path for entry in server.memory_maps()]
    assert labels.shape == (64, 256, 256)
    assert not [path for path in mapped if re.search("site-packages/(tensorflow|keras)/", path)]
    assert resident_mb(server) < LARGEST_MB


def test_a_run_can_be_cancelled_and_started_again(page, wait_until_idle):
    visit(page, "/segment", wait_until_idle)
    page.get_by_role("button", name="Segment all 64 slices").click()

    page.get_by_role("button", name="Cancel").click()

    expect(page.get_by_role("button", name="Segment all 64 slices")).to_be_visible(timeout=SLOW_MS)
