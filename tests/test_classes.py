import numpy as np

from sandseg.classes import SANDSTONE, SegmentationClass, palette


def test_the_palette_holds_each_class_at_its_label_and_black_elsewhere():
    colors = palette()

    assert (colors.shape, colors.dtype) == ((256, 3), np.uint8)
    for material in SANDSTONE:
        assert tuple(colors[material.value]) == material.rgb
        assert "#{:02X}{:02X}{:02X}".format(*material.rgb) == material.color
    assert not colors[len(SANDSTONE) :].any()


def test_a_palette_of_own_classes_holds_their_colors():
    colors = palette([SegmentationClass(9, "salt", "#0a14ff")])

    assert tuple(colors[9]) == (10, 20, 255)
    assert not np.delete(colors, 9, axis=0).any()
