from streamlit.testing.v1 import AppTest


def page():
    from pages.components.viewer import Pane, Shown, viewer
    from sandseg.classes import SANDSTONE

    for name in ("rock", "a__b", "a___", "____b"):
        viewer([Pane("", b"grey")], Shown(0, 1, SANDSTONE), key=f"browse-{name}")


def test_a_viewer_may_be_named_after_any_upload():
    at = AppTest.from_function(page, default_timeout=60).run()

    assert not at.exception
