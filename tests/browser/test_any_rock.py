"""A scan of another rock: the model for any rock takes it by itself, and says what it found."""

import re

import numpy as np
import pytest
import tifffile
from playwright.sync_api import expect

from sandseg.data.any_rock import draw_labels
from sandseg.data.scanner import ScannerConfig, as_grey, scan_slice
from sandseg.model.store import DEFAULT_MODEL, list_models
from sandseg.predict.right_model import models_to_choose_from

SLOW_MS = 60_000
SIZE = 224


@pytest.fixture(scope="module")
def core():
    """A core of another rock in air: grey values (Y, X), true labels, and where it lies."""
    if not models_to_choose_from(list_models()):
        pytest.skip("models/ lacks the usual model or the one for any rock.")
    rng = np.random.default_rng(34)
    field = draw_labels(SIZE, rng)
    y, x = np.ogrid[:SIZE, :SIZE]
    inside = (y - 112) ** 2 + (x - 108) ** 2 <= 96**2
    labels = np.where(inside & (field > 0), 2, 0).astype(np.uint8)
    config = ScannerConfig(tones=(0.06, 0.3, 0.49, 0.9), photons=3e5, grain_spread=0.02, bits=16)
    tones = np.array(config.tones, np.float32)[labels]
    return as_grey(scan_slice(tones, config), config), labels, inside


def test_another_rock_is_taken_by_the_general_model_and_its_porosity_is_true(
    page, wait_until_idle, core, tmp_path
):
    image, labels, inside = core
    tifffile.imwrite(tmp_path / "core.tif", image, photometric="minisblack")
    page.goto("/segment")
    page.locator("canvas").first.wait_for()
    wait_until_idle(page)

    page.locator('input[type="file"]').first.set_input_files(tmp_path / "core.tif")
    expect(page.get_by_text("This is not the rock that")).to_be_visible(timeout=SLOW_MS)
    wait_until_idle(page)

    words = page.get_by_text("Porosity of the rock").first.inner_text()
    percent = float(re.search(r"Porosity of the rock ([\d.]+) %", words)[1])
    true = np.mean(labels[inside] == 0)
    assert percent / 100 == pytest.approx(true, abs=0.01)

    page.goto(re.sub(r"[?&]model=[^&]*", "", page.url) + f"&model={DEFAULT_MODEL}")
    page.locator("canvas").first.wait_for()
    wait_until_idle(page)
    expect(page.get_by_text(re.compile("Do not trust the labels|by eye before"))).to_be_visible(
        timeout=SLOW_MS
    )
    expect(page.get_by_text("This is not the rock that")).to_have_count(0)
