"""Build the sections of the run itself: checks, curves, clock, recipe, environment, loading, limits.

In: a Report. Out: lists of blocks, empty where the report has nothing of the kind.
"""

import json
import re
import shlex
from collections.abc import Sequence

from dongcha.locale import say
from dongcha.locale.terms import JOINED, term
from dongcha.report import charts, figures
from dongcha.report.as_json import plain
from dongcha.report.blocks import Block, Bullets, Cell, Chart, Charts, Checks, Code, Facts, Fold, Paragraph, flat, table
from dongcha.report.limits import limits
from dongcha.types import NO_TASK, Report

MOST_POINTS = 24
SNIPPET = "snippet"
_ORDER = {"failed": 0, "warned": 1, "skipped": 2, "passed": 3}


def checks(report: Report) -> list[Block]:
    """List the proofs of the run, those that failed first."""
    ordered = tuple(sorted(report.checks, key=lambda check: _ORDER[check.status]))
    return [Checks(ordered)] if ordered else []


def curves(report: Report) -> list[Block]:
    """Draw each curve of training, and give its points as a table."""
    drawn = [_curve(name, _points(values)) for name, values in report.curves.items() if _points(values)]
    return [Charts(tuple(drawn))] if drawn else []


def _points(values: Sequence[Sequence[float]]) -> list[Sequence[float]]:
    return [point for point in values if len(point) == 2 and all(map(figures.is_number, point))]


def _curve(name: str, points: Sequence[Sequence[float]]) -> Chart:
    title, step = curve_name(name), say("report.col.step")
    every = -(-len(points) // MOST_POINTS)
    shown = [*points[:-1:every], points[-1]]
    rows: list[tuple[Cell | str, ...]] = [(figures.count(at), _value(value)) for at, value in shown]
    words = say(
        "report.curves.alternative",
        name=title,
        first=_value(points[0][1]),
        last=_value(points[-1][1]),
        steps=figures.count(points[-1][0]),
    )
    return Chart(title, charts.curve(points, step), words, table(title, (step, title), rows))


def _value(value: float) -> str:
    return f"{value:.2e}".replace("-", figures.MINUS) if value and abs(value) < 0.001 else figures.score(value)


def curve_name(name: str) -> str:
    """Return a curve's name in the language in force: a metric, with its split in brackets where it has one."""
    split = re.fullmatch(r"(.+) \((\w+)\)", name)
    if not split:
        return term("metric", name)
    return say("report.curves.of_split", metric=term("metric", split[1]), split=term("split", split[2]))


def clock(report: Report) -> list[Block]:
    """Set the forecast beside the fact, then the time by step."""
    facts = report.clock
    costs = (("time", "seconds", figures.seconds), ("memory", "megabytes", figures.megabytes))
    rows: list[tuple[Cell | str, ...]] = [
        (
            say(f"report.col.{name}"),
            write(facts.get(f"forecast_{key}")) or figures.ABSENT,
            write(facts.get(key)) or figures.ABSENT,
            _ratio(facts.get(key), facts.get(f"forecast_{key}")),
        )
        for name, key, write in costs
        if facts.get(key) is not None or facts.get(f"forecast_{key}") is not None
    ]
    head = (say("report.col.cost"), *(say(f"report.col.{name}") for name in ("forecast", "fact", "ratio")))
    blocks: list[Block] = [table(say("report.clock.caption"), head, rows, _circumstances(report))] if rows else []
    steps = [step for step in facts.get("steps", ()) if figures.is_number(step.get("seconds"))]
    longest = sum(step["seconds"] for step in steps) or 1
    if steps:
        timed: list[tuple[Cell | str, ...]] = [
            (term("step", step["name"]), Cell(figures.seconds(step["seconds"]), bar=step["seconds"] / longest))
            for step in steps
        ]
        blocks.append(table(say("report.clock.steps"), (say("report.col.stage"), say("report.col.time")), timed))
    return blocks


def _circumstances(report: Report) -> str:
    """Say how busy the machine was, and what limit was set: neither is in the figures themselves."""
    facts = report.clock
    said = (
        [say("report.clock.load", load=", ".join(f"{value:.1f}" for value in facts["load"]))]
        if facts.get("load")
        else []
    )
    planned, forecast = (figures.seconds(facts.get(key)) for key in ("planned_seconds", "forecast_seconds"))
    if planned not in ("", forecast):
        said.append(say("report.clock.planned", planned=planned))
    if facts.get("limit_seconds"):
        said.append(say("report.clock.limit", limit=figures.seconds(facts["limit_seconds"])))
    if (facts.get("attempts") or 1) > 1:
        said.append(say("report.clock.attempts", attempts=facts["attempts"]))
    return " ".join(said)


def _ratio(fact: float | None, forecast: float | None) -> str:
    return f"{fact / forecast:.2f}" if fact is not None and forecast else figures.ABSENT


def recipe(report: Report) -> list[Block]:
    """Say what differs from the defaults; fold the whole resolved recipe."""
    blocks: list[Block] = []
    if report.differs:
        pairs = tuple((key, value) for key, _, value in (line.partition(" ") for line in report.differs))
        blocks += [Paragraph(say("report.recipe.differs")), Facts(pairs)]
    if report.recipe:
        whole = json.dumps(plain(report.recipe), ensure_ascii=False, indent=2)
        blocks.append(Fold(say("report.recipe.whole"), (Code("", whole),)))
    return blocks


def environment(report: Report) -> list[Block]:
    """List versions, seed and machine."""
    known = {key: value for key, value in report.environment.items() if key != SNIPPET}
    pairs = tuple((term("environment", key), value) for key, value in flat(known))
    return [Facts(pairs)] if pairs else []


def load(report: Report) -> list[Block]:
    """Say how to use the model, by dongcha and, where the run wrote one, by a snippet without it."""
    blocks: list[Block] = [Code(say("report.load.dongcha"), command(report))]
    if snippet := report.environment.get(SNIPPET):
        blocks.append(Code(say("report.load.plain"), str(snippet)))
    return blocks


def command(report: Report, text: str | None = None) -> str:
    """Write the command that predicts with the model of this run; `text` must be safe between double quotes.

    Where no task was learnt, it is the one that begins a task with the model.
    """
    if report.task == NO_TASK:
        return f"dongcha init rows.csv --model {_quoted(report.folder)}/model"
    source = (
        f'--text "{text or say("report.load.text")}"' if {*report.task.split(JOINED)} <= {*_ONE_TEXT} else "rows.jsonl"
    )
    return f"dongcha predict {_quoted(report.folder)} {source}"


def _quoted(path: str) -> str:
    """Quote a path for a shell where it needs it; letters of any script need none."""
    return path if re.fullmatch(r"[\w./+-]+", path) else shlex.quote(path)


_ONE_TEXT = ("classification", "regression", "tagging", "retrieval")


def limits_section(report: Report) -> list[Block]:
    """Close with what this evidence does not reach."""
    found = limits(report)
    return [Bullets(found)] if found else []
