"""What whoever runs SandSeg can set: every SANDSEG_ variable, read in one way, checked at start.

A setting is read each time it is asked for. The tables in README.md and SECURITY.md are this one.
"""

import difflib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

import pooch

from sandseg.errors import ConfigError

T = TypeVar("T")
PROJECT = Path(__file__).parents[1]
OFF, ON, OPEN = "off", "on", "open"  # of trainings
_ON = ("on", "true", "yes", "1", "enabled")
_OFF = ("off", "false", "no", "0", "disabled", "none")
_PREFIX = "SANDSEG_"


@dataclass(frozen=True)
class Setting(Generic[T]):
    """A variable of the environment.

    `parse` makes a value of its text and raises a ValueError where there is none; `needed` says
    what it wants. `meaning` and `usual` are for people: what is set, and to what by default.
    """

    name: str
    meaning: str
    usual: str
    default: T
    parse: Callable[[str], T]
    needed: str = "a text"
    example: str = ""

    def read(self, default: T | None = None) -> T:
        """Return what is set; where nothing is, `default` or else the setting's own.

        Raises:
            ConfigError: What is set makes no sense.
        """
        text = os.environ.get(self.name, "")
        if not text:
            return self.default if default is None else default
        try:
            return self.parse(text)
        except ValueError as error:
            raise ConfigError(
                f'{self.name} is "{text}", but {self.needed} is needed.',
                hint=f"Start it with {self.name}={self.example or self.default}, for example, "
                "or without.",
            ) from error


def _switch(text: str) -> str:
    word = text.strip().lower()
    if word not in (*_ON, *_OFF, OPEN):
        raise ValueError(text)
    return OPEN if word == OPEN else ON if word in _ON else OFF


