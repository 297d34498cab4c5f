import csv
import io

import numpy as np

from sandseg.export.tables import fractions_csv


def test_the_table_has_a_row_for_each_slice_and_the_pores_sum():
    text = fractions_csv(np.array([[0.25, 0.125, 0.5, 0.125], [np.nan] * 4]), first_slice=3)

    assert list(csv.DictReader(io.StringIO(text))) == [
        {
            "slice": "4",
            "air": "0.250000",
            "clay": "0.125000",
            "quartz": "0.500000",
            "pyrite": "0.125000",
            "porosity": "0.250000",
        },
        dict.fromkeys(["air", "clay", "quartz", "pyrite", "porosity"], "") | {"slice": "5"},
    ]
