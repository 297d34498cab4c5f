"""The architecture in one place, and the tests that keep it."""

import ast
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from sandseg.classes import SANDSTONE

ROOT = Path(__file__).resolve().parents[1]

# From the ground up. A folder or file at the first level imports from floors below its own.
FLOORS = (
    ("errors", "classes", "config", "settings", "atomic", "ownership", "lock"),
    ("scan", "measure", "score", "confine"),
    ("model", "uploads"),
    ("grey",),
    ("data", "export"),
    ("teach",),
    ("predict", "runs"),
    ("train",),
    ("cli",),
)
FLOOR_OF = {name: height for height, names in enumerate(FLOORS) for name in names}
GROUND = ("errors", "classes", "config", "settings", "atomic", "ownership", "lock")  # in this order
KERAS_MODULES = {
    "model.unet",
    "model.import_model",
    "model.legacy_keras",
    "model.write_model",
}  # and all of train/
INTERFACE = {"streamlit", "pages", "app", "server"}

BACKEND = sorted((ROOT / "sandseg").rglob("*.py"))
PAGES = sorted([*(ROOT / "pages").rglob("*.py"), ROOT / "app.py", ROOT / "server.py"])


@cache
def imports(path):
    """All modules a file imports, at any place in it; `from a import b` counts as a.b."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path.name} imports relatively; name the module in full"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def module_name(path):
    """How a file of sandseg/ is imported, without that name: "scan.tiff.check"; "" for its face."""
    parts = path.relative_to(ROOT / "sandseg").with_suffix("").parts
    return ".".join(parts).removesuffix("__init__").rstrip(".")


MODULES = {module_name(path): path for path in BACKEND}


def backend_imports(path):
    """The modules of sandseg a file imports, as `module_name` names them."""
    inside = {
        name.removeprefix("sandseg.") for name in imports(path) if name.startswith("sandseg.")
    }
    return {name if name in MODULES else name.rpartition(".")[0] for name in inside}


def is_keras_module(name):
    return name in KERAS_MODULES or name.partition(".")[0] == "train"


def packages(path):
    """The first part of everything a file imports."""
    return {name.split(".")[0] for name in imports(path)}


def by_name(paths):
    return pytest.mark.parametrize("path", paths, ids=[str(p.relative_to(ROOT)) for p in paths])


@by_name(BACKEND)
def test_a_folder_imports_only_from_lower_floors(path):
    here = module_name(path).partition(".")[0]
    if here in ("", "__main__"):
        pytest.skip("the face and the start of the house see all of it")
    below = {name.partition(".")[0] for name in backend_imports(path)} - {here}

    assert here in FLOOR_OF, f"{here}/ stands on no floor"
    if here in GROUND:
        assert all(GROUND.index(name) < GROUND.index(here) for name in below)
    else:
        assert all(FLOOR_OF[name] < FLOOR_OF[here] for name in below), below


def test_no_module_imports_itself_by_a_detour():
    reached = {name: backend_imports(path) for name, path in MODULES.items()}
    for _ in MODULES:  # as many steps as the longest way can have
        reached = {n: there.union(*(reached[m] for m in there)) for n, there in reached.items()}

    assert not {name for name, there in reached.items() if name and name in there}


@pytest.mark.parametrize("folder", sorted({path.parent for path in BACKEND + PAGES}), ids=str)
def test_a_folder_says_in_one_sentence_what_it_is_for(folder):
    if folder == ROOT:
        pytest.skip("the README says it")
    says = ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or ""

    assert says.count(".") == 1
    assert says.endswith(".")


@by_name(BACKEND)
def test_the_backend_knows_no_interface(path):
    assert not packages(path) & INTERFACE


@by_name(BACKEND)
def test_the_backend_prints_nothing(path):
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]

    assert not [call.lineno for call in calls if getattr(call.func, "id", "") == "print"]


@by_name(PAGES)
def test_pages_load_no_keras(path):
    assert not packages(path) & {"keras", "tensorflow"}
    assert not {name for name in backend_imports(path) if is_keras_module(name)}


def pinned_names(file_name):
    """The names a requirements file installs, spelled as in Python's index."""
    lines = (ROOT / file_name).read_text().lower().splitlines()
    return {re.match(r"[\w.-]+", line)[0] for line in lines if line[:1].isalpha()}


def test_every_package_the_product_imports_is_pinned():
    imported = set().union(*(packages(path) for path in BACKEND + PAGES))
    imported -= {"sandseg", "pages", *sys.stdlib_module_names}
    sold_as = packages_distributions()
    names = {p: {n.lower().replace("_", "-") for n in sold_as.get(p, [p])} for p in imported}

    assert not {p for p in imported if not names[p] & pinned_names("requirements.txt")}


def test_a_gpu_machine_gets_the_same_packages():
    without_gpu = pinned_names("requirements.txt") - {"tensorflow-cpu"}

    assert pinned_names("requirements-gpu.txt") == without_gpu


def test_charts_have_the_colors_of_the_classes():
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]

    assert theme["chartCategoricalColors"][: len(SANDSTONE)] == [m.color for m in SANDSTONE]


def test_pages_never_unpack_what_visitors_bring():
    """They open what `decode_guard` kept; the readers of raw files are for it alone."""
    readers = {"scan.arrays", "scan.zarr_folder", "scan.raw.voxels", "scan.raw.described"}
    readers |= {"uploads.decode"}
    rooms = ("scan.tiff.", "scan.several.", "scan.pictures.")
    readers |= {name for name in MODULES if name.startswith(rooms)}
    readers -= {"scan.several.numbering"}  # which looks at names alone
    for path in PAGES:
        assert not backend_imports(path) & readers, path.name


@pytest.mark.slow
def test_opening_a_page_loads_neither_keras_nor_tensorflow():
    light = [name for name in MODULES if name not in ("", "__main__") and not is_keras_module(name)]
    script = "\n".join(f"import sandseg.{name}" for name in light)
    script += "\nimport sys; sys.exit(str({'keras', 'tensorflow'} & set(sys.modules) or '') or 0)"

    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)

    assert run.returncode == 0, run.stderr
