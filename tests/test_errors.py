import inspect

import pytest

from sandseg import errors
from sandseg.errors import FILE, ConfigError, SandsegError, StackError, named

FAMILY = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if kind.__module__ == "sandseg.errors"
]


@pytest.mark.parametrize("kind", FAMILY)
def test_every_error_of_the_family_is_caught_as_one_and_says_what_to_do(kind):
    with pytest.raises(SandsegError, match="The sky is green") as caught:
        raise kind("The sky is green.", hint="Look again.")

    assert caught.value.message == str(caught.value) == "The sky is green."
    assert caught.value.hint == "Look again."


def test_there_are_errors_for_stacks_labels_settings_models_and_trainings():
    names = {kind.__name__ for kind in FAMILY}

    assert {"StackError", "LabelError", "ConfigError", "ModelError", "TrainingError"} <= names


def test_the_hint_may_be_missing():
    assert SandsegError("Something is wrong.").hint == ""


def test_a_wrong_setting_is_a_value_error_too():
    assert issubclass(ConfigError, ValueError)


def test_an_error_is_about_the_innermost_file_that_was_named():
    with pytest.raises(StackError) as caught, named("scan.zip"), named("slice.tif"):
        raise StackError(f'"{FILE}" is damaged.', hint=f'Leave "{FILE}" out.')

    assert caught.value.message == str(caught.value) == '"slice.tif" is damaged.'
    assert caught.value.hint == 'Leave "slice.tif" out.'


def test_a_bug_is_not_named():
    with pytest.raises(ZeroDivisionError), named("rock.tif"):
        raise ZeroDivisionError
