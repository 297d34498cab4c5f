import io

import numpy as np
import pytest
from PIL import Image

from sandseg.scan.pictures.signature import is_picture


@pytest.mark.parametrize("form", ["PNG", "BMP", "JPEG"])
def test_pictures_are_known_by_their_first_bytes(form):
    handle = io.BytesIO()
    Image.fromarray(np.zeros((4, 5), np.uint8)).save(handle, form)

    assert is_picture(handle.getvalue()[:352])


@pytest.mark.parametrize("start", [b"", b"II*\0", b"BM and other words of a text", b"PK\3\4"])
def test_nothing_else_is(start):
    assert not is_picture(start)
