"""What a wheel carries: every file of the package that is not Python is named by the globs of pyproject.toml."""

import ast
import fnmatch
import re
import subprocess
import sys
import tomllib

import pytest
from doc_pages import ROOT

from dongcha.cli.demo import EXTRAS

SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
NEEDED = (
    "py.typed",
    "data/reference/en.txt",
    "data/reference/zh.txt",
    "report/templates/page.html",
    "report/templates/blocks.html",
    "report/templates/style.css",
)


def globs():
    return SETTINGS["tool"]["setuptools"]["package-data"]["*"]


def data_files():
    """The package's files that are not Python, relative to it; what git ignores is left out."""
    found = (path for path in (ROOT / "dongcha").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return sorted(path for path in found if path.suffix not in (".py", ".pyc"))


def is_carried(path):
    """Setuptools takes every folder as a package here (`namespaces` stays on), so a glob matches file names."""
    return any(fnmatch.fnmatch(path.name, pattern) for pattern in globs())


def test_folders_without_code_are_packages_too():
    assert SETTINGS["tool"]["setuptools"]["packages"]["find"].get("namespaces", True)


def test_every_data_file_is_carried():
    assert [path for path in data_files() if not is_carried(path)] == []


def test_the_needed_files_are_there():
    assert set(NEEDED) <= {path.relative_to(ROOT / "dongcha").as_posix() for path in data_files()}


def test_every_folder_of_code_is_a_package():
    folders = {path.parent for path in (ROOT / "dongcha").rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_the_licence_is_named_and_there():
    project = SETTINGS["project"]
    assert project["license"] == "Apache-2.0" and project["license-files"] == ["LICENSE"]
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")


def imported():
    """The top-level names that the package imports, standard library and itself left out."""
    found = set()
    for path in (ROOT / "dongcha").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                found.add(node.module.partition(".")[0])
    return found - sys.stdlib_module_names - {"dongcha"}


def test_what_is_imported_is_required():
    project = SETTINGS["project"]
    lines = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    required = {re.match(r"[\w.\-]+", line)[0].lower() for line in lines}
    by_import = {"sklearn": "scikit-learn", "ruamel": "ruamel.yaml", "pydantic_core": "pydantic"}
    brought = {"huggingface_hub": "transformers", "markupsafe": "jinja2"}  # by what we require
    names = {by_import.get(name, brought.get(name, name)) for name in imported()}
    assert names <= required, names - required


def test_extras_that_messages_name_exist():
    words = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "dongcha" / "locale").rglob("*.py"))
    named = {one for group in re.findall(r"dongcha\[(\w[\w,]*)\]", words) for one in group.split(",")}
    named |= set(EXTRAS.values())
    assert named and named <= set(SETTINGS["project"]["optional-dependencies"])


def test_nothing_of_the_package_is_ignored_by_git():
    command = ["git", "check-ignore", "--stdin"]
    paths = "\n".join(str(path) for path in data_files())
    try:
        done = subprocess.run(command, input=paths, capture_output=True, text=True, cwd=ROOT, check=False)
    except FileNotFoundError:
        pytest.skip("no git here")
    if done.returncode == 128:
        pytest.skip("no repository here")
    assert done.stdout == ""
