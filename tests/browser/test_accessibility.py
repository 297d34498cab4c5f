"""Every page, in light and dark, under the eyes of axe-core."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from pages.shared import navigation
from sandseg import samples
from sandseg.model_store import list_models

PATHS = sorted(
    "/" if path == navigation.HOME else f"/{path.stem}"
    for path in vars(navigation).values()
    if isinstance(path, Path)
)
SEVERE = ("serious", "critical")
# Streamlit paints one and the same accent as text on the page and as a ground under white text. On
# a dark page no color has 4.5:1 with both; ours has it under white text, and 3.6:1 as text.
STREAMLITS_OWN = {
    ("color-contrast", "dark"): '[data-testid="stSliderThumbValue"], button[data-selected="true"]'
}
IS_INSIDE = "([target, own]) => Boolean(document.querySelector(target)?.closest(own))"


@pytest.fixture(scope="session", autouse=True)
def _phantom_at_hand(_own_cache):
    """Made before the server starts, so that no visitor waits for it."""
    samples.open_sample("phantom")


@pytest.fixture(autouse=True)
def _model():
    if not list_models():
        pytest.skip("There is no model in models/ (or SANDSEG_MODELS).")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PATHS)
def test_a_page_shuts_nobody_out(page, wait_until_idle, path, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(path)
    page.get_by_role("heading", level=1).first.wait_for()
    wait_until_idle(page)

    found = Axe().run(page).response["violations"]

    ours = [
        f"{violation['id']}: {node['target']} {node['html'][:200]}"
        for violation in found
        if violation["impact"] in SEVERE
        for node in violation["nodes"]
        if not is_streamlits_own(page, violation["id"], scheme, node["target"])
    ]
    assert not ours, "\n".join(ours)


def is_streamlits_own(page, rule, scheme, target):
    own = STREAMLITS_OWN.get((rule, scheme))
    is_outside_components = isinstance(target[0], str)  # in a shadow root it is a list
    return bool(own) and is_outside_components and page.evaluate(IS_INSIDE, [target[0], own])
