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


pytestmark = pytest.mark.usefixtures("stored_model")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PATHS)
def test_a_page_shuts_nobody_out(page, wait_until_idle, path, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(path)
    page.get_by_role("heading", level=1).first.wait_for()
    wait_until_idle(page)

    found = Axe().run(page).response["violations"]

    severe = [
        f"{violation['id']}: {node['target']} {node['html'][:200]}"
        for violation in found
        if violation["impact"] in SEVERE
        for node in violation["nodes"]
    ]
    assert not severe, "\n".join(severe)
