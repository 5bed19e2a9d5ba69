"""The contract of directions catches what it forbids: every upward import, every import between strangers, any folder
that it does not know. Planted first in a made-up graph of the contract's own layers, then in a copy of the package."""

import configparser
import itertools
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("importlinter", reason="import-linter is not installed (pip install dongcha[dev])")

import grimp
from importlinter.configuration import configure
from importlinter.contracts.layers import LayersContract

ROOT = Path(__file__).parents[1]
SECTION = "importlinter:contract:directions"


def written():
    """Return the contract's options as the linter gets them, and its layers: lists of names, the highest first."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter", encoding="utf-8")
    section = dict(parser[SECTION])
    options = {name: section[name] for name in ("name", "type", "exhaustive")}
    options |= {name: section[name].split("\n") for name in ("containers",)}
    options |= {name: section[name].strip().split("\n") for name in ("layers", "exhaustive_ignores")}
    return options, [[part.strip() for part in line.split("|")] for line in options["layers"]]


OPTIONS, LAYERS = written()
NAMES = [name for layer in LAYERS for name in layer]
UPWARD = [
    (low, high)
    for (_, upper), (_, lower) in itertools.combinations(enumerate(LAYERS), 2)
    for low, high in itertools.product(lower, upper)
]
STRANGERS = [pair for layer in LAYERS for pair in itertools.permutations(layer, 2)]


@pytest.fixture(scope="module", autouse=True)
def configured():
    configure()


def checked(*imports, more=()):
    """Check the contract on a graph that has each declared folder, one module in each, and these imports alone."""
    graph = grimp.ImportGraph()
    for name in ("dongcha", *(f"dongcha.{n}{inner}" for n in (*NAMES, *more) for inner in ("", ".inner"))):
        graph.add_module(name)
    for importer, imported in imports:
        graph.add_import(importer=f"dongcha.{importer}.inner", imported=f"dongcha.{imported}.inner")
    contract = LayersContract(
        name="directions", session_options={"root_packages": ["dongcha"]}, contract_options=OPTIONS
    )
    return contract.check(graph=graph, verbose=False)


def test_the_layers_are_those_of_the_design():
    order = {name: place for place, layer in enumerate(LAYERS) for name in layer}
    known = (
        "cli > flow > steps > checks > train > tasks > objectives > models > data > metrics > registry > errors",
        "cli > flow > steps > report > adapt > tasks > loop > data > judge > metrics > config > types > errors",
    )
    for line in known:
        places = [order[name] for name in line.split(" > ")]
        assert places == sorted(places)
        assert len(set(places)) == len(places)
    for strangers in (("adapt", "train", "evaluate"), ("loop", "models"), ("checks", "report")):
        assert len({order[name] for name in strangers}) == 1


def test_every_import_that_goes_down_is_let_through():
    assert checked().kept
    assert checked(*((high, low) for low, high in UPWARD)).kept


@pytest.mark.parametrize("layer", range(1, len(LAYERS)), ids=lambda i: "-".join(LAYERS[i]))
def test_every_import_that_goes_up_is_caught(layer):
    for low, high in UPWARD:
        if low in LAYERS[layer]:
            assert not checked((low, high)).kept, f"{low} may import {high}"


@pytest.mark.parametrize(("one", "other"), STRANGERS)
def test_every_import_between_strangers_is_caught(one, other):
    assert not checked((one, other)).kept


def test_an_import_that_goes_up_by_a_way_round_is_caught():
    """errors -> ... -> flow through a folder that both may touch is as bad as the direct one."""
    assert not checked(("data", "metrics"), ("metrics", "tasks")).kept


def test_an_undeclared_folder_is_caught():
    found = checked(more=["utils"])
    assert not found.kept
    assert "utils" in str(found.metadata)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the whole package with the contract beside it."""
    root = tmp_path_factory.mktemp("copy")
    shutil.copytree(
        ROOT / "dongcha", root / "dongcha", ignore=shutil.ignore_patterns("__pycache__", "*.txt", "*.jsonl")
    )
    shutil.copy(ROOT / ".importlinter", root)
    return root


def linted(root):
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", code, "--no-cache"]
    found = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=False)
    return found.returncode, found.stdout


PLANTED = {
    "an upward import": ("metrics/planted.py", "from dongcha.tasks._base import Task\n"),
    "one hidden in a function": ("files.py", "\n\ndef late():\n    import dongcha.flow\n"),
    "one between stages": ("train/planted.py", "import dongcha.evaluate.evaluate\n"),
    "an undeclared folder": ("helpers/__init__.py", ""),
    "an undeclared module": ("planted_module.py", ""),
}


def test_the_package_keeps_the_contract(copy):
    code, said = linted(copy)
    assert code == 0, said
    assert "KEPT" in said


@pytest.mark.parametrize("breach", PLANTED)
def test_a_breach_planted_in_the_package_is_caught(copy, breach):
    name, text = PLANTED[breach]
    path = copy / "dongcha" / name
    before = path.read_text(encoding="utf-8") if path.exists() else None
    path.parent.mkdir(exist_ok=True)
    path.write_text((before or "") + text, encoding="utf-8")
    try:
        code, said = linted(copy)
    finally:
        if before is not None:
            path.write_text(before, encoding="utf-8")
        elif path.name == "__init__.py":
            shutil.rmtree(path.parent)
        else:
            path.unlink()
    assert code == 1, said
    assert "BROKEN" in said
    assert Path(name).parts[0].removesuffix(".py") in said


def test_an_import_for_types_alone_is_no_breach(copy):
    path = copy / "dongcha" / "metrics" / "planted.py"
    path.write_text(
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    import dongcha.flow\n", encoding="utf-8"
    )
    try:
        assert linted(copy)[0] == 0
    finally:
        path.unlink()
