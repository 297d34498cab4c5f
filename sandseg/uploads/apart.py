"""Several scans that came together: each becomes an upload of its own."""

from pathlib import Path

from sandseg.atomic import write_json
from sandseg.errors import SandsegError
from sandseg.uploads import workspace
from sandseg.uploads.decode_guard import unpack
from sandseg.uploads.kept import NAMES, originals

MOST_SCANS = 20  # at once: each takes a process to open


def take_apart(folder: Path) -> list[Path]:
    """Give each file of an upload, or in the ZIP that it is, an upload of its own.

    Args:
        folder: As `kept.keep` returned it; it is gone afterwards.

    Returns:
        The folders of the new uploads; see `kept.open_kept`.

    Raises:
        SandsegError: There are too many of them, or there is no room.
    """
    files = originals(folder)
    if len(files) == 1:
        workspace.require_room(folder, sum(path.stat().st_size for path in files.values()))
        files = unpack(files, folder)
    if len(files) > MOST_SCANS:
        raise SandsegError(
            f"These are {len(files)} files; at most {MOST_SCANS} scans can be opened at once.",
            hint="Choose a few scans, or open the files as one stack of slices.",
        )
    made = []
    for name, path in files.items():
        place = workspace.new_folder(folder.parent)
        with workspace.writing():
            path.rename(place / "original-000")
            write_json(place / NAMES, {"original-000": Path(name).name})
        made.append(place)
    workspace.remove_folder(folder)
    return made
