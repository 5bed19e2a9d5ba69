"""`dongcha init DATA`: look at a file and write a commented recipe for it, never over a file.

The recipe's path goes to stdout; what was seen, and the next command, to stderr.
"""

import os
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dongcha import files
from dongcha.cli._live import Live
from dongcha.config import recipe_template
from dongcha.config.load import name_from
from dongcha.errors import DataError, UserError
from dongcha.locale import current_language, say, speaking
from dongcha.models.at_hand import Proposal, propose

if TYPE_CHECKING:
    from dongcha.data.guess import Guess
    from dongcha.data.look import Look

PACKAGE, HUBS = "package:", ("hf:", "modelscope:")
DATA = "DATA"  # what the help page calls the argument
SHOWN = 5  # labels that are named
Siblings = Mapping[str, str]  # validation and test sources by part


def init(
    data: Annotated[str, typer.Argument(help="a file, a folder by label, package:NAME/sub, hf:NAME")],
    *,
    text: Annotated[list[str] | None, typer.Option(help="the column that holds the text (repeat to join)")] = None,
    label: Annotated[str | None, typer.Option(help="the column to learn: label, score, tags or spans")] = None,
    model: Annotated[str | None, typer.Option(help="a model's folder, hub name or package:NAME")] = None,
    task: Annotated[
        str | None, typer.Option(help="classification, tagging, qa, translation, dialogue and others")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="the recipe to write")] = None,
) -> None:
    """Look at a file of texts and write a recipe for it."""
    from dongcha.data.guess import Wanted, guess  # pyarrow comes with it, which the other verbs' start must not
    from dongcha.data.look import look

    source, target = place_of(data, out)
    seen = look(source, Path(), DATA)
    found = guess(seen, Wanted(text=tuple(text or ()), label=label, task=task))
    live = Live()
    siblings = found_siblings(seen, found, live)
    proposal = propose(found.language, writes=found.writes) if model is None else None
    values = sections(seen, found, siblings, target)
    values |= corpus_sections(seen, found, target)
    values |= model_sections(proposal, model, target)
    values |= {"adapt": {"method": "lora"}} if found.writes else {}
    with speaking(found.language or current_language()):
        recipe = recipe_template(values, notes(seen, found, siblings, proposal, target) | corpus_note(values))
    files.write_text(target, recipe)
    for key, told in seen_lines(seen, found, siblings, model, proposal):
        live.line(key, told)
    if "data.corpus" in values and values["data.corpus"] is None:
        live.line("init.col_remark", say("init.corpus_wanted"), "yellow")
    live.line("init.col_next", f"dongcha run {shlex.quote(str(target))}")
    typer.echo(str(target))


def place_of(data: str, out: Path | None) -> tuple[str, Path]:
    """Return the source to read (the training file of a folder that has one) and the recipe to write, not there yet."""
    from dongcha.data.siblings import set_name, training_file
    from dongcha.data.sources import locate

    if data.startswith(HUBS):
        source, path = data, Path(data.partition(":")[2].partition(":")[0])
    else:
        given = locate(data, Path(), DATA)
        path = training_file(given)
        source = data if path == given else f"{data.rstrip('/')}/{path.name}"
    target = out or Path(f"{name_from(Path(set_name(path) + '.yaml'))}.yaml")
    if target.exists():
        numbered = (target.with_stem(f"{target.stem}-{i}") for i in range(2, 1000))
        raise UserError(say("init.exists", path=target, other=next(p for p in numbered if not p.exists())))
    return source, target


def found_siblings(seen: "Look", found: "Guess", live: Live) -> Siblings:
    """Return the validation and test sets beside the file that hold its columns; say which ones do not."""
    from dongcha.data.look import column_names
    from dongcha.data.siblings import siblings

    if seen.source.startswith(HUBS):
        return {}
    wanted = {name for names in found.columns.values() for name in names}
    chosen: dict[str, str] = {}
    for part, path in siblings(seen.path).items():
        source = f"{seen.source.rstrip('/').rpartition('/')[0]}/{path.name}".removeprefix("/")
        source = str(path) if not seen.source.startswith(PACKAGE) else source
        try:
            lacking = wanted - column_names(source, Path(), DATA, has_tags=seen.has_tags)
            reason = say("init.lacks", columns=", ".join(sorted(lacking))) if lacking else ""
        except DataError as error:
            reason = str(error)
        if reason:
            live.line("init.col_remark", say("init.left_out", file=path.name, reason=reason), "yellow")
        else:
            chosen[part] = source
    return chosen


def sections(seen: "Look", found: "Guess", siblings: Siblings, target: Path) -> dict[str, Any]:
    """Return the recipe's values that the data decides."""
    values: dict[str, Any] = {"name": name_from(target), "language": found.language, "task": found.task}
    values["data.train"] = as_written(seen.source, target)
    values |= {f"data.{part}": as_written(source, target) for part, source in siblings.items()}
    values["data.split"] = {part: 0.1 for part in ("validation", "test") if part not in siblings}
    values |= {"data.columns": found.renamed} if found.renamed else {}
    values |= {"data.encoding_errors": "replace"} if seen.replaced else {}
    return values


