"""What visitors bring: kept in a folder nobody can guess, and found again by whoever has its link.

visit/upload/original-000 …   the files as they came, as long as another part can be taken
visit/upload/names.json       how they are called
visit/upload/stack-0/         decoded to a plain stack, once for each way to open them
visit/upload/upload.json      what was understood
visit/upload/jobs/…           whole stacks segmented
"""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from sandseg.atomic import read_json, write_json
from sandseg.scan.choices import Choices, Selection
from sandseg.scan.raw.described import HEADER_SUFFIXES
from sandseg.scan.raw.layout import RawFormat
from sandseg.uploads import workspace
from sandseg.uploads.decode_guard import Wish, take_upload
from sandseg.uploads.receive import Arrived

NAMES, FACTS, JOBS, HELD = "names.json", "upload.json", "jobs", "held"
ENDED = "ended"  # in jobs/: begins the name of a run that its visitor ended
_ID = re.compile(r"[\w-]{20,64}\.[\w-]{20,64}")


@dataclass(frozen=True)
class Upload:
    """A stack somebody brought.

    `id` is the visit's and the upload's folder; `path` the plain stack; `notes` what was guessed,
    `warnings` what must be doubted, `choices` what else the file holds; `voxel_size_um` as the file
    says or as the visitor set it; `apart` why its slices may not lie directly on one another;
    `n_files` how many files it was, of which `header` describes the others, "" where none does;
    `layout` is how raw voxels lie in it, as they say.
    """

    id: str
    title: str
    path: Path
    notes: tuple[str, ...] = ()
    choices: Choices = Choices()
    voxel_size_um: float | None = None
    warnings: tuple[str, ...] = ()
    apart: str = ""
    n_files: int = 1
    layout: RawFormat | None = None
    header: str = ""

    @property
    def folder(self) -> Path:
        """The folder with all that belongs to it."""
        return self.path.parent.parent


def keep(files: Sequence[Arrived]) -> Path:
    """Make an upload of files that arrived together.

    Returns:
        The folder of the upload; see `open_kept`.

    Raises:
        SandsegError: There is no room for it.
    """
    folder = files[0].path.parent
    with workspace.writing():
        write_json(folder / NAMES, {file.path.name: file.name for file in files})
    return folder


def open_kept(
    folder: Path,
    selection: Mapping[str, int] | None = None,
    layout: RawFormat | None = None,
    is_one: bool = False,
) -> Upload:
    """Decode what was kept, in a process of its own.

    Args:
        folder: As `keep` returned it.
        selection: Which "series", "channel" or "time" to take; the reader decides on the others.
        layout: How raw voxels lie in each file; they are kept, for it may turn out to be another.
        is_one: Whether the visitor says that several files are one stack, whatever their names.

    Raises:
        AmbiguousStackError: The visitor must choose first; `choices` say from what.
        UnknownLayoutError: The visitor must say first how raw voxels lie.
        SeveralScansError: The visitor must say first whether several files are one stack.
        StackError: It is damaged, too large, or no stack.
    """
    sources = originals(folder)
    first, *others = sources
    title = f"{first} and {len(others)} more" if others else first
    place = folder / f"stack-{len(list(folder.glob('stack-*')))}"
    with workspace.writing():
        place.mkdir()
    try:
        wanted = Selection(**(selection or {}))
        taken = take_upload(sources, place, wish=Wish(wanted, layout, asks=not is_one), name=title)
        if not taken.choices.open and not layout:
            for path in sources.values():  # a large stack need not lie on the disk twice
                path.unlink(missing_ok=True)
        workspace.require_room(place, 0)  # only now is it known how large the stack is
    except Exception:
        workspace.remove_folder(place)
        raise
    upload = Upload(
        f"{folder.parent.name}.{folder.name}",
        title,
        taken.path,
        taken.notes,
        taken.choices,
        taken.voxel_size_um,
        taken.warnings,
        taken.apart,
        len(sources),
        layout,
        next((name for name in sources if name.lower().endswith(HEADER_SUFFIXES)), ""),
    )
    _write(upload)
    return upload


def originals(folder: Path) -> dict[str, Path]:
    """Return the files of an upload as they came, by the visitor's names."""
    return {name: folder / file for file, name in read_json(folder / NAMES).items()}


def find(upload_id: str) -> Upload | None:
    """Return the upload of a link, None where there is none or it was removed."""
    if not _ID.fullmatch(upload_id):
        return None
    folder = workspace.work_folder().joinpath(*upload_id.split("."))
    try:
        facts = read_json(folder / FACTS)
        stack = folder / facts["stack"]
        upload = Upload(
            upload_id,
            facts["title"],
            stack,
            tuple(facts["notes"]),
            Choices.from_dict(facts["choices"]),
            facts["voxel_size_um"],
            tuple(facts.get("warnings", ())),
            facts.get("apart", ""),
            facts.get("n_files", 1),
            RawFormat.parse(facts["layout"]) if facts.get("layout") else None,
            facts.get("header", ""),
        )
    except (KeyError, TypeError, json.JSONDecodeError):
        return None
    return upload if stack.is_file() else None


def is_whole(folder: Path) -> bool:
    """Whether a folder of a visit holds what a link can lead to, and is no half upload."""
    return any((folder / name).exists() for name in (FACTS, JOBS, HELD))


def set_voxel_size(upload: Upload, voxel_size_um: float | None) -> Upload:
    """Keep the edge of a voxel as the visitor says it is, in µm."""
    changed = replace(upload, voxel_size_um=voxel_size_um)
    _write(changed)
    return changed


def hold(upload: Upload) -> None:
    """Keep an upload beyond its visit: somebody else came by its link."""
    with suppress(OSError):  # on a full disk it goes with its visit
        (upload.folder / HELD).touch()


def _write(upload: Upload) -> None:
    facts = {
        "title": upload.title,
        "stack": str(upload.path.relative_to(upload.folder)),
        "notes": upload.notes,
        "warnings": upload.warnings,
        "layout": str(upload.layout) if upload.layout else "",
        "choices": asdict(upload.choices),
        "voxel_size_um": upload.voxel_size_um,
        "apart": upload.apart,
        "n_files": upload.n_files,
        "header": upload.header,
    }
    with workspace.writing():
        write_json(upload.folder / FACTS, facts)
