"""Lay out a run small enough to be killed a hundred times, and look at what it left."""

import hashlib
import json
import re
from pathlib import Path

from dongcha import files
from dongcha.cli import app
from dongcha.cli._door import guarded

RECIPE = """\
name: small
language: en
task: {task}
data: {{train: {data}, split: {{validation: 0.2, test: 0.3}}}}
model: {model}
train: {{epochs: 3, learning_rate: 3e-3, head_learning_rate: 1e-2, batch_tokens: 128}}
threads: 1
"""
STEPS = 9  # optimiser steps of the small run, in three epochs
TIME = 10  # a time in a row is a test's limit at so many times its figure
_LEFT = re.compile(r"\..+\.\d+\.(tmp|old)")


def lay(folder, model, rows, *, task="classification", data="rows.jsonl"):
    """Write a recipe and its rows into a folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    write_rows(folder / "rows.jsonl", rows)
    text = RECIPE.format(task=task, data=data, model=model)
    (folder / "recipe.yaml").write_text(text, encoding="utf-8")
    return folder


def give(place, split, file):
    """Make the recipe of a place read a split from a file instead of cutting it from train."""
    text = (place / "recipe.yaml").read_text(encoding="utf-8")
    shares = {"validation": r"validation: 0\.2(, )?", "test": r"(, )?test: 0\.3"}
    text, found = re.subn(shares[split], "", text)
    assert found == 1
    text = text.replace("split: {", f"{split}: {file}, split: {{")
    (place / "recipe.yaml").write_text(text, encoding="utf-8")


def write_rows(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def run_cli(capsys, *arguments):
    code = guarded(app, [str(argument) for argument in arguments])
    told = capsys.readouterr()
    assert "Traceback" not in told.out + told.err
    assert "This is a bug" not in told.err and code != 3, told.err
    return code, told.out, told.err


def run_folder(place):
    """The one run of a place."""
    [folder] = [path for path in (place / "runs").glob("*/*") if ".cache" not in path.parts]
    return folder


def digest(folder):
    """The SHA-256 of each file that a run's result is made of: weights, tokenizer, card, predictions."""
    parts = [*(folder / "model").rglob("*"), *(folder / "predictions").glob("*")]
    found = {p.relative_to(folder).as_posix(): p for p in parts if p.is_file() and p.name != files.DONE}
    decided = files.read_json(next(folder.glob("steps/plan-*/plan.json")))
    hashes = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in found.items()}
    return hashes | {"settings": decided["settings"], "chosen": decided["chosen"]}


def leftovers(folder):
    """The names below a folder that only a process at work may have."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob(".*") if _LEFT.fullmatch(path.name))


def no_charts(monkeypatch):
    """Leave the drawing of charts out: it takes most of a small run's time, and has tests of its own."""
    from dongcha.report import charts

    monkeypatch.setattr(charts, "_drawn", lambda draw: "<svg></svg>")


def listed(root):
    """Every path below a folder, with its size, for tests in which nothing may change."""
    return {str(path.relative_to(root)): path.stat().st_size for path in Path(root).rglob("*") if path.is_file()}
