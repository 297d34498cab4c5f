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

# From the ground up. A module imports only from layers below its own; a new one is entered here.
LAYERS = (
    ("__init__", "errors", "sharing"),
    ("classes", "config", "limits", "tiff_choices"),
    # what files, rocks and jobs are made of
    ("tiff_check", "slices", "grains", "trees", "jobs", "workspace", "published")
    + ("arenas", "console", "devices", "file_lock"),
    ("tiff_pages",),
    ("tiff_layout",),
    ("tiff_file", "tiff_grey", "tiff_scale"),
    ("tiff_stack",),
    ("archive",),
    ("arrays", "decode_guard", "arrivals"),
    ("uploads", "zarr_folder"),
    # arrays in, arrays out
    ("stack", "phantom", "tiling", "patches", "metrics", "calibration", "boundaries")
    + ("rescale", "phases", "drift", "overlay", "run_folder", "run_rules"),
    (
        "normalize",
        "looks",
        "intervals",
        "findings",
        "samples",
        "export",
        "opening",
        "facts",
        "decode",
        "model_store",
        "unet",
        "losses",
    )
    + ("planes", "checkpoint", "validation"),
    # what learns and predicts
    ("domain", "engine", "baselines", "comparison", "publish", "training_data", "recipe")
    + ("run_data", "run_progress", "run_status", "estimates"),
    ("predict", "methods", "report", "train", "training_card", "run_queue", "import_model"),
    # whole jobs, from files to files
    ("segment", "train_run", "runs"),
    ("cli_train",),
    ("cli",),
    ("__main__",),
)
LAYER_OF = {name: height for height, names in enumerate(LAYERS) for name in names}
KERAS_MODULES = {"unet", "losses", "train", "publish", "train_run"}  # engine loads it when asked to
KERAS_MODULES |= {"import_model", "checkpoint", "recipe", "training_card", "validation"}
INTERFACE = {"streamlit", "pages", "app", "server"}

BACKEND = sorted((ROOT / "sandseg").glob("*.py"))
PAGES = sorted([*(ROOT / "pages").rglob("*.py"), ROOT / "app.py", ROOT / "server.py"])
MAX_LINES = {
    "sandseg": 299,
    "shared": 300,
    "viewer": 300,
    "uploader": 300,
    "pages": 120,
    ROOT.name: 40,
}


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


def backend_imports(path):
    """The modules of sandseg a file imports."""
    inside = [name.split(".")[1:] for name in imports(path) if name.split(".")[0] == "sandseg"]
    return {parts[0] if parts and parts[0] in LAYER_OF else "__init__" for parts in inside}


def packages(path):
    """The first part of everything a file imports."""
    return {name.split(".")[0] for name in imports(path)}


def by_name(paths):
    return pytest.mark.parametrize("path", paths, ids=[str(p.relative_to(ROOT)) for p in paths])


@by_name(BACKEND)
def test_a_module_imports_only_from_lower_layers(path):
    assert path.stem in LAYER_OF, f"enter {path.stem} in LAYERS"

    too_high = {n for n in backend_imports(path) if LAYER_OF[n] >= LAYER_OF[path.stem]}

    assert not too_high - {"__init__"}


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
    assert not backend_imports(path) & KERAS_MODULES


@by_name(BACKEND + PAGES)
def test_files_stay_short(path):
    n_lines = len(path.read_text().splitlines())

    assert n_lines <= MAX_LINES[path.parent.name]


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
    readers = {
        "tiff_file",
        "tiff_stack",
        "tiff_check",
        "archive",
        "arrays",
        "zarr_folder",
        "decode",
    }
    for path in PAGES:
        assert not backend_imports(path) & readers, path.name


def test_opening_a_page_loads_neither_keras_nor_tensorflow():
    light = [p.stem for p in BACKEND if p.stem not in KERAS_MODULES | {"__main__"}]
    script = "\n".join(f"import sandseg.{name}" for name in light)
    script += "\nimport sys; sys.exit(str({'keras', 'tensorflow'} & set(sys.modules) or '') or 0)"

    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)

    assert run.returncode == 0, run.stderr
