import pytest

from sandseg.errors import SandsegError
from sandseg.runs.segmentation import end_visit
from sandseg.uploads import kept, workspace
from sandseg.uploads.kept import Upload
from sandseg.uploads.lessons import (
    RUNS,
    is_of,
    lesson_folder,
    new_lesson,
    note_run,
    open_folder,
    runs_of,
)


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    monkeypatch.setenv("SANDSEG_WORK", str(tmp_path / "work"))
    return tmp_path / "work"


@pytest.fixture
def upload():
    folder = workspace.new_folder(workspace.new_visit())
    stack = folder / "stack-0" / "stack.tif"
    stack.parent.mkdir()
    stack.touch()
    return Upload(f"{folder.parent.name}.{folder.name}", "scan.tif", stack)


def test_nothing_is_made_before_something_is_painted(work):
    new_lesson(workspace.new_visit())

    assert not any(work.iterdir())


def test_strokes_on_an_upload_lie_beside_it(upload):
    lesson = new_lesson(workspace.new_visit(), upload)

    assert upload.folder in open_folder(lesson).parents
    assert is_of(lesson, upload)
    assert not is_of(lesson, None)


def test_strokes_on_a_sample_belong_to_no_upload(upload):
    lesson = new_lesson(workspace.new_visit())

    assert is_of(lesson, None)
    assert not is_of(lesson, upload)


def test_the_end_of_a_visit_leaves_strokes_and_what_they_are_on(upload):
    visit = workspace.new_visit()
    folders = [open_folder(new_lesson(visit)), open_folder(new_lesson(visit, upload))]

    end_visit(visit)
    end_visit(upload.folder.parent)

    assert all(folder.is_dir() for folder in folders)
    assert upload.path.is_file()


def test_strokes_are_swept_by_age(work):
    visit = workspace.new_visit()
    folder = open_folder(new_lesson(visit))
    workspace.end_serving(visit)

    assert workspace.sweep(max_age_s=0, now=folder.stat().st_mtime + 10) == 1
    assert not (work / visit.name).exists()


def test_strokes_count_to_what_a_visit_may_keep(monkeypatch):
    monkeypatch.setenv("SANDSEG_QUOTA_SESSION", "1000")

    with pytest.raises(SandsegError, match="a visit may hold"):
        open_folder(new_lesson(workspace.new_visit()))


@pytest.mark.parametrize(
    "lesson", ["", "x", "../../etc/passwd", f"{'a' * 22}", f"{'a' * 22}.{'b' * 22}/..", "a.b.c.d"]
)
def test_what_is_no_id_leads_nowhere(lesson):
    assert lesson_folder(lesson) is None


def test_a_lesson_is_no_upload():
    lesson = new_lesson(workspace.new_visit())
    open_folder(lesson)

    assert kept.find(lesson) is None


def test_trainings_begun_from_a_lesson_are_found_again():
    lesson = new_lesson(workspace.new_visit())
    assert runs_of(lesson) == ()

    for run in ("20260101-120000-abcd", "20260102-120000-ef01"):
        note_run(lesson, run)

    assert runs_of(lesson) == ("20260101-120000-abcd", "20260102-120000-ef01")
    with (lesson_folder(lesson) / RUNS).open("a") as file:
        file.write("../elsewhere\nno run\n")
    assert len(runs_of(lesson)) == 2
    assert runs_of("../../etc") == ()
