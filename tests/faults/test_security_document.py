"""SECURITY.md says what is so: its tests exist, and its table holds every setting."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "SECURITY.md").read_text()
SETTING = re.compile(r"SANDSEG_[A-Z_]*[A-Z](?![A-Z_])")


def test_every_test_it_names_exists():
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", TEXT)

    assert len(named) > 20
    for file, test in named:
        assert f"def {test}(" in (ROOT / "tests" / file).read_text(), f"{file}::{test}"


def test_its_table_holds_every_setting_of_the_code_and_no_other():
    read = set()
    for path in (
        *ROOT.glob("sandseg/**/*.py"),
        *ROOT.glob("pages/**/*.py"),
        *ROOT.glob("tests/**/*.py"),
    ):
        if path != Path(__file__):
            read |= set(SETTING.findall(path.read_text()))

    assert set(re.findall(r"^\| `(SANDSEG_\w+)` \|", TEXT, re.MULTILINE)) == read
