import numpy as np
import pytest

from sandseg.errors import TeachError
from sandseg.teach.painting.parting import dealt_out, stroke_numbers
from tests.lessons import made_up_stack, strokes_on


def test_a_stroke_is_what_hangs_together_in_one_class():
    values = np.zeros((9, 12), np.uint8)
    values[1, 1:4] = values[2, 4] = 1  # joined at a corner
    values[5, 5:8] = 1
    values[6, 5:8] = 2

    numbers = stroke_numbers(values)

    assert set(np.unique(numbers)) == {0, 1, 2, 3}
    assert len(set(numbers[values == 1])) == 2
    assert numbers[1, 1] == numbers[2, 4]


def test_whole_strokes_are_dealt_out_and_none_is_lost():
    strokes = strokes_on(made_up_stack()[1], (0, 2))
    slices = {0: strokes[0], 2: strokes[2]}

    dealt = dealt_out(slices, 3)

    for z, values in slices.items():
        assert (dealt[z].sum(axis=0) == values).all()
        assert ((dealt[z] > 0).sum(axis=0) == (values > 0)).all()
        numbers = stroke_numbers(values)
        for number in range(1, numbers.max() + 1):
            assert len({tuple(row) for row in (dealt[z] > 0)[:, numbers == number].T}) == 1
    for purpose in range(3):
        painted = set(np.unique(np.stack([parts[purpose] for parts in dealt.values()])))
        assert painted >= {1, 2, 3}


def test_too_few_strokes_to_hold_any_back_are_refused():
    strokes = strokes_on(made_up_stack()[1], (0,), n=8)[0]
    strokes[strokes == 2] = 0

    with pytest.raises(TeachError, match="Class 2 has 0 strokes"):
        dealt_out({0: strokes}, 3)
