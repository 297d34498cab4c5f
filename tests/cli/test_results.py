import pytest

from sandseg.cli.results import composition_line, connection_line, print_scores, with_interval

FOUND = {
    "shape": [4, 9, 9],
    "porosity": 0.118,
    "open_porosity": 0.1175,
    "closed_porosity": 0.0005,
    "connected_porosity": {"z": 0.948, "y": 0.0, "x": None},
    "connected_box": {"z": [1, 4], "y": [1, 9], "x": [1, 9]},
    "connected_note": "",
    "phase_fractions": {"air": 0.118, "quartz": None},
    "porosity_interval_95": [0.08, 0.15],
    "unseen_fraction": 0.0,
    "sample_fraction": 0.5,
}


def test_what_the_sample_is_made_of_is_one_line():
    assert composition_line(FOUND) == (
        "Of the sample: air 11.8%, quartz unknown; porosity 11.8% (95 % interval for sampling 8.0% "
        "to 15.0%); the sample fills 50.0% of the picture"
    )


def test_how_the_pores_hang_together_is_one_line():
    assert connection_line(FOUND) == (
        "Open porosity 11.8%, closed 0.1%; of the pores lead through along z 94.8%, y 0.0%, x none"
    )


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"open_porosity": None, "connected_note": "its slices lie apart"},
            "Which pores are connected is not known: its slices lie apart.",
        ),
        (
            {"connected_box": None, "connected_note": "no box"},
            "Open porosity 11.8%, closed 0.1%; what leads through is not known: no box",
        ),
        ({"shape": [1, 9, 9]}, ""),
        ({"porosity": None}, ""),
    ],
)
def test_what_is_not_known_has_a_word_why(changes, line):
    assert connection_line(FOUND | changes) == line


def test_scores_have_three_decimals_and_their_interval():
    assert with_interval(0.9521, [0.9482, 0.9551]) == "0.952 (0.948-0.955)"
    assert with_interval(0.9999, [0.9998, 1.0]) == "0.999 (0.999-1.000)"
    assert with_interval(0.5, [None, None]) == "0.500"
    assert with_interval(None, [None, None]) == "none"


def test_a_class_that_is_absent_is_said_to_be(capsys):
    known = {"air": 0.5, "clay": None}
    print_scores(
        {"iou": known, "dice": known, "precision": known, "recall": known}
        | {"iou_interval_95": {"air": [0.4, 0.6], "clay": [None, None]}}
        | {"mean_iou": 0.5, "mean_iou_interval_95": [0.4, 0.6], "accuracy": 0.75}
        | {"scores_of": "sample"}
    )

    printed = capsys.readouterr().out
    assert "0.500 (0.400-0.600)" in printed
    assert "absent" in printed
    assert "mean IoU 0.500 (0.400-0.600), accuracy 0.750 (of the sample)" in printed
