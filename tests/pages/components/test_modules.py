import shutil
import subprocess
from pathlib import Path

import pytest

from pages.components.modules import join_modules

NODE = shutil.which("node")
COMPONENTS = Path(__file__).parents[3] / "pages" / "components"
ENTRIES = ["confusion.js", "replay.js", "side_views.js", "viewer/viewer.js", "painting/mount.js"]

needs_node = pytest.mark.skipif(not NODE, reason="there is no node on the PATH to run scripts")


@pytest.fixture
def write(tmp_path):
    """A function that writes modules and returns the first."""

    def write(**modules):
        (tmp_path / "deep").mkdir()
        for name, text in modules.items():
            (tmp_path / f"{name.replace('_', '/')}.js").write_text(text)
        return tmp_path / f"{next(iter(modules))}.js"

    return write


def run(text, folder):
    """What a module hands out by default."""
    (folder / "joined.mjs").write_text(text)
    ask = "import('./joined.mjs').then(({ default: found }) => console.log(found))"
    ran = subprocess.run([NODE, "-e", ask], cwd=folder, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


@needs_node
def test_joined_modules_do_what_they_do_apart(write, tmp_path):
    entry = write(
        entry=(
            'import { double,\n  half } from "./deep/numbers.js";\nimport { N } from "./n.js";\n'
            "const secret = 1;\nexport default double(N) + half(N) + secret;\n"
        ),
        deep_numbers=(
            'import { N } from "../n.js";\nconst secret = N;\n'
            "export const double = (x) => 2 * x + secret;\n"
            "export function half(x) {\n  return x / 2;\n}\n"
        ),
        n="export const N = 10;\n",
    )

    assert run(join_modules(entry), tmp_path) == "36"  # each module has a secret of its own


def test_a_module_that_two_import_is_there_once(write):
    entry = write(
        entry='import { a } from "./a.js";\nimport { n } from "./n.js";\nexport default a + n;\n',
        a='import { n } from "./n.js";\nexport const a = n;\n',
        n="export const n = 777;\n",
    )

    assert join_modules(entry).count("777") == 1


def test_no_folder_of_the_server_stands_in_the_text(write, tmp_path):
    entry = write(entry='import { n } from "./deep/n.js";\n', deep_n="export const n = 1;\n")

    assert tmp_path.name not in join_modules(entry)


def test_a_circle_is_refused(write):
    entry = write(
        entry='import { a } from "./a.js";\n',
        a='import { b } from "./b.js";\nexport const a = 1;\n',
        b='import { a } from "./a.js";\nexport const b = 1;\n',
    )

    with pytest.raises(ValueError, match=r"a\.js imports itself by a detour"):
        join_modules(entry)


@pytest.mark.parametrize(
    "line", ['import a from "./a.js";', 'import { a } from "package";', "export { a };"]
)
def test_what_cannot_be_joined_is_refused(write, line):
    with pytest.raises(ValueError, match=r"entry\.js cannot be joined"):
        join_modules(write(entry=f"{line}\n", a="export const a = 1;\n"))


@needs_node
@pytest.mark.parametrize("name", ENTRIES)
def test_each_component_joins_into_one_that_can_be_loaded(name, tmp_path):
    found = run(join_modules(COMPONENTS / name), tmp_path)

    assert found == "[Function: render]"
