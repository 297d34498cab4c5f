"""Names of files that every system can keep."""

import re
import unicodedata

_LONGEST_STEM = 80
_DEVICE_NAMES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)  # on Windows


def safe_name(name: str) -> str:
    """Return a file name of letters, digits, ".", "_" and "-" alone, for a download.

    Folders and accents go, everything else becomes "_"; it is never empty nor hidden.
    """
    base = unicodedata.normalize("NFKD", re.split(r"[/\\]", name)[-1])
    plain = "".join(letter for letter in base if not unicodedata.combining(letter))
    stem, dot, suffix = re.sub(r"[^A-Za-z0-9._-]+", "_", plain).strip(" ._-").rpartition(".")
    if not dot and plain.count(".") == 1 and plain.endswith(f".{suffix}"):
        stem, dot = "file", "."  # nothing was left before the suffix
    safe = f"{stem[:_LONGEST_STEM]}{dot}{suffix[:_LONGEST_STEM]}" or "file"
    return f"file_{safe}" if _DEVICE_NAMES.match(safe) else safe
