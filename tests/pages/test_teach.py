"""The page Teach as a visitor meets it, without a browser."""

import pytest

from pages.components.painting import tickets


@pytest.fixture
def route():
    """The route is served, as by server.py."""
    tickets.open_at("/api/paint/")
    yield
    tickets.open_at("")


def texts(at):
    return " ".join(one.value for kind in (at.info, at.caption, at.markdown) for one in kind)


def test_without_the_route_the_page_says_how_to_start_the_app(open_page):
    at = open_page("pages/teach.py")

    assert not at.exception
    assert "make run" in texts(at)


def test_the_first_visit_says_what_to_do(open_page, route):
    at = open_page("pages/teach.py")

    assert not at.exception
    assert "Paint a few strokes" in texts(at)


def test_with_the_models_labels_as_the_start_only_mistakes_are_painted(open_page, route):
    at = open_page("pages/teach.py", correct="true")

    assert not at.exception
    assert "Paint where one is wrong" in texts(at)


def test_segment_leads_to_teaching_where_strokes_can_be_kept(open_page, route):
    at = open_page("pages/segment.py")

    assert "Correct this" in [button.label for button in at.button]


def test_segment_does_not_lead_to_teaching_without_the_route(open_page):
    at = open_page("pages/segment.py")

    assert "Correct this" not in [button.label for button in at.button]
