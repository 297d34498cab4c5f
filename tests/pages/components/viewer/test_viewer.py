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
    z, y, x = np.int64(3), np.int64(20), np.int64(30)
    paint = Paint("/api/paint/ticket/", "lesson", (z, y, x), ("y", y), (z, y, x), go_serial=7)

    header = json.loads(json.dumps(paint.header()))

    assert header["shape"] == [3, 20, 30]
    assert header["plane"] == {"axis": "y", "at": 20}
    assert header["goTo"] == {"z": 3, "y": 20, "x": 30, "serial": 7}


def test_nobody_is_led_anywhere_unasked():
    header = Paint("/api/paint/ticket/", "lesson", (3, 20, 30)).header()

    assert header["plane"] is None
    assert header["goTo"] is None
