import pytest

from sandseg.errors import ConfigError
from sandseg.settings import DEFAULT_BYTES, QUOTA_SESSION, quota


@pytest.mark.parametrize("text", ["plenty", "inf", "nan"])
def test_a_quota_that_is_no_number_is_named(text, monkeypatch):
    monkeypatch.setenv(QUOTA_SESSION, text)

    with pytest.raises(ConfigError, match=f'{QUOTA_SESSION} is "{text}"'):
        quota(QUOTA_SESSION)


def test_an_empty_setting_is_none(monkeypatch):
    monkeypatch.setenv(QUOTA_SESSION, "")

    assert quota(QUOTA_SESSION) == DEFAULT_BYTES[QUOTA_SESSION]
