import pytest

from sandseg.errors import ConfigError, TrainingError
from sandseg.runs.permissions import TrainingRules, check_token, require_training, training_rules

NAMES = (
    "SANDSEG_TRAINING",
    *(f"SANDSEG_TRAINING_{n}" for n in ("TOKEN", "MAX_QUEUE", "MAX_HOURS")),
)


@pytest.fixture(autouse=True)
def _no_rules(monkeypatch):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_without_a_word_from_the_operator_all_may_train():
    assert training_rules() == TrainingRules(True, False, 4, 24.0)
    require_training("")
    check_token("anything")


def test_the_operator_decides(monkeypatch):
    for name, value in zip(NAMES, ("off", "secret", "2", "0.5"), strict=True):
        monkeypatch.setenv(name, value)

    assert training_rules() == TrainingRules(False, True, 2, 0.5)


@pytest.mark.parametrize("value", ["many", "-1", "0", "nan", "inf"])
@pytest.mark.parametrize("name", NAMES[2:])
def test_a_number_that_is_none_is_named(monkeypatch, name, value):
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigError, match=f'{name} is "{value}"'):
        training_rules()


@pytest.mark.parametrize("token", ["", "Secret", "secret ", "sécret"])
def test_only_the_token_itself_opens(monkeypatch, token):
    monkeypatch.setenv("SANDSEG_TRAINING_TOKEN", "secret")

    check_token("secret")
    with pytest.raises(TrainingError, match="need a token") as caught:
        check_token(token)
    assert "Enter the token" in caught.value.hint


def test_the_right_token_does_not_switch_training_on(monkeypatch):
    monkeypatch.setenv("SANDSEG_TRAINING", "off")
    monkeypatch.setenv("SANDSEG_TRAINING_TOKEN", "secret")

    with pytest.raises(TrainingError, match="switched off"):
        require_training("secret")
