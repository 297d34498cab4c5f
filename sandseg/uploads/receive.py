"""Files on their way from a visitor to a folder of theirs; they never lie in memory whole.

The stream is a line of JSON, [[name, size in bytes], …], then the files, one after the other. What
has not arrived whole is removed.
"""

import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sandseg.errors import SandsegError, named
from sandseg.scan.foreign import refuse_by_name
from sandseg.scan.limits import WEB_LIMITS, check_count, from_settings, size_text
from sandseg.settings import MAX_UPLOAD
from sandseg.uploads import workspace

LABELS_BYTES = 300 * 10**6  # of labels: unlike slices they are read into memory, all at once
_LONGEST_NAME = 255
_UNSEEN = ("Cc", "Cf", "Co", "Cn", "Zl", "Zp")  # categories of letters
_LIST_BYTES = 2**21  # of the line with names and sizes: a hundred and more for each of 10,000 files
_CHECK_BYTES = 2**25  # written between two looks at quotas and disk: others write, too


@dataclass(frozen=True)
class Wanted:
    """What may be sent: files that end so, without the dot; one or many; how large together.

    `kinds` is what to call them, where their endings are too many to be read.
    """

    suffixes: tuple[str, ...]
    is_many: bool = False
    n_bytes: int | None = None
    kinds: str = ""

    @property
    def most_bytes(self) -> int:
        """The limit in force: that of these files, or that of all uploads where it is lower."""
        most = MAX_UPLOAD.read()
        return most if self.n_bytes is None else min(most, self.n_bytes)


@dataclass(frozen=True)
class Arrived:
    """A file that came whole: what the visitor calls it, and where it lies under another name."""

    name: str
    path: Path


class Arrival:
    """A stream on its way into a new folder; what is not finished when its block ends is removed.

    Raises:
        SandsegError: The stream is larger than an upload may be, or there is no room for it.
    """

    def __init__(self, visit: Path, n_bytes: int, wanted: Wanted):
        if n_bytes > (most := wanted.most_bytes):
            higher = f" Or start the app with a higher {MAX_UPLOAD.name}."
            raise SandsegError(
                f"This upload has {size_text(n_bytes)}; at most {size_text(most)} can be sent.",
                hint="Crop or compress it, or take the command line."
                + (higher if most != wanted.n_bytes else ""),
            )
        self._wanted = wanted
        self._left = n_bytes  # of the stream
        self._unchecked = 0  # since the last look at the disk
        self._list = bytearray()
        self._coming: Iterator[tuple[Path, int]] | None = None
        self._files: tuple[Arrived, ...] = ()
        self._file: BinaryIO | None = None
        self._file_left = 0
        self._is_finished = False
        self._folder = workspace.new_folder(visit)
        try:
            workspace.require_room(self._folder, n_bytes)
        except SandsegError:
            workspace.remove_folder(self._folder)
            raise

    def __enter__(self) -> "Arrival":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()
        if not self._is_finished:
            workspace.remove_folder(self._folder)

    def write(self, block: bytes | memoryview) -> None:
        """Take the next bytes of the stream.

        Raises:
            SandsegError: The list or a file in it is not acceptable, or there is no room left.
        """
        block = memoryview(block)
        self._left -= len(block)
        self._unchecked += len(block)
        if self._unchecked > _CHECK_BYTES:
            self._unchecked = 0
            workspace.require_room(self._folder, max(self._left, 0))
        if self._coming is None:
            block = self._read_list(block)
        while block:
            if not self._file_left:
                self._open_next()
            part = block[: self._file_left]
            with workspace.writing():
                self._file.write(part)
            self._file_left -= len(part)
            block = block[len(part) :]

    def finish(self) -> tuple[Arrived, ...]:
        """Keep the files, which all lie in one folder.

        Raises:
            SandsegError: The stream ended too early.
        """
        if self._coming is None or self._file_left or next(self._coming, None):
            raise broken()
        self._is_finished = True
        return self._files

    def _read_list(self, block: memoryview) -> memoryview:
        """Collect the line of names and sizes, and return what follows it."""
        head, end, _ = bytes(block).partition(b"\n")
        self._list += head
        if len(self._list) > _LIST_BYTES:
            raise broken()
        if not end:
            return block[:0]
        block = block[len(head) + 1 :]
        listed = _listed(bytes(self._list))
        if sum(size for _, size in listed) != len(block) + self._left:
            raise broken()
        _check(listed, self._wanted)
        self._files = tuple(
            Arrived(name, self._folder / f"original-{i:03d}") for i, (name, _) in enumerate(listed)
        )
        sizes = (size for _, size in listed)
        self._coming = zip((file.path for file in self._files), sizes, strict=True)
        return block

    def _open_next(self) -> None:
        if self._file:
            self._file.close()
        path, self._file_left = next(self._coming)
        with workspace.writing():
            self._file = path.open("xb", buffering=0)  # what is counted is what was written


def receive(
    visit: Path, files: Iterable[tuple[str, bytes | memoryview]], wanted: Wanted
) -> tuple[Arrived, ...]:
    """Keep files that are in memory already, as if they had come as a stream.

    Raises:
        SandsegError: They are not acceptable, or there is no room for them.
    """
    files = list(files)
    head = json.dumps([[name, len(content)] for name, content in files]).encode() + b"\n"
    blocks = [head, *(content for _, content in files)]
    with Arrival(visit, sum(map(len, blocks)), wanted) as arrival:
        for block in blocks:
            arrival.write(block)
        return arrival.finish()


def _listed(line: bytes) -> list[tuple[str, int]]:
    """Return names and sizes; a browser of ours sends nothing else."""
    try:
        found = [(valid_name(name), size) for name, size in json.loads(line)]
    except (ValueError, TypeError, RecursionError) as error:
        raise broken() from error
    if not found or not all(type(size) is int for _, size in found):
        raise broken()
    return found


def _check(listed: Sequence[tuple[str, int]], wanted: Wanted) -> None:
    with named("This upload"):
        check_count(len(listed), from_settings(WEB_LIMITS))
    if len(listed) > 1 and not wanted.is_many:
        raise SandsegError("Several files were sent.", hint="Choose one.")
    seen = set()
    for name, size in listed:
        if name.rpartition(".")[2].lower() not in wanted.suffixes:
            with named(name):
                refuse_by_name(name)
            raise SandsegError(
                f'"{name}" is of a kind that is not read here.',
                hint=f"Choose files whose names end in .{', .'.join(wanted.suffixes)}.",
            )
        if size <= 0:
            raise SandsegError(f'"{name}" is empty.', hint="Export it again.")
        if name in seen:
            raise SandsegError(
                f'Two files are called "{name}".', hint="Give each file a name of its own."
            )
        seen.add(name)


def valid_name(name: str) -> str:
    """Return the name of a file as text that can be shown and written everywhere.

    Half characters become "\N{REPLACEMENT CHARACTER}"; what cannot be seen, or turns the direction
    of what follows, goes; of very long names the end stays, which tells the kind.

    Raises:
        TypeError: It is no text.
    """
    if not isinstance(name, str):
        raise TypeError(name)
    whole = name.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    whole = unicodedata.normalize("NFC", whole)
    seen = "".join(letter for letter in whole if unicodedata.category(letter) not in _UNSEEN)
    return seen[-_LONGEST_NAME:] or "file"


def broken() -> SandsegError:
    """What to say of an upload that came in part."""
    return SandsegError("The upload broke off.", hint="Choose the file again.")
