"""`dongcha triples TAGGER RELATIONS [FILE|-]`: triples of a text, a file or standard input, one JSON line a row.

`--gold FILE` scores instead: strict and relaxed F1, and each model alone, as a table or `--json`; `--output` then
keeps each text with both sides.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

import dongcha
from dongcha.cli._door import err, out
from dongcha.cli.predict import answered, as_line, emit, refuse_onto_itself
from dongcha.errors import UserError
from dongcha.locale import say

KINDS = ("strict", "relaxed", "entities", "relations")
FIGURES = ("f1", "precision", "recall")


def triples(  # noqa: PLR0913  the options of the verb
    tagger: Annotated[Path, typer.Argument(help="the run of a tagging model, which finds the entities")],
    relations: Annotated[Path, typer.Argument(help="the run of a relation model, which is asked about each pair")],
    file: Annotated[str | None, typer.Argument(help="JSONL, CSV, TSV, xlsx, txt; - for standard input")] = None,
    *,
    text: Annotated[str | None, typer.Option(help="one text")] = None,
    gold: Annotated[str | None, typer.Option(help="score on rows with text, head, tail and label")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="write here instead of stdout")] = None,
    max_pairs: Annotated[int, typer.Option(min=1, help="pairs of a text that are asked about, the nearest first")] = 64,
    min_score: Annotated[float, typer.Option(min=0, max=1, help="leave out triples of a lower score")] = 0.0,
    column: Annotated[str | None, typer.Option("--text-column", help="the column that holds the text")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="the scores as JSON")] = False,
) -> None:
    """Find entities and how they stand to each other, with two trained models."""
    if [file, text, gold].count(None) != 2:
        raise UserError(say("cli.triples_what"))
    if gold is not None and column is not None:
        raise UserError(say("cli.triples_gold_column", column=column))
    refuse_onto_itself(file or gold, output)
    finder = dongcha.load_triples(tagger, relations, max_pairs=max_pairs, min_score=min_score)
    if gold is not None:
        scores = dongcha.score_triples(finder, gold)
        show(scores, output, as_json=as_json)
        tell(scores.pairs_left_out, max_pairs)
        return
    left_out: list[int] = []
    emit((as_line(answer) for answer in counted(answered(finder, file, text, column), left_out)), output)
    tell(sum(left_out), max_pairs)


def counted(found: Iterable[tuple[Any, Mapping[str, Any]]], left_out: list[int]) -> Iterator[Mapping[str, Any]]:
    """Pass answers on, and gather how many pairs each leaves out."""
    for _, answer in found:
        left_out.append(answer.get("pairs_left_out", 0))
        yield answer


def tell(left_out: int, max_pairs: int) -> None:
    """Say on stderr that pairs were left out, where some were."""
    if left_out:
        err().print(say("cli.triples_left_out", count=left_out, most=max_pairs), style="yellow", markup=False)


def show(scores: Any, output: Path | None, *, as_json: bool) -> None:
    """Print the scores; with an output, write each text with what was found and what is gold."""
    if output is not None:
        emit((as_line(row) for row in scores.texts), output)
    if as_json:
        typer.echo(json.dumps(scores.plain(), ensure_ascii=False))
        return
    facts = {name: getattr(scores, name) for name in ("rows", "merged_rows", "gold", "found")}
    out().print(say("cli.triples_counts", **facts), markup=False)
    out().print(table(scores.figures))


def table(figures: Mapping[str, Any]) -> Table:
    """Lay out F1 with its interval, precision and recall: the triples, then each model alone."""
    grid = Table(box=None, pad_edge=False)
    for name in ("", *FIGURES):
        grid.add_column(say(f"cli.triples_col_{name}") if name else "", no_wrap=True)
    for kind in KINDS:
        own = figures[kind]
        f1 = f"{own['f1'].value:.3f}  \\[{own['f1'].low:.2f}, {own['f1'].high:.2f}]"
        rest = (f"{own[name].value:.3f}" for name in FIGURES[1:])
        grid.add_row(say(f"cli.triples_row_{kind}"), f1, *rest)
    return grid
