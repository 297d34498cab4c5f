"""Full screen, paper and large letters: the pages on whatever they are shown on."""

import pytest

SCREENS = [(1440, 900), (1024, 768), (390, 844)]
PAPER = (688, 1000)  # CSS pixels of A4 within its margins
DOUBLED = (720, 450)  # what a screen of 1440 × 900 holds at twice the size
PAGES = ["/browse", "/segment", "/evaluate", "/compare"]
IS_ENLARGED = """least => document.fullscreenElement
  && [...document.querySelectorAll("*")].some((host) =>
    (host.shadowRoot ?? host).querySelector?.(".stage")?.clientHeight > least)"""

pytestmark = pytest.mark.usefixtures("stored_model")


@pytest.fixture
def visit(page, wait_until_idle):
    """Opens a page at a size, with its picture."""

    def open_page(path, size):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.goto(path)
        page.locator(".stage canvas").first.wait_for(timeout=120_000)
        wait_until_idle(page)
        return page

    return open_page


@pytest.mark.parametrize("screen", SCREENS)
def test_full_screen_enlarges_the_picture_and_keeps_tools_legend_and_slider(visit, screen):
    width, height = screen
    page = visit("/segment", screen)
    stage = page.locator(".stage")
    before = stage.bounding_box()

    page.get_by_role("button", name="Full screen").click()

    page.wait_for_function(IS_ENLARGED, arg=0.7 * height)
    after = stage.bounding_box()
    assert after["width"] >= width - 40
    assert after["width"] * after["height"] > 1.2 * before["width"] * before["height"]
    viewer = page.locator(".viewer")
    parts = [viewer.get_by_role("button", name=name) for name in ("quartz", "Zoom in", "Keys")]
    for part in [*parts, viewer.get_by_role("slider", name="Slice", exact=True)]:
        box = part.bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= height


@pytest.mark.parametrize("path", PAGES)
def test_on_paper_nothing_lies_over_the_picture_or_beyond_the_sheet(
    visit, page, wait_until_idle, path
):
    visit(path, SCREENS[0])
    page.emulate_media(media="print")
    page.set_viewport_size({"width": PAPER[0], "height": PAPER[1]})
    wait_until_idle(page)

    stages = [stage.bounding_box() for stage in page.locator(".stage").all()]
    words = page.locator(".stMain p, .stMain h1, .stMain h4").all()
    boxes = [box for word in words if (box := word.bounding_box()) and word.is_visible()]
    assert len(boxes) > 2
    assert not [box for box in boxes for stage in stages if overlap(box, stage)]
    assert max(box["x"] + box["width"] for box in [*stages, *boxes]) <= PAPER[0]
    assert page.get_by_text("Slice 33 of 64").first.is_visible()
    assert not page.get_by_role("button", name="Zoom in").first.is_visible()
    page.emulate_media(media="screen")


@pytest.mark.parametrize("path", PAGES)
def test_at_twice_the_size_nothing_is_cut_off_and_the_picture_is_seen(visit, path):
    page = visit(path, DOUBLED)

    assert page.evaluate("document.querySelector('.stMain').scrollWidth") <= DOUBLED[0]
    stage = page.locator(".stage").first
    stage.scroll_into_view_if_needed()
    assert stage.bounding_box()["width"] > DOUBLED[0] / 3
    assert stage.bounding_box()["height"] <= DOUBLED[1]


def overlap(a, b):
    """Whether two boxes share more than a border."""
    return all(
        min(a[at] + a[length], b[at] + b[length]) - max(a[at], b[at]) > 1
        for at, length in (("x", "width"), ("y", "height"))
    )
