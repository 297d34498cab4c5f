"""Several methods side by side: linked panes, numbers that are true, an address to share."""

import re

import pytest
from playwright.sync_api import expect

from sandseg.data import samples
from sandseg.grey.mapping import choose_mapping
from sandseg.model.store import list_models
from sandseg.predict.methods import list_methods, load_segmenter
from sandseg.score.comparison import disagreement

Z = 20
SLOW_MS = 120_000
USUAL = ("Multi-Otsu", "Random forest", "U-Net")
PANES = ".st-key-compare-viewer"
PIXELS = """(root) => [...root.querySelectorAll("canvas")].map((canvas) => canvas.toDataURL())"""


@pytest.fixture
def usual():
    """The methods that are compared at first, where they are at hand."""
    if not list_models():
        pytest.skip("There is no model in models/ (or SANDSEG_MODELS).")
    return [method for method in list_methods() if method.title in USUAL]


def visit(page, path, wait_until_idle):
    page.goto(path)
    page.locator(".methods table").wait_for(timeout=SLOW_MS)
    page.locator(".viewer[data-view]").nth(1).wait_for()
    wait_until_idle(page)


def pane_titles(page):
    titles = page.locator(f"{PANES} figcaption")
    return titles.evaluate_all("all => all.map((title) => title.firstChild.textContent)")


def panes(page):
    return page.locator(f"{PANES} .viewer")


def label(method):
    """What the backend makes of the slice."""
    stack = samples.open_sample("phantom")
    mapping = choose_mapping(stack, (method.model or list_models()[0]).histogram)
    return load_segmenter(method)(mapping.apply(stack.read_slice(Z))).labels


def test_the_usual_methods_stand_side_by_side(page, wait_until_idle, usual):
    visit(page, "/compare", wait_until_idle)

    assert pane_titles(page) == [method.title for method in usual]
    expect(page.locator(f"{PANES} figcaption").nth(0)).to_contain_text(
        re.compile(r"mean IoU 0\.\d{3} \(0\.\d{3}–[01]\.\d{3}\) · [\d.]+ s")
    )
    expect(page.get_by_role("heading", name="Compare")).to_be_visible()
    expect(page.locator(".methods")).to_contain_text("Truth")


def test_zooming_into_one_pane_zooms_all(page, wait_until_idle, usual):
    visit(page, "/compare", wait_until_idle)
    view, before = panes(page).get_attribute("data-view"), panes(page).evaluate(PIXELS)

    page.locator(f"{PANES} canvas").nth(1).hover()
    page.mouse.wheel(0, -400)
    expect(panes(page)).not_to_have_attribute("data-view", view)

    after = panes(page).evaluate(PIXELS)
    assert len(after) == len(usual)
    assert all(new != old for new, old in zip(after, before, strict=True))


def test_the_share_of_differing_pixels_is_what_the_backend_computes(page, wait_until_idle, usual):
    visit(page, f"/compare?slice={Z + 1}", wait_until_idle)

    first, second = (label(method) for method in usual[-2:])
    share = f"{100 * disagreement(first, second):.1f}"
    expect(page.get_by_text(re.compile(rf"disagree on {re.escape(share)}\s% of"))).to_be_visible()


def test_an_address_opens_the_same_comparison(page, wait_until_idle, usual):
    visit(page, f"/compare?slice={Z + 1}", wait_until_idle)
    page.get_by_test_id("stButtonGroup").get_by_role("button", name="Multi-Otsu").click()
    if len(usual) == 2:  # without a forest one method is left, and nothing to share
        expect(page.get_by_text("Choose a second method")).to_be_visible()
        return
    expect(page.locator(f"{PANES} figcaption")).to_have_count(2)
    wait_until_idle(page)
    address, table = page.url, page.locator(".methods").inner_text()

    visit(page, address, wait_until_idle)

    assert pane_titles(page) == ["Random forest", "U-Net"]
    assert page.locator(".methods").inner_text() == table


def test_nothing_is_wider_than_a_phone(page, wait_until_idle, usual):
    page.set_viewport_size({"width": 390, "height": 844})

    visit(page, "/compare", wait_until_idle)

    assert usual
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
