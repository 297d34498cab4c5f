import numpy as np
import pytest

from sandseg.classes import IGNORED
from sandseg.errors import LabelError
from sandseg.scan.labels.coding import coding_of


@pytest.mark.parametrize("n_classes", range(2, 9))
def test_all_classes_from_0_or_from_1_leave_no_doubt(n_classes):
    for first in (0, 1):
        coding = coding_of(np.arange(n_classes) + first, n_classes)

        assert [coding.labels[value + first] for value in range(n_classes)] == [*range(n_classes)]
        assert not coding.note


def test_what_was_guessed_is_said():
    assert "counted from 0" in coding_of(np.array([0, 1, 2]), 4).note
    assert "two classes" in coding_of(np.array([0, IGNORED]), 2).note


@pytest.mark.parametrize("values", [[1], [3], [1, 2], [2, 3, IGNORED]])
def test_without_the_first_and_the_last_class_it_is_asked(values):
    with pytest.raises(LabelError, match="can be read in two ways"):
        coding_of(np.array(values), 4)


@pytest.mark.parametrize("value", [np.inf, -np.inf, 0.5])
def test_what_is_no_whole_number_is_no_label(value):
    with pytest.raises(LabelError, match="holds fractions or infinity"):
        coding_of(np.array([0, 1, np.nan, value]), 4)
