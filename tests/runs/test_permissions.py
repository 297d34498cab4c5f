import pytest

from sandseg.errors import ConfigError, TrainingError
from sandseg.ownership import sign
from sandseg.runs.permissions import (
    NOBODY,
    TrainingRules,
    Visitor,
    is_teacher,
    may_change,
    may_start,
    require_right,
    require_start,
    require_teacher,
    require_training,
    training_rules,
)

NAMES = (
    "SANDSEG_TRAINING",
    *(f"SANDSEG_TRAINING_{n}" for n in ("TOKEN", "MAX_QUEUE", "MAX_HOURS")),
)
TEACHER, OWNER, GUEST = Visitor("secret"), Visitor(key="mine"), Visitor(key="another")


@pytest.fixture(autouse=True)
def _no_rules(monkeypatch):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def owned(tmp_path):
    sign(tmp_path, "mine")
    return tmp_path


def test_without_a_word_from_the_operator_all_may_train():
    assert training_rules() == TrainingRules(True, False, False, 4, 24.0)
    require_training()
    require_start(NOBODY)


def test_the_operator_decides(monkeypatch):
    for name, value in zip(NAMES, ("off", "secret", "2", "0.5"), strict=True):
        monkeypatch.setenv(name, value)

    assert training_rules() == TrainingRules(False, False, False, 2, 0.5)


@pytest.mark.parametrize("value", ["many", "-1", "0", "nan", "inf"])
@pytest.mark.parametrize("name", NAMES[2:])
def test_a_number_that_is_none_is_named(monkeypatch, name, value):
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigError, match=f'{name} is "{value}"'):
        training_rules()


@pytest.mark.parametrize("token", ["", "Secret", "secret ", "sécret"])
def test_only_the_token_itself_opens(monkeypatch, token):
    monkeypatch.setenv("SANDSEG_TRAINING_TOKEN", "secret")

    require_start(TEACHER)
    require_teacher(TEACHER)
    with pytest.raises(TrainingError, match="need a token") as caught:
        require_start(Visitor(token))
    assert "Enter the token" in caught.value.hint
    with pytest.raises(TrainingError, match="whoever runs this server"):
        require_teacher(Visitor(token))


def test_where_there_is_no_token_nobody_is_the_teacher():
    assert not is_teacher(NOBODY)
    assert not is_teacher(Visitor("guessed"))


@pytest.mark.parametrize("word", ["off", "none", "disabled", "0"])
def test_the_right_token_does_not_switch_training_on(monkeypatch, word):
    monkeypatch.setenv("SANDSEG_TRAINING", word)
    monkeypatch.setenv("SANDSEG_TRAINING_TOKEN", "secret")

    for require in (require_training, lambda: require_start(TEACHER)):
        with pytest.raises(TrainingError, match="switched off"):
            require()
    assert not may_start(TEACHER)


def test_where_it_is_open_all_may_train_and_the_token_is_still_the_teachers(monkeypatch, owned):
    monkeypatch.setenv("SANDSEG_TRAINING", "open")
    monkeypatch.setenv("SANDSEG_TRAINING_TOKEN", "secret")

    assert may_start(GUEST)
    assert not may_change(owned, GUEST)
    assert may_change(owned, TEACHER)


@pytest.mark.parametrize("token", ["", "secret"])
def test_what_a_visitor_began_is_theirs_and_the_teachers(monkeypatch, owned, token):
    monkeypatch.setenv("SANDSEG_TRAINING_TOKEN", token)

    require_right(owned, OWNER)
    with pytest.raises(TrainingError, match="another visitor"):
        require_right(owned, GUEST)
    assert may_change(owned, TEACHER) == bool(token)


def test_what_nobody_signed_is_everybodys_only_without_a_token_and_while_training_is_on(
    monkeypatch, tmp_path
):
    assert may_change(tmp_path, GUEST)
    monkeypatch.setenv("SANDSEG_TRAINING", "off")
    assert not may_change(tmp_path, GUEST)
    monkeypatch.setenv("SANDSEG_TRAINING", "on")
    monkeypatch.setenv("SANDSEG_TRAINING_TOKEN", "secret")
    assert not may_change(tmp_path, GUEST)
    assert may_change(tmp_path, TEACHER)


def test_a_token_is_in_no_message_about_a_visitor():
    assert "secret" not in repr(Visitor("secret", "mine"))
    assert "mine" not in repr(Visitor("secret", "mine"))
