"""A class watches a network learn: start, watch, come back, stop, use what it learned."""

import re
from urllib.parse import urlsplit

import psutil
import pytest
from playwright.sync_api import expect

from sandseg.runs.process import PROCESS, kill
from sandseg.settings import cache_folder

EPOCH_MS = 600_000  # the training software is loaded first, and the machine may be busy
SLOW_MS = 60_000
N_EPOCHS, N_STEPS = 30, 2  # more than there is time for, and few


@pytest.fixture
def runs_dir(tmp_path, monkeypatch):
    """Folders of this test alone; whatever still works in them at its end is ended."""
    folder = tmp_path / "runs"
    monkeypatch.setenv("SANDSEG_RUNS", str(folder))
    monkeypatch.setenv("SANDSEG_MODELS", str(tmp_path / "models"))
    for name in ("SANDSEG_TRAINING", "SANDSEG_TRAINING_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    yield folder
    for place in (folder, cache_folder() / "estimates"):
        for work in place.glob(f"*/{PROCESS}"):
            kill(work.parent)


def visit(page, address, wait_until_idle):
    page.goto(address)
    page.get_by_role("heading", name="Train").wait_for()
    wait_until_idle(page)


def enter(page, label, value):
    field = page.get_by_label(label, exact=True)
    field.fill(str(value))
    field.press("Enter")


def start_small_training(page, wait_until_idle):
    page.get_by_text("Learning", exact=True).click()
    enter(page, "Epochs", N_EPOCHS)
    wait_until_idle(page)
    enter(page, "Steps per epoch", N_STEPS)
    wait_until_idle(page)
    expect(page.get_by_text(f"{N_EPOCHS} epochs of {N_STEPS} steps")).to_be_visible(timeout=SLOW_MS)
    page.get_by_role("button", name="Start training").click()


def mapped_files(app):
    port = f"--server.port={urlsplit(app.url).port}"
    server = next(p for p in psutil.process_iter(["cmdline"]) if port in (p.info["cmdline"] or []))
    return [entry.path for entry in server.memory_maps()]


@pytest.mark.timeout(1800)
def test_a_network_learns_is_watched_stopped_and_used(page, serve, runs_dir, wait_until_idle):
    with serve() as first:
        visit(page, f"{first.url}/train", wait_until_idle)
        start_small_training(page, wait_until_idle)

        expect(page.get_by_text("Network after epoch 1")).to_be_visible(timeout=EPOCH_MS)
        assert re.search(r"[?&]run=", page.url)
        page.reload()
        expect(page.get_by_text(f"of {N_EPOCHS}").first).to_be_visible(timeout=SLOW_MS)
        expect(page.get_by_role("button", name="Stop")).to_be_visible(timeout=SLOW_MS)

    with serve() as second:
        visit(page, f"{second.url}/train", wait_until_idle)
        expect(page.get_by_text(re.compile(r"Network after epoch ([2-9]|\d\d)"))).to_be_visible(
            timeout=EPOCH_MS
        )
        expect(
            page.get_by_label("IoU on the validation part: 1 is perfect, by epoch")
        ).to_be_visible()

        page.get_by_role("button", name="Stop").click()
        page.get_by_role("button", name="Use this model").click(timeout=EPOCH_MS)
        enter(page, "Its name", "learned-here")
        page.get_by_role("button", name="Add it to the models").click()
        page.get_by_role("button", name="Segment with it").click(timeout=SLOW_MS)

        page.locator("canvas").first.wait_for()
        wait_until_idle(page)
        assert "/segment" in page.url
        expect(page.get_by_role("combobox", name="Model")).to_have_value(re.compile("^Tiny U-Net"))
        expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)
        assert not [
            f for f in mapped_files(second) if re.search("site-packages/(tensorflow|keras)/", f)
        ]
