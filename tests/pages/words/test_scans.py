from dataclasses import replace

import numpy as np
import pytest

from pages.words.scans import stack_facts
from sandseg.scan.stack import Stack


@pytest.mark.parametrize(
    ("size", "aspect", "said"),
    [
        (2.23, (1, 1, 1), "voxel size 2.23 µm,"),
        (2.23, (5 / 2.23, 1, 1), "voxels of 2.23 × 2.23 µm, slices 5 µm apart,"),
        (2, (1, 1.5, 1), "voxels of 2 × 3 µm, slices 2 µm apart,"),
        (None, (2, 1, 1), "voxel size unknown,"),
    ],
)
def test_uneven_voxels_are_said_beside_the_size_of_a_pixel(size, aspect, said):
    stack = Stack.from_array(np.zeros((2, 4, 5), np.uint8), voxel_size_um=size)

    assert said in stack_facts(replace(stack, aspect=aspect))
