import json

import numpy as np
from streamlit.testing.v1 import AppTest

from pages.components.viewer import Paint


def page():
    from pages.components.viewer import Pane, Shown, viewer
    from sandseg.classes import SANDSTONE

    for name in ("rock", "a__b", "a___", "____b"):
        viewer([Pane("", b"grey")], Shown(0, 1, SANDSTONE), key=f"browse-{name}")


def test_a_viewer_may_be_named_after_any_upload():
    at = AppTest.from_function(page, default_timeout=60).run()

    assert not at.exception


def test_leave_to_paint_travels_as_json_whatever_numbers_it_is_given():
    shape = np.int64(3), np.int64(20), np.int64(30)
    paint = Paint("/api/paint/ticket/", "lesson", shape, ((254, 232, 56), 0.5, "Yellow: torn."))

    header = json.loads(json.dumps(paint.header()))

    assert header["shape"] == [3, 20, 30]
    assert header["doubt"] == {"color": [254, 232, 56], "low": 0.5, "words": "Yellow: torn."}


def test_without_a_way_to_draw_it_no_confidence_is_offered():
    assert Paint("/api/paint/ticket/", "lesson", (3, 20, 30)).header()["doubt"] is None
