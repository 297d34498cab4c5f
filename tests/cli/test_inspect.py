from dataclasses import replace

import numpy as np
import pytest

from sandseg.cli.inspect import facts_rows, stack_facts
from sandseg.errors import StackError
from sandseg.scan.choices import Choice, Choices
from sandseg.scan.stack import Stack


def test_everything_known_of_a_stack_is_told(rng):
    stack = Stack.from_array(rng.integers(3, 99, (5, 20, 30)).astype(np.uint8), "rock", 2.5)
    choices = Choices(channel=Choice(("red", "green"), 1))
    stack = replace(stack, choices=choices, notes=("A guess.",))

    facts = stack_facts(stack)

    assert (facts["name"], facts["shape"], facts["dtype"]) == ("rock", [5, 20, 30], "uint8")
    assert facts["grey_range_middle_slice"] == [
        stack.read_slice(2).min(),
        stack.read_slice(2).max(),
    ]
    assert facts["choices"] == {"channel": {"names": ("red", "green"), "chosen": 1}}
    rows = facts_rows(facts)
    assert ("voxel size", "2.5 µm") in rows
    assert ("--channel", "1: red; 2: green") in rows
    assert rows[-1] == ("note", "A guess.")


def test_what_cannot_be_segmented_is_described_all_the_same():
    facts = stack_facts(Stack.from_array(np.full((4, 5), np.nan)))

    assert facts["grey_range_middle_slice"] == []
    assert "cannot be segmented" in facts["notes"][-1]
    assert ("voxel size", "unknown") in facts_rows(facts)


def test_damaged_pixels_are_no_facts():
    def damaged(_):
        raise StackError("The slice is damaged.", "Export it again.")

    with pytest.raises(StackError, match="The slice is damaged"):
        stack_facts(Stack("rock", (1, 4, 5), np.uint8, damaged))
