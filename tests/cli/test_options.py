from typing import get_args

import pytest

from sandseg.cli import options

NAMES = [name for name in vars(options) if name.endswith(("Option", "Argument"))]


@pytest.mark.parametrize("name", NAMES)
def test_every_option_says_what_it_is_for_in_one_line(name):
    _, described = get_args(getattr(options, name))

    assert 5 < len(described.help) <= 100
    assert described.help.endswith(".")
