"""SECURITY.md says what is so: the tests it names exist."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "SECURITY.md").read_text()


def test_every_test_it_names_exists():
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", TEXT)

    assert len(named) > 20
    for file, test in named:
        assert f"def {test}(" in (ROOT / "tests" / file).read_text(), f"{file}::{test}"
