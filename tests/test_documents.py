"""SECURITY.md says what is so: each line names a test, and the tests exist."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "SECURITY.md").read_text()


def test_every_test_it_names_exists():
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", TEXT)

    assert len(named) > 20
    for file, test in named:
        assert f"def {test}(" in (ROOT / "tests" / file).read_text(), f"{file}::{test}"


def test_every_threat_names_a_test_that_shows_what_stops_it():
    table = TEXT.partition("| who | what | what stops it | shown by |\n")[2].partition("\n\n")[0]
    rows = [line.strip("|").split("|") for line in table.splitlines()[1:]]

    assert len(rows) > 30
    for row in rows:
        assert len(row) == 4, row
        assert "::test_" in row[3], row
