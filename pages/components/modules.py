"""JavaScript modules of a component, joined into the one text that Streamlit takes."""

import os
import re
from pathlib import Path

_IMPORT = re.compile(r'^import (\{[^}]*\}) from "(\.[^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const) (\w+))", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export(?! default))\b.*", re.MULTILINE)


# The files cannot be served side by side: Streamlit does so only for components of an installed
# package (`asset_dir`), `streamlit run app.py` has no routes of our own, and a text given as `js=`
# is loaded from a blob, where an import has no folder to start from.
def join_modules(entry: Path) -> str:
    """Return a module and all modules it imports as one module.

    Each stays a scope of its own: a function, called once, that returns what it exports. Understood
    are `import { a, b } from "./file.js";` and `export` before a function, class or const.

    Raises:
        ValueError: A module imports itself by a detour, or imports or exports in another way.
    """
    joined: dict[Path, str] = {}  # by file, in the order in which they run
    entry = entry.resolve()
    _join(entry, entry.parent, joined, ())
    return "const __modules = {};\n" + "".join(joined.values())


def _join(path: Path, folder: Path, joined: dict[Path, str], importers: tuple[Path, ...]) -> None:
    if path in importers:
        raise ValueError(f"{path.name} imports itself by a detour.")
    if path in joined:
        return
    text = path.read_text("utf-8")
    for _, source in _IMPORT.findall(text):
        _join((path.parent / source).resolve(), folder, joined, (*importers, path))
    body = _IMPORT.sub(lambda found: _imported(*found.groups(), path.parent, folder), text)
    body = _EXPORT.sub("", body)
    if other := _OTHER.search(body):
        raise ValueError(f"{path.name} cannot be joined with the others for: {other[0]}")
    if importers:
        names = ", ".join(_EXPORT.findall(text))
        body = f"{_slot(path, folder)} = (() => {{\n{body}return {{ {names} }};\n}})();\n"
    joined[path] = body


def _imported(names: str, source: str, importer: Path, folder: Path) -> str:
    return f"const {names} = {_slot((importer / source).resolve(), folder)};\n"


def _slot(path: Path, folder: Path) -> str:
    return f'__modules["{Path(os.path.relpath(path, folder)).as_posix()}"]'
