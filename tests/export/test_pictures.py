import io

import numpy as np
import pytest
from PIL import Image

from sandseg.classes import palette
from sandseg.export.pictures import encode_jpeg, encode_palette_png, encode_png


@pytest.fixture
def labels(rng):
    return rng.integers(0, 4, (5, 24, 31)).astype(np.uint8)


def test_a_png_holds_the_very_colors(rng):
    rgb = rng.integers(0, 255, (20, 30, 3)).astype(np.uint8)

    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(encode_png(rgb)))), rgb)


def test_a_palette_png_holds_the_labels_in_the_classes_colors(labels):
    image = Image.open(io.BytesIO(encode_palette_png(labels[0])))

    assert image.mode == "P"
    np.testing.assert_array_equal(np.asarray(image), labels[0])
    np.testing.assert_array_equal(np.asarray(image.convert("RGB")), palette()[labels[0]])


def test_a_jpeg_is_near_the_grey_values():
    grey = np.tile(np.arange(64, dtype=np.uint8) * 3, (32, 1))

    image = Image.open(io.BytesIO(encode_jpeg(grey)))

    assert (image.format, image.mode) == ("JPEG", "L")
    assert np.abs(np.asarray(image).astype(int) - grey).max() <= 8
    assert len(encode_jpeg(grey, quality=30)) < len(encode_jpeg(grey, quality=95))


def test_a_picture_says_what_it_is():
    picture = encode_png(np.zeros((4, 5, 3), np.uint8), {"file": "ü\nx.tif", "size_um": None})

    assert Image.open(io.BytesIO(picture)).text == {"file": "ü x.tif", "size_um": ""}
