"""What is set wrongly is told when a server starts, not when a visitor trips over it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.server.settings_check import check_once, protect_trainings
from pages.server.warm_up import warm_up
from sandseg.errors import ConfigError
from sandseg.settings import TRAINING, TRAINING_TOKEN

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _never_checked():
    check_once.cache_clear()
    warm_up.clear()
    yield
    check_once.cache_clear()


@pytest.mark.slow
def test_a_server_with_a_setting_that_makes_no_sense_does_not_start():
    run = subprocess.run(
        [sys.executable, "-c", "import server"],
        cwd=ROOT,
        env={**os.environ, "SANDSEG_QUOTA_TOTAL": "abc"},
        capture_output=True,
        text=True,
    )

    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert 'error: SANDSEG_QUOTA_TOTAL is "abc", but a number of bytes is needed.\n' in run.stderr
    assert "hint: Start it with SANDSEG_QUOTA_TOTAL=" in run.stderr


def test_the_app_started_alone_shows_nothing_but_the_sentence(monkeypatch):
    monkeypatch.setenv("SANDSEG_TRAINING", "perhaps")

    for start in ("app.py", "pages/home.py"):
        at = AppTest.from_file(str(ROOT / start), default_timeout=60).run()

        assert not at.exception
        assert not at.title
        assert [error.value for error in at.error] == [
            'SANDSEG\\_TRAINING is "perhaps", but on, off or open is needed.'
        ]


def test_names_nobody_knows_are_told_in_the_log_once(monkeypatch, caplog):
    monkeypatch.setenv("SANDSEG_QOUTA_TOTAL", "5")

    check_once()
    check_once()

    [told] = [record for record in caplog.records if "SANDSEG_QOUTA_TOTAL" in record.message]
    assert "did you mean SANDSEG_QUOTA_TOTAL?" in told.message


def test_a_check_that_failed_is_made_again(monkeypatch):
    monkeypatch.setenv("SANDSEG_TRAINING", "perhaps")
    with pytest.raises(ConfigError):
        check_once()
    monkeypatch.setenv("SANDSEG_TRAINING", "off")

    check_once()


@pytest.mark.parametrize(
    ("address", "settings", "is_made"),
    [
        ("127.0.0.1", {}, False),
        ("localhost", {}, False),
        ("0.0.0.0", {}, True),  # noqa: S104 - what a teacher asks for
        (None, {}, True),
        ("192.168.1.7", {TRAINING_TOKEN.name: "mine"}, False),
        ("0.0.0.0", {TRAINING.name: "off"}, False),  # noqa: S104
    ],
)
def test_where_others_can_reach_the_server_trainings_need_a_token_that_is_printed(
    monkeypatch, capsys, address, settings, is_made
):
    for name in (TRAINING.name, TRAINING_TOKEN.name):
        monkeypatch.setenv(name, settings.get(name, ""))

    protect_trainings(address)

    token = TRAINING_TOKEN.read()
    assert bool(token) == (is_made or TRAINING_TOKEN.name in settings)
    assert (token in capsys.readouterr().out) == is_made or not is_made
