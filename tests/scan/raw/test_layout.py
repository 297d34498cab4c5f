import numpy as np
import pytest

from sandseg.errors import StackError
from sandseg.scan.raw.layout import RawFormat


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("512x512x256,uint16", RawFormat((512, 512, 256), np.dtype("u2"))),
        ("20×30, >u2, 4096", RawFormat((20, 30), np.dtype(">u2"), 4096)),
        ("4x5,float32", RawFormat((4, 5), np.dtype("f4"))),
    ],
)
def test_a_raw_format_is_read_from_a_line(text, expected):
    assert RawFormat.parse(text) == expected


@pytest.mark.parametrize("text", ["", "512", "4x4", "4x4,color", "4x4,object", "0x4,u1", "axb,u1"])
def test_a_line_that_describes_nothing_is_refused(text):
    with pytest.raises(StackError, match="describes no") as caught:
        RawFormat.parse(text)
    assert "512x512x512,uint16" in caught.value.hint
