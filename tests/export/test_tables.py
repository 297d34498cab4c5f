import csv
import io

from sandseg.export.tables import fractions_csv


def test_each_row_says_what_the_slice_is_made_of_and_where_it_comes_from():
    half = {"air": 0.5, "quartz": 0.5}
    nothing = {"air": None, "quartz": None}
    rows = [
        {
            "slice": "0300",
            "phase_fractions": {"air": 0.25, "quartz": 0.75},
            "porosity": 0.25,
            "sample_fraction": 0.625,
            "picture_fractions": half,
        },
        {
            "slice": "0301",
            "phase_fractions": nothing,
            "porosity": None,
            "sample_fraction": 0.0,
            "picture_fractions": {"air": 1.0, "quartz": 0.0},
        },
    ]

    text = fractions_csv(rows, {"file": 'a, "b".tif', "voxel_size_um": None})

    first, second = csv.DictReader(io.StringIO(text))
    assert first == {
        "slice": "0300",
        "air": "0.250000",
        "quartz": "0.750000",
        "porosity": "0.250000",
        "sample_fraction": "0.625000",
        "picture: air": "0.500000",
        "picture: quartz": "0.500000",
        "file": 'a, "b".tif',
        "voxel_size_um": "",
    }
    assert (second["slice"], second["porosity"], second["air"]) == ("0301", "", "")
