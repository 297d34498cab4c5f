"""Looking through a stack: by keys, by clicks, and by an address somebody sent."""

import re

import pytest
from playwright.sync_api import expect

MIDDLE = "33"
NEARLY = 3  # pixels: a click stands on a screen pixel, not on a voxel


pytestmark = pytest.mark.usefixtures("stored_model")


@pytest.fixture
def browse(page, wait_until_idle):
    return visit(page, "/browse", wait_until_idle)


def visit(page, path, wait_until_idle):
    page.goto(path)
    page.locator(".viewer[data-z]").wait_for()
    wait_until_idle(page)
    return page


def stage(page):
    return page.locator(".stage")


def side_views(page):
    return [page.get_by_alt_text(f"Cut {plane}").get_attribute("src") for plane in ("XZ", "YZ")]


def click_pixel(page, x, y):
    """Click where pixel (x, y) of the slice stands."""
    scale, middle_x, middle_y = map(
        float, page.locator(".viewer").get_attribute("data-view").split()
    )
    box = page.locator(".viewer canvas").bounding_box()
    place = {
        "x": box["width"] / 2 + (x + 0.5 - middle_x) * scale,
        "y": box["height"] / 2 + (y + 0.5 - middle_y) * scale,
    }
    page.locator(".viewer canvas").click(position=place)


def cut_at(page, plane):
    """Where a side view says it is cut."""
    return int(page.get_by_alt_text(f"Cut {plane}").get_attribute("alt").split(", ")[0].split()[-1])


def cut(page, plane):
    return page.get_by_label(re.compile(f"^Cut {plane}.*Arrow keys"))


def slider(page, label):
    return page.get_by_role("slider", name=label, exact=False)


def test_an_arrow_key_on_the_picture_steps_to_the_next_slice(browse):
    expect(slider(browse, "Slice")).to_have_value(MIDDLE)
    before = side_views(browse)

    stage(browse).press("ArrowRight")

    expect(slider(browse, "Slice")).to_have_value("34")
    expect(browse.locator(".viewer")).to_have_attribute("data-z", "33")
    expect(browse).to_have_url(re.compile(r"[?&]slice=34\b"))
    expect(browse.get_by_alt_text("Cut XZ")).to_have_attribute("alt", re.compile("slice 34 "))
    assert side_views(browse) == before  # the same cuts, only their lines move


def test_a_click_moves_the_cross_hair_and_both_side_views(browse, wait_until_idle):
    before = side_views(browse)

    click_pixel(browse, 70, 180)

    expect(browse.get_by_alt_text("Cut XZ")).not_to_have_attribute("src", before[0])
    expect(browse.get_by_alt_text("Cut YZ")).not_to_have_attribute("src", before[1])
    wait_until_idle(browse)
    assert abs(cut_at(browse, "YZ") - 70) <= NEARLY
    assert abs(cut_at(browse, "XZ") - 180) <= NEARLY
    expect(browse).to_have_url(re.compile(r"[?&]x=\d+"))


def test_of_two_clicks_the_later_one_counts(browse, wait_until_idle):
    click_pixel(browse, 60, 60)
    browse.wait_for_timeout(400)  # sent, but hardly answered
    click_pixel(browse, 200, 190)

    expect(browse).to_have_url(re.compile(r"[?&]x=(19[7-9]|20[0-3])\b"))
    wait_until_idle(browse)
    assert abs(cut_at(browse, "XZ") - 190) <= NEARLY


def test_a_line_of_the_cross_hair_can_be_dragged(browse, wait_until_idle):
    box = browse.locator(".viewer canvas").bounding_box()
    middle, far_up = box["x"] + box["width"] / 2 + 1, box["y"] + 40
    scale = float(browse.locator(".viewer").get_attribute("data-view").split()[0])
    before = browse.locator(".viewer").get_attribute("data-view")

    browse.mouse.move(middle, far_up)
    browse.mouse.down()
    browse.mouse.move(middle + 50 * scale, far_up + 90, steps=8)
    browse.mouse.up()

    expect(browse).to_have_url(re.compile(r"[?&]x=17[5-9]\b"))
    wait_until_idle(browse)
    assert cut_at(browse, "XZ") == 128  # the upright line was dragged, so y stays
    assert browse.locator(".viewer").get_attribute("data-view") == before  # and so does the picture


def test_a_drag_in_a_side_view_moves_the_slice_and_the_other_cut(browse, wait_until_idle):
    box = cut(browse, "XZ").bounding_box()

    browse.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    browse.mouse.down()
    browse.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 4, steps=8)
    browse.mouse.up()

    expect(browse).to_have_url(re.compile(r"[?&]slice=1[67]\b"))
    wait_until_idle(browse)
    assert abs(cut_at(browse, "YZ") - 64) <= NEARLY
    assert cut_at(browse, "XZ") == 128


def test_the_lines_move_by_keys_too(browse):
    cut(browse, "YZ").press("ArrowRight")

    expect(browse).to_have_url(re.compile(r"[?&]y=129\b"))
    expect(browse.get_by_alt_text("Cut XZ")).to_have_attribute("alt", re.compile("y 129,"))


def test_an_address_opens_the_same_view_for_somebody_else(app, browser, browse, wait_until_idle):
    stage(browse).press("ArrowLeft")
    expect(browse).to_have_url(re.compile(r"slice=32"))
    click_pixel(browse, 90, 150)
    browse.get_by_text("Logarithmic").click()
    expect(browse).to_have_url(re.compile(r"log=true"))
    wait_until_idle(browse)

    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        other = visit(context.new_page(), browse.url, wait_until_idle)

        assert side_views(other) == side_views(browse)
        assert other.url == browse.url
        expect(slider(other, "Slice")).to_have_value("32")
        expect(other.locator(".viewer")).to_have_attribute("data-z", "31")
        expect(other.get_by_role("switch", name="Logarithmic")).to_be_checked()


def test_nothing_is_wider_than_a_phone(page, wait_until_idle):
    page.set_viewport_size({"width": 390, "height": 844})

    visit(page, "/browse", wait_until_idle)

    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_link_to_a_view_can_be_copied(page, wait_until_idle):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/browse?slice=12")
    wait_until_idle(page)

    page.get_by_role("button", name="Copy link to this view").click()

    expect(page.get_by_role("button", name="Link copied")).to_be_visible()
    assert "slice=12" in page.evaluate("navigator.clipboard.readText()")
