"""The journal of a painting: each stroke is on the disk before it counts as received."""

import hashlib
import json
import os
import threading
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sandseg.atomic import read_json, write_json
from sandseg.errors import TeachError
from sandseg.lock import locked
from sandseg.teach.painting.stroke_files import read_kept, write_kept
from sandseg.teach.painting.strokes import Painting

EVENTS, ABOUT, LOCK = "journal.jsonl", "about.json", ".lock"
MOST_EVENTS = 200_000  # of a journal


@dataclass(frozen=True)
class About:
    """What a journal paints on, and what it teaches.

    `key` tells the stack from others of the same name; `model` is whose features are taken.
    """

    name: str
    shape: tuple[int, int, int]  # (Z, Y, X)
    key: str = ""
    model: str = "auto"

    def __post_init__(self):
        object.__setattr__(self, "shape", tuple(int(length) for length in self.shape))
        if len(self.shape) != 3 or min(self.shape) < 1:
            raise TeachError("A journal of no stack.", hint="Choose the image to paint on again.")


@dataclass(frozen=True)
class Refusal:
    """An event that was not done, and why in a sentence."""

    id: str
    message: str


class Journal:
    """What was painted on a stack, kept in a folder.

    Several may be open on one folder, in threads and processes: each sees what the others wrote
    when it next adds or looks.
    """

    def __init__(self, folder: Path, about: About):
        self.folder, self.about = folder, about
        self.painting = Painting(about.shape, read_import=self._read_import)
        self._events: list[dict] = []
        self._read_to = 0  # bytes
        self._mutex = threading.RLock()

    @classmethod
    def create(cls, folder: Path, about: About) -> "Journal":
        """Begin a journal, or open the one that the folder holds.

        Raises:
            TeachError: It holds one of another stack.
            OSError: It cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / LOCK):
            if not (folder / ABOUT).exists():
                write_json(folder / ABOUT, asdict(about))
        found = cls.open(folder)
        if (found.about.shape, found.about.key) != (about.shape, about.key):
            raise TeachError(
                f'These strokes were painted on "{found.about.name}", which is another image.',
                hint="Begin anew on this one, or open the image they belong to.",
            )
        return found

    @classmethod
    def open(cls, folder: Path) -> "Journal":
        """Open a journal.

        Raises:
            TeachError: The folder holds none, or a damaged one.
        """
        try:
            about = About(**read_json(folder / ABOUT))
        except (TypeError, ValueError, OSError, TeachError) as error:
            raise TeachError(
                "There are no strokes here, or they are damaged.", hint="Begin painting anew."
            ) from error
        found = cls(folder, about)
        found.events()
        return found

    @property
    def n_events(self) -> int:
        """How many events there are, as far as this journal has looked."""
        return len(self._events)

    def events(self, known: int = 0) -> list[dict]:
        """Return the events after the first `known`, in the order in which they count."""
        with self._held():
            return self._events[known:]

    def add(self, given: Sequence[Any]) -> list[Refusal]:
        """Do events in their order, and keep them; back once they are on the disk.

        An event that is there already, as when its answer was lost, is neither done again nor
        refused.

        Returns:
            The events that were not done.

        Raises:
            OSError: They cannot be written; then none of them counts.
        """
        with self._held():
            refused, news = [], []
            for event in given:
                try:
                    if self._play(event):
                        news.append(event)
                except TeachError as error:
                    refused.append(Refusal(_id_of(event), f"{error.message} {error.hint}"))
            self._keep(news)
            return refused

    def add_import(self, name: str, slices: Mapping[int, np.ndarray]) -> None:
        """Paint what a label file brings, as one event that can be undone.

        Args:
            name: The id of the event.
            slices: (Y, X) uint8 by index, as `stroke_files.read_strokes` returns them.

        Raises:
            TeachError: They are of more classes than there are.
            OSError: They cannot be written.
        """
        self._add_with({"id": name, "do": "import"}, slices)

    def accept(self, name: str, z: int, labels: np.ndarray | None) -> None:
        """Note that the labels of a slice are right, or no longer; it can be undone.

        Args:
            name: The id of the event.
            z: Index of the slice.
            labels: (Y, X) uint8, classes from 1, 0 where none is; None: no longer.

        Raises:
            TeachError: They are of more classes than there are.
            OSError: They cannot be written.
        """
        event = {"id": name, "do": "accept", "at": z}
        if labels is None:
            self.add([event])
        else:
            self._add_with(event, {z: labels})

    def _add_with(self, event: dict, slices: Mapping[int, np.ndarray]) -> None:
        """Do and keep an event that has a file of slices, once."""
        file = f"strokes-{hashlib.sha256(event['id'].encode()).hexdigest()[:16]}.npz"
        event |= {"file": file}
        with self._held():
            if any(known["id"] == event["id"] for known in self._events):
                return
            write_kept(self.folder / file, slices)
            self._play(event)
            self._keep([event])

    def import_runs(self, event: Mapping[str, Any]) -> list[dict]:
        """Return what an import paints, for a browser: for each slice where its runs lie.

        Returns:
            `{"at": z, "runs": [first pixel, number, value, …]}` for each slice; pixels are counted
            along the rows from 0.
        """
        slices = self._read_import(event["file"])
        return [{"at": z, "runs": _runs(values)} for z, values in slices.items()]

    def _read_import(self, file: str) -> Mapping[int, np.ndarray]:
        return read_kept(self.folder / file, self.about.shape)

    @contextmanager
    def _held(self):
        """Hold the journal alone, and see what others wrote."""
        with self._mutex, locked(self.folder / LOCK):
            self._catch_up()
            yield

    def _catch_up(self) -> None:
        path = self.folder / EVENTS
        if not path.exists():
            return
        with path.open("r+b") as file:
            file.seek(self._read_to)
            text = file.read()
            whole = text[: text.rfind(b"\n") + 1]
            for line in whole.splitlines(keepends=True):
                if not self._replay(line):
                    self._set_aside(file)
                    return
                self._read_to += len(line)
            if len(whole) < len(text):  # its writer died before it was acknowledged
                file.truncate(self._read_to)

    def _replay(self, line: bytes) -> bool:
        """Do what a line of the file says; False where it is damaged."""
        try:
            event = json.loads(line)
            if self.painting.play(event):
                self._events.append(event)
        except (ValueError, TeachError):
            return False
        return True

    def _set_aside(self, file) -> None:
        """Move what follows a damaged line to a file beside, so that the rest can be used."""
        file.seek(self._read_to)
        (self.folder / f"damaged-{self._read_to}.jsonl").write_bytes(file.read())
        file.truncate(self._read_to)

    def _play(self, event: Any) -> bool:
        if self.n_events >= MOST_EVENTS:
            raise TeachError(
                f"{MOST_EVENTS:,} strokes are painted, and no more can be kept.",
                hint="Export the strokes, and import them into a new painting.",
            )
        if not self.painting.play(event):
            return False
        self._events.append(event)
        return True

    def _keep(self, news: Sequence[dict]) -> None:
        if not news:
            return
        text = b"".join(json.dumps(event, separators=(",", ":")).encode() + b"\n" for event in news)
        path = self.folder / EVENTS
        try:
            is_new = not path.exists()
            with path.open("ab") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if is_new:
                _sync_folder(self.folder)
        except OSError:
            self._take_back()
            raise
        self._read_to += len(text)

    def _take_back(self) -> None:
        """Forget what could not be written, by reading again what could."""
        self.painting = Painting(self.about.shape, read_import=self._read_import)
        path, written = self.folder / EVENTS, self._read_to
        self._events, self._read_to = [], 0
        if path.exists():
            os.truncate(path, written)  # part of it may have been written
            self._catch_up()


def _sync_folder(folder: Path) -> None:
    """See to it that a new file is still there after a power cut."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _id_of(event: Any) -> str:
    name = event.get("id") if isinstance(event, dict) else None
    return name if isinstance(name, str) else ""


def _runs(values: np.ndarray) -> list[int]:
    flat = values.ravel()
    ends = np.flatnonzero(np.diff(flat)) + 1
    firsts = np.concatenate([[0], ends])
    lengths = np.diff(np.append(firsts, flat.size))
    painted = flat[firsts] > 0
    runs = np.stack([firsts, lengths, flat[firsts].astype(int)], axis=1)[painted]
    return runs.ravel().tolist()
