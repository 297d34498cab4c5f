import csv
import io

import pandas as pd

from sandseg.export.tables import fractions_csv

HALF = {"air": 0.5, "quartz": 0.5}
REPORT = {
    "source": 'a, "b".tif',
    "spacing_zyx_um": [3.5, 2.0, 1.5],
    "sample_fraction": 0.5,
    "porosity": 0.123457,
    "open_porosity": 0.1,
    "closed_porosity": 0.023457,
    "connected_porosity": {"z": 0.9, "y": None, "x": 0.0},
    "model": "grey",
    "model_sha256": "0" * 64,
    "grey": {"low": 0.0, "high": 65535.0, "kind": "identity"},
    "rescaled_by": 1.0,
    "sample": "auto",
    "drift_evened_out": 0,
    "domain": {"verdict": "do not trust"},
    "sandseg_version": "0.1.0",
    "created": "2024-01-01T00:00:00+00:00",
    "command": "python -m sandseg segment 'a, \"b\".tif' -o labels.tif",
    "slices": [
        {
            "slice": "0300",
            "phase_fractions": {"air": 0.123457, "quartz": 0.876543},
            "porosity": 0.123457,
            "sample_fraction": 0.625,
            "picture_fractions": HALF,
        },
        {
            "slice": "0301",
            "phase_fractions": {"air": None, "quartz": None},
            "porosity": None,
            "sample_fraction": 0.0,
            "picture_fractions": {"air": 1.0, "quartz": 0.0},
        },
    ],
}


def test_each_row_says_what_the_slice_is_made_of_and_where_it_comes_from():
    first, second = csv.DictReader(io.StringIO(fractions_csv(REPORT)))

    assert {name: first[name] for name in list(first)[:7]} == {
        "slice": "0300",
        "air": "0.123457",
        "quartz": "0.876543",
        "porosity": "0.123457",
        "sample_fraction": "0.625000",
        "picture: air": "0.500000",
        "picture: quartz": "0.500000",
    }
    assert (second["slice"], second["porosity"], second["air"]) == ("0301", "", "")
    assert {first[name] == second[name] for name in list(first)[7:]} == {True}
    assert (first["file"], first["command"]) == (REPORT["source"], REPORT["command"])


def test_pandas_reads_it_to_the_last_digit_and_names_carry_units():
    table = pd.read_csv(io.StringIO(fractions_csv(REPORT)), dtype={"slice": str})

    assert list(table["slice"]) == ["0300", "0301"]
    assert table["porosity"][0] == REPORT["slices"][0]["porosity"]
    assert pd.isna(table["porosity"][1])
    assert table["stack_open_porosity"].tolist() == [0.1, 0.1]
    assert table["stack_connected_porosity_y"].isna().all()
    sizes = [table[f"voxel_size_{axis}_um"][0] for axis in "xyz"]
    assert sizes == [1.5, 2.0, 3.5]
    assert table["file"][0] == REPORT["source"]
    assert table["white_grey_value"].dtype.kind == "f"
    assert {"verdict", "model_sha256", "sandseg_version", "created"} <= set(table)
    assert table.columns.is_unique


def test_what_is_not_known_is_an_empty_cell():
    text = fractions_csv(REPORT | {"spacing_zyx_um": None})

    assert pd.read_csv(io.StringIO(text))["voxel_size_x_um"].isna().all()


def test_no_cell_is_a_formula_in_a_spreadsheet():
    names = ["=HYPERLINK(1)", "@class", "quartz"]
    shares = dict.fromkeys(names, 0.25)
    rows = [{**REPORT["slices"][0], "phase_fractions": shares, "picture_fractions": shares}]
    report = REPORT | {"source": "=cmd.tif", "slices": rows}

    table = list(csv.reader(io.StringIO(fractions_csv(report))))

    cells = [cell for row in table for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "@", "+"))]
    assert {"'=HYPERLINK(1)", "'=cmd.tif", "quartz"} <= {*cells}
