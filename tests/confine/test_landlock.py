import pytest

from sandseg.confine import landlock

needs = pytest.mark.skipif(landlock.version() < 2, reason="The kernel lacks Landlock, or its new.")
CODE = """
from sandseg.confine.kernel import PR_SET_NO_NEW_PRIVS, prctl
from sandseg.confine.landlock import restrict
top, makes_folders = Path(sys.argv[1]), sys.argv[2] == "True"
prctl(PR_SET_NO_NEW_PRIVS, 1)
restrict([top / "read", top / "nowhere"], [top / "write"], makes_folders=makes_folders)
deeds = {
    "read": lambda: (top / "read/file").read_text(),
    "read elsewhere": lambda: (top / "other/file").read_text(),
    "read above": lambda: os.listdir(top),
    "write": lambda: (top / "write/new").write_text("12"),
    "write where it reads": lambda: (top / "read/new").write_text("12"),
    "write elsewhere": lambda: (top / "other/file").write_text("12"),
    "link": lambda: (top / "write/link").symlink_to(top / "other/file"),
    "make a folder": lambda: (top / "write/folder").mkdir(),
    "remove": lambda: (top / "write/old").unlink(),
    "remove elsewhere": lambda: (top / "other/file").unlink(),
}
said = {name: outcome(deed) for name, deed in deeds.items()}
"""


@pytest.fixture
def top(tmp_path):
    for name in ("read", "write", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / ("old" if name == "write" else "file")).write_text("text")
    return tmp_path


@needs
@pytest.mark.parametrize("makes_folders", [False, True])
def test_only_named_places_are_reached_each_as_it_is_named(in_a_child, top, makes_folders):
    said = in_a_child(CODE, top, makes_folders)

    done = {name: what for name, what in said.items() if what.startswith("done")}
    folder = {"make a folder": "done: None"} if makes_folders else {}
    assert done == {
        **{"read": "done: text", "write": "done: 2", "remove": "done: None"},
        **folder,
    }
    assert {what for name, what in said.items() if name not in done} == {"PermissionError"}
    assert (top / "other/file").read_text() == "text"


@needs
def test_a_folder_to_write_in_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        landlock.restrict([], [tmp_path / "nowhere"])

    (tmp_path / "still").write_text("free")  # nothing was taken away


def test_where_the_kernel_has_none_no_version_is_offered(monkeypatch):
    monkeypatch.setattr(landlock, "architecture", lambda: None)

    assert landlock.version() == 0