def _address(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise ValueError(text)
    return text


def _number(
    name: str, meaning: str, usual: str, default: float, least: float = 1
) -> Setting[int | float]:
    """A number of the default's type; "2e9" is one, too."""

    def parse(text: str) -> float:
        number = float(text)
        if not least <= number < 2**63:  # neither is nan
            raise ValueError(text)
        return type(default)(number)

    needed = f"a number of {least:g} or more" if least in (0, 1) else "a number above 0"
    return Setting(name, meaning, usual, default, parse, needed)


def _bytes(name: str, meaning: str, usual: str, default: int, least: int = 1) -> Setting[int]:
    number = _number(name, f"bytes {meaning}", usual, default, least)
    return replace(number, needed="a number of bytes")


def _folder(name: str, meaning: str, usual: str) -> Setting[Path | None]:
    return Setting(name, f"folder {meaning}", usual, None, Path)


WORK = _folder("SANDSEG_WORK", "for what visitors bring", "`sandseg-<user>` among temporary files")
MAX_UPLOAD = _bytes(
    "SANDSEG_MAX_UPLOAD",
    "of one upload, all its files together",
    "2.2 GB (the container: 500 MB)",
    22 * 10**8,  # 2 GiB of pixels, and what a file holds beside them
)
QUOTA_SESSION = _bytes(
    "SANDSEG_QUOTA_SESSION",
    "one visit may keep there",
    "10 GB (the container: 1 GB)",
    10 * 10**9,
)
QUOTA_TOTAL = _bytes(
    "SANDSEG_QUOTA_TOTAL",
    "all visits together may keep there",
    "20 GB (the container: 3 GB)",
    20 * 10**9,
)
MIN_FREE = _bytes(
    "SANDSEG_MIN_FREE",
    "that stay free on that disk",
    "1 GB (the container: 200 MB)",
    10**9,
    least=0,
)
MAX_PIXELS = _number(
    "SANDSEG_MAX_PIXELS", "pixels of one slice", "134,217,728 (11,585 × 11,585)", 2**27
)
MAX_SLICES = _number(
    "SANDSEG_MAX_SLICES",
    "slices, pages or files of one stack",
    "10,000 (command line: 1,000,000)",
    10_000,
)
MAX_BYTES = _bytes(
    "SANDSEG_MAX_BYTES",
    "of a stack after decompression",
    "4 GiB (command line: 8 TiB)",
    4 * 2**30,
)
MAX_RATIO = _number(
    "SANDSEG_MAX_RATIO",
    "size after decompression over size of the file",
    "2000",
    2000.0,  # Deflate reaches 1032, LZW about 1400
)
DECODE_BYTES = _bytes(
    "SANDSEG_DECODE_BYTES",
    "of memory for the process that decodes an upload",
    "2 GiB",
    2 * 2**30,  # of address space; the libraries alone take 0.4 GB of it
)
DECODE_S = _number("SANDSEG_DECODE_S", "seconds it may take", "300", 300.0)
MAX_CONNECTIONS = _number(
    "SANDSEG_MAX_CONNECTIONS",
    "connections from one address at a time; this computer's own are not counted",
    "500",
    500,
)
TRAINING = Setting(
    "SANDSEG_TRAINING",
    "`off`: nobody trains here; `open`: everybody may, without the token",
    "`on` (the container: `off`)",
    ON,
    _switch,
    "on, off or open",
    "off",
)
TRAINING_TOKEN = Setting(
    "SANDSEG_TRAINING_TOKEN",
    "what must be known to start a training, and to change those of others",
    "none on this computer alone; else one is made and printed",
    "",
    str,
)
TRAINING_MAX_QUEUE = _number("SANDSEG_TRAINING_MAX_QUEUE", "trainings that may wait", "4", 4)
TRAINING_MAX_HOURS = _number(
    "SANDSEG_TRAINING_MAX_HOURS", "hours one may take", "24", 24.0, least=1e-9
)
RUNS = _folder("SANDSEG_RUNS", "of the trainings", "`models/runs`")
MODELS = _folder("SANDSEG_MODELS", "of the models", "`models`")
DATA = _folder(
    "SANDSEG_DATA",
    "`sandstone` with `images` and `masks` of the real slices, or the one it lies in",
    "none",
)
CACHE = _folder("SANDSEG_CACHE", "for what can be made or fetched again", "the user's cache")
MIRROR = Setting(
    "SANDSEG_MIRROR",
    "address the real slices are fetched from",
    "their public home",
    "",
    _address,
    "an address with http:// or https://",
    "https://example.org/sandstone",
)
CHROMIUM = Setting("SANDSEG_CHROMIUM", "tests: the browser", "the first that starts", "", str)
FAULT_MINUTES = _number(
    "SANDSEG_FAULT_MINUTES", "tests: how long the monkey clicks", "10", 10.0, least=1e-9
)
FAULT_SEED = _number("SANDSEG_FAULT_SEED", "tests: which clicks", "0", 0, least=0)

SETTINGS = tuple(found for found in list(globals().values()) if isinstance(found, Setting))


def check_settings() -> tuple[str, ...]:
    """Read every setting once, as a server and the command line do when they start.

    Returns:
        A sentence for each setting that changes nothing: a name nobody knows, data not there.

    Raises:
        ConfigError: A setting makes no sense.
    """
    for setting in SETTINGS:
        setting.read()
    known = {setting.name.removeprefix(_PREFIX): setting.name for setting in SETTINGS}
    warnings = []
    for name in sorted(os.environ):
        if name in known.values() or not name.upper().startswith(_PREFIX):
            continue
        near = difflib.get_close_matches(name.upper().removeprefix(_PREFIX), known, 1)
        advice = f"did you mean {known[near[0]]}?" if near else "README.md lists all there are."
        warnings.append(f"{name} is no setting of SandSeg and changes nothing; {advice}")
    if complaint := _data_complaint():
        warnings.append(f'{complaint} It is "{DATA.read()}".')
    return tuple(warnings)


# ----------------------------------------------------------------------------------------- folders


def models_folder() -> Path:
    """Return the folder that holds the models: `SANDSEG_MODELS`, or models/ of this project."""
    return MODELS.read() or PROJECT / "models"


def runs_root() -> Path:
    """Return the folder that holds all runs: `SANDSEG_RUNS`, or models/runs of this project."""
    return (RUNS.read() or PROJECT / "models" / "runs").absolute()


def cache_folder() -> Path:
    """Return the folder for what can be made or fetched again: `SANDSEG_CACHE`, or the user's."""
    return CACHE.read() or Path(pooch.os_cache("sandseg"))


def sandstone_folders() -> list[Path]:
    """Return where the real sandstone may be: where `SANDSEG_DATA` says, then the downloads."""
    named = named_sandstone()
    downloaded = cache_folder() / "sandstone"
    return [named, downloaded] if named else [downloaded]


def data_folder() -> Path | None:
    """Return the folder above the sandstone that `SANDSEG_DATA` names, where other data lie."""
    named = named_sandstone()
    return named.parent if named else DATA.read()


def data_hint(advice: str) -> str:
    """Return advice for when the real sandstone is missing, and what is wrong with `SANDSEG_DATA`.

    No path is in it: visitors see it.
    """
    return f"{advice} {_data_complaint()}".rstrip()


def _data_complaint() -> str:
    if DATA.read() is None or named_sandstone():
        return ""
    return f"{DATA.name} names a folder that holds neither sandstone/ nor images/ and masks/."


def named_sandstone() -> Path | None:
    """Return the folder of the real sandstone: the one `SANDSEG_DATA` names, or one in that."""
    if (named := DATA.read()) is None:
        return None
    levels = (named.absolute() / "sandstone", named.absolute())
    return next((folder for folder in levels if (folder / "images").is_dir()), None)
