"""Every page, in light and dark, under the eyes of axe-core."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from pages.server import navigation

PATHS = sorted(
    "/" if path == navigation.HOME else f"/{path.stem}"
    for path in vars(navigation).values()
    if isinstance(path, Path)
)
SEVERE = ("serious", "critical")
BACKGROUND = "getComputedStyle(document.querySelector('.stApp')).backgroundColor"


pytestmark = pytest.mark.usefixtures("stored_model")


@pytest.mark.parametrize("path", PATHS)
def test_a_page_shuts_nobody_out_in_light_and_dark(page, wait_until_idle, path):
    page.emulate_media(color_scheme="light")
    page.goto(path)
    page.get_by_role("heading", level=1).first.wait_for()
    wait_until_idle(page)
    light, severe = background(page), violations(page)

    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"() => {BACKGROUND} !== {light!r}")
    wait_until_idle(page)
    severe += violations(page)

    assert not severe, "\n".join(severe)


def background(page):
    return page.evaluate(BACKGROUND)


def violations(page):
    """What axe-core calls serious or critical of a page as it stands."""
    found = Axe().run(page).response["violations"]
    return [
        f"{violation['id']}: {node['target']} {node['html'][:200]}"
        for violation in found
        if violation["impact"] in SEVERE
        for node in violation["nodes"]
    ]