def corpus_sections(seen: "Look", found: "Guess", target: Path) -> dict[str, Any]:
    """Return where the documents are that rows name: a file beside them called so, its columns told; else nowhere."""
    from dongcha.data.guess import renamed_in
    from dongcha.data.look import column_names
    from dongcha.data.siblings import corpus_file
    from dongcha.data.splits import CORPUS

    if "relevant" not in found.columns:
        return {}
    path = None if seen.source.startswith((PACKAGE, *HUBS)) else corpus_file(seen.path)
    if path is None:
        return {"data.corpus": None}
    renamed = renamed_in(column_names(str(path), Path(), DATA, has_tags=False), CORPUS)
    columns = {"data.columns": {**found.renamed, **renamed}} if renamed else {}
    return {"data.corpus": as_written(str(path), target), **columns}


def corpus_note(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the comment on the corpus: found beside the rows, or to be filled in."""
    if "data.corpus" not in values:
        return {}
    return {"data.corpus": say("init.note_sibling" if values["data.corpus"] else "init.note_corpus")}


def model_sections(proposal: Proposal | None, model: str | None, target: Path) -> dict[str, Any]:
    """Return the recipe's values that the model decides."""
    if proposal is None:
        return {"model": as_written(model, target) if model and Path(model).is_dir() else model}
    return {"model": proposal.model, "adapt": {"method": proposal.adapt}}


def as_written(source: str, target: Path) -> str:
    """Return a source as the recipe names it: paths from the recipe's folder, the rest as it is."""
    if source.startswith((PACKAGE, *HUBS)):
        return source
    return Path(os.path.relpath(Path(source).expanduser(), target.parent)).as_posix()


def notes(seen: "Look", found: "Guess", siblings: Siblings, proposal: Proposal | None, target: Path) -> dict[str, str]:
    """Return the comments that say what was seen, by the recipe's keys."""
    told = {
        "": say("init.head", source=seen.source, rows=seen.rows, file=shlex.quote(target.name)),
        "task": fields_line(found),
        "report.texts": say("init.note_texts"),
    }
    told |= {f"data.{part}": say("init.note_sibling") for part in siblings}
    told |= {"data.split": say("init.note_split")} if len(siblings) > 1 else {}
    if proposal is not None and proposal.adapt != "full":
        told["adapt"] = say(f"init.note_{proposal.adapt}")
    return told


def seen_lines(
    seen: "Look", found: "Guess", siblings: Siblings, model: str | None, proposal: Proposal | None
) -> Iterator[tuple[str, str]]:
    """Yield what was seen, a line at a time: the name of the line and its text."""
    columns = ", ".join(column.name for column in seen.columns)
    yield "init.col_data", say("init.data", source=seen.source, rows=seen.rows, columns=columns)
    yield "init.col_task", f"{found.task}: {fields_line(found)}"
    yield "init.col_language", say(f"init.language_{found.language or 'unclear'}")
    for part in ("validation", "test"):
        yield f"init.col_{part}", siblings.get(part) or say("init.cut")
    if proposal is None:
        yield "init.col_model", str(model)
    else:
        key = "init.installed" if proposal.installed else "init.to_install" if proposal.requirement else "init.to_fetch"
        yield "init.col_model", say(key, model=proposal.model, requirement=proposal.requirement)
    if found.others:
        yield "init.col_remark", say("init.others", tasks=", ".join(found.others), first=found.others[0])
    empty = {c.name: seen.rows - c.filled for c in seen.columns if c.name in sum(found.columns.values(), ())}
    for name, count in empty.items():
        if count:
            yield "init.col_remark", say("init.empty", column=name, count=count)
    if seen.replaced:
        yield "init.col_remark", say("init.replaced", count=seen.replaced)


def fields_line(found: "Guess") -> str:
    """Say which columns are read and learnt, and the labels or the range of the scores."""
    from dongcha.data.guess import NO_LABELS

    *inputs, target = (" + ".join(names) for names in found.columns.values())
    facts = {"input": ", ".join(inputs), "target": target}
    if not inputs:  # a dialogue's messages are both
        return say("init.turns", **facts)
    if found.bounds is None and NO_LABELS & {*found.columns}:
        return say("init.fields", **facts)
    if found.bounds is not None:
        return say("init.scores", **facts, low=found.bounds[0], high=found.bounds[1])
    labels = ", ".join(found.labels[:SHOWN])
    if len(found.labels) > SHOWN:
        labels = say("init.and_more", shown=labels, more=len(found.labels) - SHOWN)
    return say("init.labels" if found.labels else "init.many_labels", **facts, count=len(found.labels), labels=labels)
