"""The sample on the page Segment, corrected by hand in a real browser."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.usefixtures("stored_model")


@pytest.fixture
def circle(page, wait_until_idle):
    """The page with a circle that can be dragged."""
    page.goto("/segment?sample=phantom")
    page.locator("canvas").first.wait_for()
    wait_until_idle(page)
    page.get_by_text("Adjust", exact=True).click()
    page.get_by_text("Circle", exact=True).click()
    page.locator('[data-grip="se"]').wait_for()
    wait_until_idle(page)
    return page


def numbers(page):
    return [
        float(page.get_by_label(name, exact=True).input_value()) for name in ["X", "Y", "Radius"]
    ]


def drawn(page):
    """The path of the sample, in pixels of the slice."""
    return page.locator(".sample .line").first.get_attribute("d")


def porosity(page):
    return page.get_by_text("air (pores)").locator("xpath=ancestor::tr").inner_text()


def middle(page, grip):
    box = page.locator(f'[data-grip="{grip}"]').first.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def press_and_move(page, grip, right, down):
    x, y = middle(page, grip)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right, y + down, steps=4)


def test_a_dragged_circle_is_counted_and_stays_in_the_address(circle, wait_until_idle):
    page = circle
    x, y, radius = numbers(page)
    before = porosity(page)

    press_and_move(page, "se", -60, -60)
    page.mouse.up()
    expect(page.get_by_label("Radius", exact=True)).not_to_have_value(f"{radius:g}")
    wait_until_idle(page)

    after = numbers(page)
    scale = float(page.locator(".viewer").get_attribute("data-view").split()[0])
    assert after[:2] == [x, y]
    assert after[2] == pytest.approx(radius - 60 * 2**0.5 / scale, abs=1)
    assert porosity(page) != before
    expect(page).to_have_url(re.compile(f"within=circle%3A{x:g}%2C{y:g}%2C{after[2]:g}"))

    counted = porosity(page)
    page.reload()
    page.locator("canvas").first.wait_for()
    wait_until_idle(page)
    assert porosity(page) == counted
    page.get_by_text("Adjust", exact=True).click()
    wait_until_idle(page)
    assert numbers(page) == after


def test_the_middle_moves_the_circle_and_the_outline_follows_zoom_and_pan(circle, wait_until_idle):
    page = circle
    x, y, radius = numbers(page)
    scale = float(page.locator(".viewer").get_attribute("data-view").split()[0])

    press_and_move(page, "move", 40, 20)
    page.mouse.up()
    expect(page.get_by_label("X", exact=True)).not_to_have_value(f"{x:g}")
    wait_until_idle(page)

    moved = numbers(page)
    assert moved == pytest.approx([x + 40 / scale, y + 20 / scale, radius], abs=1)
    page.locator(".stage").focus()
    page.keyboard.press("+")
    page.keyboard.press("Control+ArrowRight")
    page.wait_for_timeout(200)
    scale, left, top = map(float, page.locator(".viewer").get_attribute("data-view").split())
    pane = page.locator(".viewer canvas").bounding_box()
    expected = (
        pane["x"] + pane["width"] / 2 + (moved[0] - left) * scale,
        pane["y"] + pane["height"] / 2 + (moved[1] - top) * scale,
    )
    assert middle(page, "move") == pytest.approx(expected, abs=1.5)


def test_escape_while_dragging_changes_nothing(circle, wait_until_idle):
    page = circle
    before, path, address = numbers(page), drawn(page), page.url

    press_and_move(page, "nw", 50, 50)
    assert drawn(page) != path
    expect(page.locator(".readout")).to_contain_text("radius")
    page.keyboard.press("Escape")

    expect(page.locator(".sample .line").first).to_have_attribute("d", path)
    page.mouse.up()
    wait_until_idle(page)
    assert (numbers(page), drawn(page), page.url) == (before, path, address)


def test_numbers_move_what_is_drawn_and_what_holds_no_pixel_is_refused(circle, wait_until_idle):
    page = circle
    x, y, radius = numbers(page)
    field = page.get_by_label("Radius", exact=True)

    field.fill("50")
    field.press("Enter")
    wait_until_idle(page)
    expect(page.locator(".sample .line").first).to_have_attribute(
        "d", re.compile(f"M{x - 50:g} {y:g}a50 50")
    )
    path = drawn(page)
    field.fill("-3")
    field.press("Enter")

    expect(page.get_by_role("alert").filter(has_text="encloses no pixel")).to_be_visible()
    wait_until_idle(page)
    assert numbers(page) == [x, y, 50]
    assert drawn(page) == path
