"""What a visitor does with a prediction whose truth is known."""

import re

import numpy as np
import pytest
import tifffile
from playwright.sync_api import expect

from sandseg.data import samples
from sandseg.scan.labels.colors import SANDSTONE_RGB

SLOW_MS = 60_000
CODINGS = {
    "zero.tif": lambda labels: labels,
    "one.tif": lambda labels: labels + 1,
    "rgb.tif": lambda labels: np.array(list(SANDSTONE_RGB), np.uint8)[labels],
}


pytestmark = pytest.mark.usefixtures("stored_model")


@pytest.fixture
def evaluate(page, wait_until_idle):
    page.goto("/evaluate")
    page.locator(".stage canvas").first.wait_for()
    wait_until_idle(page)
    return page


def number(text):
    return int(re.sub(r"\D", "", text))


def picture(page):
    return page.locator(".stage canvas").nth(1).evaluate("canvas => canvas.toDataURL()")


def score_cells(page):
    """The cells of the table of scores, row by row."""
    return page.locator("table.scores tr:not(:first-child) td")


def write_coded(path, labels, code):
    coded = code(labels).astype(np.uint8)
    photometric = "rgb" if coded.ndim == 4 else "minisblack"
    tifffile.imwrite(path, coded, photometric=photometric, compression="zlib")
    return path


def test_a_pressed_cell_lights_up_as_many_pixels_as_it_counts(evaluate, wait_until_idle):
    before = picture(evaluate)
    cell = evaluate.locator("[data-cell='1,2']")
    count = number(cell.inner_text())
    assert count > 0

    cell.click()
    lit = evaluate.get_by_text("light up in this slice")
    expect(lit).to_be_visible()
    wait_until_idle(evaluate)

    assert number(lit.inner_text()) == count
    expect(cell).to_have_attribute("aria-pressed", "true")
    assert picture(evaluate) != before


def test_the_matrix_is_worked_by_keys_and_a_second_press_ends_it(evaluate, wait_until_idle):
    cell = evaluate.locator("[data-cell='2,2']")
    cell.focus()

    evaluate.keyboard.press("Enter")
    expect(evaluate.get_by_text("light up in this slice")).to_be_visible()
    wait_until_idle(evaluate)
    expect(cell).to_be_focused()

    evaluate.keyboard.press("Enter")
    expect(evaluate.get_by_text("light up in this slice")).to_have_count(0)
    expect(cell).to_have_attribute("aria-pressed", "false")


def test_own_labels_give_the_same_scores_in_each_coding(evaluate, wait_until_idle, tmp_path):
    labels = np.asarray(samples.sample_labels("phantom"))
    moved = np.roll(labels, 9, axis=2)
    cells = score_cells(evaluate)
    built_in = cells.all_inner_texts()
    evaluate.get_by_text("Labels: other ones").click()

    def bring(truth, coding):
        path = write_coded(tmp_path / coding, truth, CODINGS[coding])
        evaluate.locator('input[type="file"]').nth(1).set_input_files(path)

    bring(moved, "zero.tif")
    expect(cells.nth(1)).not_to_have_text(built_in[1], timeout=SLOW_MS)
    wait_until_idle(evaluate)
    of_moved = cells.all_inner_texts()
    # Each file brings other scores than the one before: none of them is left over.
    for truth, coding, scores in (
        (labels, "one.tif", built_in),
        (moved, "rgb.tif", of_moved),
        (labels, "zero.tif", built_in),
    ):
        bring(truth, coding)
        expect(cells).to_have_text(scores, timeout=SLOW_MS)
        wait_until_idle(evaluate)


def test_nothing_is_wider_than_a_phone(evaluate, wait_until_idle):
    evaluate.set_viewport_size({"width": 390, "height": 844})
    wait_until_idle(evaluate)

    assert evaluate.evaluate("document.documentElement.scrollWidth") <= 390
    table = evaluate.locator("table.scores").bounding_box()
    assert table["x"] + table["width"] <= 390
