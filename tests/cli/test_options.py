from typing import get_args

import pytest
import typer
from typer.testing import CliRunner

from sandseg.cli import options
from sandseg.cli.options import reads_all, reads_slices, treats
from sandseg.config import Treatment
from sandseg.errors import SandsegError
from sandseg.scan.read_options import ReadOptions

DESCRIBED = {
    name: what for name, what in vars(options).items() if name.endswith(("Option", "Argument"))
} | {
    name: what
    for some in (options._READ, options._SLICES, options._TREATED)
    for name, (what, _) in some.items()
}


@pytest.mark.parametrize("name", DESCRIBED)
def test_every_option_says_what_it_is_for_in_one_line(name):
    _, described = get_args(DESCRIBED[name])

    assert 5 < len(described.help) <= 100
    assert described.help.endswith(".")


@pytest.fixture
def told():
    """What a command was given, and how to run it: with slices, and without."""
    found, app = [], typer.Typer()

    @app.command()
    @reads_slices
    @treats
    def some(name: str, read: ReadOptions, treatment: Treatment, is_loud: bool = False) -> None:
        found.append((name, read, treatment, is_loud))

    @app.command()
    @reads_all
    def whole(read: ReadOptions) -> None:
        found.append(read)

    def run(*words):
        found.clear()
        return CliRunner().invoke(app, words), found

    return run


def test_without_options_a_file_is_read_and_treated_as_usual(told):
    _, found = told("some", "rock")

    assert found == [("rock", ReadOptions(), Treatment(), False)]


def test_each_option_reaches_what_is_made_of_them(told):
    _, [(name, read, treatment, is_loud)] = told(
        "some", "rock", "--is-loud", "--series", "2", "--channel", "3", "--time", "4",
        "--slices", "5:6", "--voxel-size", "1.5", "--grey", "1,2", "--rescale", "--even",
        "--sample", "all", "--average",
    )  # fmt: skip

    assert (name, is_loud) == ("rock", True)
    chosen = {"series": 2, "channel": 3, "time": 4, "voxel_size_um": 1.5}
    assert read == ReadOptions.parse("5:6", "", **chosen)
    assert treatment == Treatment("1,2", True, True, "all", True)


def test_a_file_that_is_read_as_a_whole_takes_no_slices(told):
    result, found = told("whole", "--slices", "1:2")

    assert result.exit_code == 2
    assert not found
    assert told("whole", "--raw", "2x3x4,u1")[1] == [ReadOptions.parse("", "2x3x4,u1")]


def test_what_makes_no_sense_is_refused(told):
    result, found = told("some", "rock", "--raw", "nonsense")

    assert not found
    assert isinstance(result.exception, SandsegError)
