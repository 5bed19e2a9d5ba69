"""`dongcha check RECIPE`: data checks and forecast; trains nothing."""

import json
from dataclasses import replace
from importlib.metadata import version
from typing import Annotated

import typer
from rich.table import Table

import dongcha
from dongcha.cli._door import out
from dongcha.cli._live import Live, forecast_text
from dongcha.cli.run import AsJson, Quiet, RecipeFile, Settings
from dongcha.config import load_recipe
from dongcha.locale import say, use_language
from dongcha.locale.terms import term, visible
from dongcha.report.as_json import plain
from dongcha.types import Check, silent

STYLES = {"passed": "green", "warned": "yellow", "failed": "bold red", "skipped": "dim"}


def check(
    recipe: RecipeFile,
    settings: Settings = None,
    *,
    deep: Annotated[bool, typer.Option("--deep", help="look for wrong labels too (needs dongcha[deep])")] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Read the data, check it, forecast time and memory."""
    wanted = load_recipe(recipe, settings or ())
    use_language(wanted.language)
    live = Live()
    if not quiet:
        live("opens", name=wanted.name, task=wanted.task_name, differs=wanted.differs(), version=version("dongcha"))
    work = dongcha.check(wanted, watch=silent if quiet else _without_checks(live), deep=deep)
    plan, found = work["plan"], work["data_checks"]
    if as_json:
        forecast = {"seconds": plan.seconds, "megabytes": plan.forecast.megabytes}
        shown = found if wanted.report.texts == "shown" else tuple(replace(c, examples=()) for c in found)
        typer.echo(json.dumps({"checks": plain(shown), "forecast": forecast}, ensure_ascii=False, allow_nan=False))
    else:
        out().print(table(found, texts=wanted.report.texts))
        out().print(f"{say('cli.forecast')}  {forecast_text(plan.seconds, plan.forecast.megabytes)}")
    if any(c.status == "failed" for c in found):
        raise typer.Exit(1)


def _without_checks(live: Live) -> Live:
    """Leave the checks to the table that follows."""
    live.on_data_check = lambda **_: None  # type: ignore[method-assign]
    return live


def table(checks: tuple[Check, ...], texts: str) -> Table:
    """Lay the checks out: status, name, sentence, examples where texts may be shown, and the fix."""
    grid = Table(box=None, pad_edge=False, show_header=False)
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for found in checks:
        lines = [found.message]
        lines += [f"  {visible(example)}" for example in found.examples[:3] if texts == "shown"]
        lines += [f"-> {found.fix}"] if found.fix else []
        status = say(f"cli.status_{found.status}")
        grid.add_row(
            f"[{STYLES[found.status]}]{status}[/]", term("check", found.name), "\n".join(lines).replace("[", "\\[")
        )
    return grid
