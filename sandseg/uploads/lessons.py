"""Where the strokes of a lesson lie: beside the upload they are painted on, else by themselves.

visit/lesson/                   on a sample
visit/upload/lessons/lesson/    on an upload

The names cannot be guessed, and whoever has the link finds the strokes again. They outlive the
visit, count to what it may keep, and are swept by age as uploads are.
"""

import re
import secrets
from pathlib import Path

from sandseg.atomic import is_own_file
from sandseg.uploads import workspace
from sandseg.uploads.kept import HELD, Upload

LESSONS = "lessons"
RUNS = "runs.txt"  # trainings that were begun from a lesson, a line each
_RUN = re.compile(r"[\w.-]{1,64}")
ROOM_BYTES = 2**20  # asked for at a time: to add up all files at each stroke would be slow
_ID = re.compile(r"[\w-]{20,64}\.[\w-]{20,64}(\.[\w-]{20,64})?")


def new_lesson(visit: Path, upload: Upload | None = None) -> str:
    """Return the id of a new lesson; nothing is made before something is painted."""
    owner = upload.id if upload else visit.name
    return f"{owner}.{secrets.token_urlsafe(16)}"


def lesson_folder(lesson_id: str) -> Path | None:
    """Return where the strokes of a lesson lie or will lie; None where this is no id of one."""
    if not _ID.fullmatch(lesson_id):
        return None
    visit, first, *rest = lesson_id.split(".")
    folder = workspace.work_folder() / visit / first
    return folder / LESSONS / rest[0] if rest else folder


def is_of(lesson_id: str, upload: Upload | None) -> bool:
    """Whether a lesson belongs to an upload, or to none."""
    owner, _, _ = lesson_id.rpartition(".")
    return owner == upload.id if upload else "." not in owner


def open_folder(lesson_id: str) -> Path:
    """Make the folder of a lesson, to be kept beyond its visit; do nothing where it is there.

    Raises:
        SandsegError: There is no room for it.
    """
    folder = lesson_folder(lesson_id)
    if folder.is_dir():
        return folder
    workspace.require_room(folder, ROOM_BYTES)
    visit, first = lesson_id.split(".")[:2]
    held = workspace.work_folder() / visit / first
    if not held.is_dir():
        workspace.new_folder(held.parent, held.name)
    with workspace.writing():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (held / HELD).touch()
    return folder


def note_run(lesson_id: str, run_id: str) -> None:
    """Note that a training was begun from a lesson, so that whoever comes back finds it.

    Raises:
        SandsegError: There is no room for it.
    """
    with workspace.writing(), (open_folder(lesson_id) / RUNS).open("a", encoding="ascii") as file:
        file.write(f"{run_id}\n")


def runs_of(lesson_id: str) -> tuple[str, ...]:
    """Return the trainings that were begun from a lesson, in their order."""
    folder = lesson_folder(lesson_id)
    path = folder / RUNS if folder else None
    if not path or not is_own_file(path):
        return ()
    lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    return tuple(line for line in lines if _RUN.fullmatch(line))
