"""`dongcha run RECIPE`: the whole flow, from data to report."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

import dongcha
from dongcha.cli._began import spent
from dongcha.cli._door import out
from dongcha.cli._live import Live
from dongcha.config import Recipe, load_recipe
from dongcha.locale import say, use_language
from dongcha.report import screen
from dongcha.report.as_json import to_json
from dongcha.report.texts import as_allowed
from dongcha.types import Report, silent

RecipeFile = Annotated[Path, typer.Argument(help="the recipe, a YAML file")]
Settings = Annotated[list[str] | None, typer.Option("--set", help="change a key: --set train.epochs=1 (repeatable)")]
Workspace = Annotated[Path | None, typer.Option(help="the folder of runs; default: runs/ beside the recipe")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="only the result")]
AsJson = Annotated[bool, typer.Option("--json", help="the report as JSON on stdout")]


def run(  # noqa: PLR0913  the options of the verb
    recipe: RecipeFile,
    settings: Settings = None,
    *,
    until: Annotated[str | None, typer.Option(help="stop after this step")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="start anew, even where a run stands")] = False,
    workspace: Workspace = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Train, prove and report; a run that was stopped goes on, a finished one is shown."""
    found = run_and_show(load_recipe(recipe, settings or ()), workspace, fresh, until, quiet=quiet, as_json=as_json)
    if isinstance(found, Report) and any(check.status == "failed" for check in found.checks):
        raise typer.Exit(1)


def run_and_show(
    recipe: Recipe, workspace: Path | None, fresh: bool, until: str | None, *, quiet: bool, as_json: bool
) -> Any:
    """Run a recipe with a live screen and print its last screen, or its JSON."""
    use_language(recipe.language)
    live = Live()
    if not quiet:
        live("opens", name=recipe.name, task=recipe.task_name, differs=recipe.differs(), version=version("dongcha"))
    try:
        watch = silent if quiet else live
        found = dongcha.run(recipe, workspace=workspace, watch=watch, fresh=fresh, until=until, spent=spent())
    finally:
        live.close()
    if isinstance(found, Report):
        show(found, as_json=as_json)
    else:
        live.line("cli.stopped", say("cli.until_line", step=until, folder=found.folder))
    return found


def show(report: Report, *, as_json: bool) -> None:
    """Print a report on stdout: the screen for people, or JSON on one line."""
    if as_json:
        typer.echo(json.dumps(to_json(as_allowed(report)), ensure_ascii=False, allow_nan=False))
    else:
        out().print(screen(report))
