"""What others stand on is pinned here, so that growth is a decision: names, verbs, options, and a step's names."""

import inspect

import pytest
import typer

import dongcha
from dongcha.cli import app

NAMES = ["Recipe", "check", "load", "load_open_book", "load_recipe", "load_triples", "run", "score_triples"]
VERBS = {
    "init": {"data", "--text", "--label", "--model", "--task", "--out", "-o"},
    "check": {"recipe", "--set", "--deep", "--quiet", "-q", "--json"},
    "run": {"recipe", "--set", "--until", "--fresh", "--workspace", "--quiet", "-q", "--json"},
    "predict": {
        *("model", "file", "--text", "--output", "-o", "--unsure-below", "--text-column"),
        *("--corpus", "--corpus-model", "--stream"),
    },
    "triples": {
        *("tagger", "relations", "file", "--text", "--gold", "--output", "-o"),
        *("--max-pairs", "--min-score", "--text-column", "--json"),
    },
    "schema": set(),
    "demo": {"--in", "--seed", "--workspace", "--fresh", "--quiet", "-q", "--json"},
    "index build": {"model", "corpus", "--to", "--query-prefix", "--passage-prefix", "--doc-column", "--text-column"},
    "index add": {"folder", "corpus", "--model", "--doc-column", "--text-column"},
    "index delete": {"folder", "ids"},
    "index search": {"folder", "file", "--text", "-k", "--by", "--model", "--text-column"},
    "runs list": {"--workspace"},
    "runs show": {"run", "--workspace", "--json"},
    "runs compare": {"runs", "--workspace"},
    "runs rm": {"run", "--workspace"},
}
STEPS = [
    *("task", "enough_rows", "model", "features", "data_checks", "plan", "before", "baselines"),
    *("train", "after", "evaluate", "checks", "report"),
]
BESIDE = ["corpus", "held_out", "pretrain", "start", "pretrained"]  # where the recipe asks for them
SIGNATURES = {
    "check": "(recipe, *, watch, deep)",
    "load": "(folder, unsure_below)",
    "load_open_book": "(folder, library, unsure_below, *, passages, embedder)",
    "load_recipe": "(path, settings)",
    "load_triples": "(tagger, relations, *, max_pairs, min_score)",
    "score_triples": "(finder, file)",
    "run": "(recipe, *, workspace, watch, fresh, until, spent)",
}


def commands(group, path=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def options(command):
    found = set()
    for parameter in command.params:
        found |= {*parameter.opts, *parameter.secondary_opts}
    return found - {"-h", "--help"}


def test_the_names_of_the_package():
    assert sorted(dongcha.__all__) == NAMES
    for name in NAMES:
        assert getattr(dongcha, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        _ = dongcha.nothing


@pytest.mark.parametrize("name", SIGNATURES)
def test_the_arguments_of_a_name(name):
    parameters = inspect.signature(getattr(dongcha, name)).parameters.values()
    parts, starred = [], False
    for parameter in parameters:
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            parts.append("*")
            starred = True
        parts.append(parameter.name)
    assert f"({', '.join(parts)})" == SIGNATURES[name]


def test_the_verbs_and_their_options():
    found = {name: options(command) for name, command in commands(typer.main.get_command(app))}
    assert found == VERBS


def test_every_verb_has_help_in_one_line_or_more():
    for name, command in commands(typer.main.get_command(app)):
        assert command.help, name


def test_the_steps_of_a_run():
    from dongcha import Recipe
    from dongcha.flow import STEPS as FLOW
    from dongcha.flow import steps_of

    assert [step.name for step in FLOW] == STEPS
    asked = Recipe(task="classification", model="m", data={"train": "a.csv"}, pretrain="mlm")
    whole = [step.name for step in steps_of(asked)]
    assert [name for name in whole if name not in BESIDE] == STEPS
    assert [name for name in whole if name in BESIDE] == BESIDE
    assert whole.index("pretrained") < whole.index("train")
    known = {"recipe", "source", "splits", "placement", "cache", "began", "deep"}
    for step in FLOW:
        assert set(step.needs) <= known, step.name
        known.add(step.name)
