"""Starting is light: importing, asking for help and listing runs load none of the heavy libraries (design, part 1)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("torch", "transformers", "pyarrow", "sklearn")
ROOT = Path(__file__).parents[1]
BLOCKED = f"""
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {HEAVY!r}:
            raise ImportError(f"{{name}} is heavy")

sys.meta_path.insert(0, Refuse())
"""


def fresh(code, *arguments, folder):
    """Run code in a new process in which the heavy libraries cannot be imported."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DONGCHA_LANG": "en"}
    command = [sys.executable, "-c", BLOCKED + code, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)


def dongcha(*arguments, folder):
    return fresh("from dongcha.cli import main\nmain()", *arguments, folder=folder)


@pytest.mark.parametrize("name", HEAVY)
def test_the_block_blocks(tmp_path, name):
    found = fresh(f"import {name}", folder=tmp_path)
    assert found.returncode == 1
    assert f"{name} is heavy" in found.stderr


def test_the_package_and_its_recipe(tmp_path):
    code = "import dongcha\nprint(dongcha.Recipe(task='classification', data={'train': 'r.csv'}, model='m').hash)"
    found = fresh(code, folder=tmp_path)
    assert (found.returncode, found.stderr) == (0, "")
    assert len(found.stdout.strip()) == 64


@pytest.mark.parametrize(
    "module", ["config", "registry", "locale", "files", "types", "errors", "steps", "report", "cli", "sandbox"]
)
def test_modules_that_promise_it(tmp_path, module):
    found = fresh(f"import dongcha.{module}", folder=tmp_path)
    assert (found.returncode, found.stderr) == (0, "")


def test_help(tmp_path):
    found = dongcha("--help", folder=tmp_path)
    assert (found.returncode, found.stderr) == (0, "")
    for verb in ("init", "check", "run", "predict", "runs"):
        assert verb in found.stdout


@pytest.mark.parametrize("verb", ["init", "check", "run", "predict", "schema", "demo", "index", "runs"])
def test_help_of_each_verb(tmp_path, verb):
    found = dongcha(verb, "--help", folder=tmp_path)
    assert (found.returncode, found.stderr) == (0, "")
    assert "Usage" in found.stdout


def test_listing_runs_where_there_are_none(tmp_path):
    found = dongcha("runs", "list", folder=tmp_path)
    assert (found.returncode, found.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


def test_a_recipe_that_cannot_be_read_is_refused_without_them(tmp_path):
    (tmp_path / "recipe.yaml").write_text("task: clasification\n")
    found = dongcha("run", "recipe.yaml", folder=tmp_path)
    assert found.returncode == 2
    assert "classification" in found.stderr
