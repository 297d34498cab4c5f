import pytest

from sandseg.errors import FILE, StackError
from sandseg.scan.damage import UNREADABLE, reading


@pytest.mark.parametrize("error_type", UNREADABLE)
def test_every_error_of_the_decoders_becomes_one_sentence(error_type):
    with pytest.raises(StackError, match=f'"{FILE}"') as caught, reading():
        raise error_type("some detail")
    assert caught.value.hint
