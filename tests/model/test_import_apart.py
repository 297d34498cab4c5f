"""The process itself; `tests/cli/test_add_model.py` takes real networks over in it."""

import pytest

from sandseg.errors import ConfigError, ModelError
from sandseg.model import import_apart as apart
from sandseg.model.foreign import Known
from sandseg.model.store import load_model


@pytest.fixture
def like(grey_model_folder):
    return load_model("grey", grey_model_folder)


@pytest.fixture
def process_says(monkeypatch):
    """Let the process say this, whatever it was asked."""

    def say(answer):
        monkeypatch.setattr(apart, "ask_apart", lambda *_, **__: answer)

    return say


@pytest.mark.parametrize(
    "said", [b"", b"{", b"[]", b"null", b'{"classes": 3}', b'{"classes": [{"x": 1}]}']
)
def test_a_process_that_ends_or_babbles_is_an_error_of_the_file(tmp_path, like, process_says, said):
    process_says(said)

    with pytest.raises(ModelError, match=r'"a\.keras" cannot be taken over') as caught:
        apart.import_apart(tmp_path / "a.keras", tmp_path / "models/a", like, Known())
    assert caught.value.hint
    assert list((tmp_path / "models").iterdir()) == []


def test_a_refusal_comes_through_as_what_it_is(tmp_path, like, process_says):
    process_says(b'{"kind": "config", "message": "Two classes.", "hint": "Name four."}')

    with pytest.raises(ConfigError, match=r"Two classes\."):
        apart.import_apart(tmp_path / "a.keras", tmp_path / "models/a", like, Known())


def test_a_process_that_made_nothing_whole_adds_no_model(tmp_path, like, process_says):
    process_says(b'{"n_parameters": 1, "stride": 1, "ends_with": "logits", "classes": []}')

    with pytest.raises(ModelError, match='There is no model "a"'):
        apart.import_apart(tmp_path / "a.keras", tmp_path / "models/a", like, Known())
    assert list((tmp_path / "models").iterdir()) == []


@pytest.mark.slow  # loads TensorFlow
def test_a_file_that_is_no_network_is_refused_there(tmp_path, like):
    (tmp_path / "a.keras").write_bytes(b"nothing")

    with pytest.raises(ModelError, match=r'"a\.keras" is no \.keras file') as caught:
        apart.import_apart(tmp_path / "a.keras", tmp_path / "models/a", like, Known())
    assert str(tmp_path) not in caught.value.message
