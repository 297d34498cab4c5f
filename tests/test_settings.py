import re
from pathlib import Path

import pytest

from sandseg import settings
from sandseg.errors import ConfigError
from sandseg.settings import SETTINGS, check_settings, data_folder, data_hint, sandstone_folders

ROOT = Path(__file__).resolve().parents[1]
BAD = {
    "SANDSEG_MAX_UPLOAD": ("plenty", "inf", "nan", "0"),
    "SANDSEG_QUOTA_TOTAL": ("abc", "-1"),
    "SANDSEG_MIN_FREE": ("-1",),
    "SANDSEG_MAX_SLICES": ("many", "0.5"),
    "SANDSEG_DECODE_S": ("0",),
    "SANDSEG_TRAINING": ("perhaps", "2", " "),
    "SANDSEG_TRAINING_MAX_HOURS": ("0",),
    "SANDSEG_MIRROR": ("ftp://example.org",),
}


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch):
    for setting in SETTINGS:
        if setting.name != "SANDSEG_CACHE":  # not the user's own
            monkeypatch.delenv(setting.name, raising=False)


@pytest.mark.parametrize(("name", "text"), [(n, text) for n in BAD for text in BAD[n]])
def test_a_setting_that_makes_no_sense_is_refused_with_its_name_and_an_example(
    name, text, monkeypatch
):
    monkeypatch.setenv(name, text)

    with pytest.raises(ConfigError, match=f'^{name} is "{text}", but .* is needed\\.$') as refused:
        check_settings()
    assert f"{name}=" in refused.value.hint


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_the_example_in_a_hint_is_one_that_works(setting):
    example = setting.example or str(setting.default)

    assert setting.parse(example) is not None


def test_what_is_not_set_or_empty_has_its_default(monkeypatch):
    for text in (None, ""):
        if text is not None:
            monkeypatch.setenv("SANDSEG_QUOTA_SESSION", text)
        assert settings.QUOTA_SESSION.read() == 10 * 10**9
        assert settings.QUOTA_SESSION.read(5) == 5
    monkeypatch.setenv("SANDSEG_QUOTA_SESSION", "2e9")
    assert settings.QUOTA_SESSION.read(5) == 2 * 10**9


@pytest.mark.parametrize("word", ["off", "OFF", "no", "False", "0", "disabled", "none", " off "])
def test_training_is_switched_off_by_any_word_for_it(word, monkeypatch):
    monkeypatch.setenv("SANDSEG_TRAINING", word)
    assert settings.TRAINING.read() == settings.OFF


@pytest.mark.parametrize("word", ["on", "On", "yes", "true", "1", "enabled"])
def test_training_is_switched_on_by_any_word_for_it(word, monkeypatch):
    monkeypatch.setenv("SANDSEG_TRAINING", word)
    assert settings.TRAINING.read() == settings.ON


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("SANDSEG_QOUTA_TOTAL", "did you mean SANDSEG_QUOTA_TOTAL?"),
        ("sandseg_training", "did you mean SANDSEG_TRAINING?"),
        ("SANDSEG_PINK", "README.md lists"),
    ],
)
def test_a_name_nobody_knows_is_told_and_the_nearest_one_named(name, advice, monkeypatch):
    assert check_settings() == ()
    monkeypatch.setenv(name, "5")

    [warning] = check_settings()

    assert warning.startswith(f"{name} is no setting of SandSeg")
    assert advice in warning


# ------------------------------------------------------------------------------- the real sandstone


@pytest.mark.parametrize("level", [".", "sandstone"])
def test_the_sandstone_is_found_by_its_folder_or_the_one_above(level, tmp_path, monkeypatch):
    (tmp_path / "sandstone" / "images").mkdir(parents=True)
    monkeypatch.setenv("SANDSEG_DATA", str(tmp_path / level))

    named, downloaded = sandstone_folders()

    assert named.samefile(tmp_path / "sandstone")
    assert downloaded == settings.cache_folder() / "sandstone"
    assert data_folder().samefile(tmp_path)
    assert data_hint("Look there.") == "Look there."
    assert check_settings() == ()


def test_a_folder_without_the_sandstone_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("SANDSEG_DATA", str(tmp_path))

    assert len(sandstone_folders()) == 1
    assert data_folder() == tmp_path
    assert "SANDSEG_DATA names a folder that holds neither sandstone/" in data_hint("Look there.")
    assert str(tmp_path) not in data_hint("")  # visitors see it
    [warning] = check_settings()
    assert str(tmp_path) in warning


# ------------------------------------------------------------------------------ one place for them


def test_no_other_module_reads_a_setting_from_the_environment():
    for path in (*ROOT.glob("sandseg/**/*.py"), *ROOT.glob("pages/**/*.py")):
        if path != Path(settings.__file__):
            assert not re.search(r"""["']SANDSEG_\w+["']""", path.read_text()), path


def test_every_setting_that_is_named_anywhere_is_in_the_table():
    named = set()
    made_up = {"SANDSEG_QOUTA_TOTAL", "SANDSEG_MODEL"}
    for folder in ("sandseg", "pages", "tests", "benchmarks", "models/recipes"):
        for path in ROOT.glob(f"{folder}/**/*.py"):
            if path != Path(__file__):
                named |= set(re.findall(r"SANDSEG_[A-Z_]*[A-Z](?![A-Z_{])", path.read_text()))
    for file in ("Dockerfile", "Makefile", ".streamlit/config.toml"):
        named |= set(re.findall(r"SANDSEG_[A-Z_]*[A-Z]", (ROOT / file).read_text()))

    assert named - made_up <= {setting.name for setting in SETTINGS}


@pytest.mark.parametrize("document", ["README.md", "SECURITY.md"])
def test_the_documents_hold_every_setting_as_it_is(document):
    rows = [
        line
        for line in (ROOT / document).read_text().splitlines()
        if line.startswith("| `SANDSEG_")
    ]

    assert rows == [f"| `{one.name}` | {one.meaning} | {one.usual} |" for one in SETTINGS]


def amount(text):
    """The number a default begins with: "2.2 GB (the container: 500 MB)"."""
    number, unit = re.match(r"([\d.,]+) ?(MB|GB|GiB)?", text).groups()
    return float(number.replace(",", "")) * {"MB": 1e6, "GB": 1e9, "GiB": 2**30}.get(unit, 1)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_the_default_that_is_told_is_the_one_in_force(setting):
    if type(setting.default) in (int, float):
        assert amount(setting.usual) == setting.default


def test_the_container_sets_what_the_table_says_of_it():
    texts = dict(re.findall(r"(SANDSEG_\w+)=(\S+)", (ROOT / "Dockerfile").read_text()))
    told = [one for one in SETTINGS if "the container: " in one.usual]

    assert {one.name for one in told} == {n for n in texts if "MAX" in n or "QUOTA" in n} | {
        "SANDSEG_MIN_FREE",
        "SANDSEG_TRAINING",
    }
    for setting in told:
        said = setting.usual.partition("the container: ")[2].rstrip(")").strip("`")
        wanted = said if said == "off" else amount(said)
        assert setting.parse(texts[setting.name]) == wanted
