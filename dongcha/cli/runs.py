"""`dongcha runs list|show|compare|rm`: the runs of a workspace."""

import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from dongcha import files
from dongcha.cli._door import out
from dongcha.cli.run import AsJson, show
from dongcha.errors import UserError
from dongcha.locale import say
from dongcha.report import read_report
from dongcha.report.figures import interval, score, seconds
from dongcha.report.verdict import after_row, before_row
from dongcha.report.write import JSON_NAME
from dongcha.steps import LOG
from dongcha.types import Report, Row

app = typer.Typer(help="List, show, compare and remove runs.", no_args_is_help=True)
Root = Annotated[Path, typer.Option("--workspace", help="the folder of runs")]
Name = Annotated[str, typer.Argument(help="a run: its folder, name/hash, or the first letters of its hash")]
RUNS = Path("runs")


@app.command("list")
def list_runs(workspace: Root = RUNS) -> None:
    """List the finished runs, the newest first."""
    grid = Table(box=None, pad_edge=False)
    for key in ("cli.col_run", "cli.col_task", "cli.col_created", "cli.col_before", "cli.col_after", "cli.col_checks"):
        grid.add_column(say(key), no_wrap=True)
    for folder, report in sorted(finished(workspace), key=lambda found: found[1].created, reverse=True):
        after, before = after_row(report), before_row(report)
        failed = [check.name for check in report.checks if check.status == "failed"]
        state = say("cli.some_failed", names=", ".join(failed)) if failed else say("cli.all_passed")
        figures = [figure_of(report, row) for row in (before, after)]
        grid.add_row(f"{folder.parent.name}/{folder.name}", report.task, report.created, *figures, state)
    out().print(grid)


@app.command("show")
def show_run(run: Name, workspace: Root = RUNS, as_json: AsJson = False) -> None:
    """Show a run's last screen again."""
    show(read_report(found_run(run, workspace)), as_json=as_json)


@app.command("compare")
def compare(runs: Annotated[list[str], typer.Argument(help="two or more runs")], workspace: Root = RUNS) -> None:
    """Set runs side by side: the main metric before and after, time, and what their recipes differ in."""
    reports = [read_report(found_run(name, workspace)) for name in runs]
    grid = Table(box=None, pad_edge=False)
    for key in ("cli.col_run", "cli.col_metric", "cli.col_before", "cli.col_after", "cli.col_time", "cli.col_differs"):
        grid.add_column(say(key))
    shared = set.intersection(*(set(report.differs) for report in reports))
    for report in reports:
        before, after = before_row(report), after_row(report)
        spent = seconds(after.seconds) if after and after.seconds is not None else "-"
        own = ", ".join(line for line in report.differs if line not in shared) or "-"
        figures = [figure_of(report, row) for row in (before, after)]
        grid.add_row(f"{report.name}/{report.hash[:8]}", report.main_metric, *figures, spent, own)
    out().print(grid)


@app.command("rm")
def remove(run: Name, workspace: Root = RUNS) -> None:
    """Remove a run's folder; nothing else is touched."""
    folder = found_run(run, workspace, by=LOG)  # of a stopped run too: it has no report yet
    with files.lock(folder):
        shutil.rmtree(folder)
    typer.echo(say("cli.removed", folder=folder), err=True)


def finished(workspace: Path) -> list[tuple[Path, Report]]:
    """Return the finished runs of a workspace; folders that hold no report are passed over."""
    folders = [p for p in workspace.glob("*/*") if files.is_done(p) and (p / JSON_NAME).is_file()]
    return [(folder, read_report(folder)) for folder in folders]


def found_run(name: str, workspace: Path, by: str = JSON_NAME) -> Path:
    """Find a run by folder, by name/hash, or by the first letters of its hash; a folder without `by` is none."""
    if name and (Path(name) / by).is_file():
        return Path(name)
    found = [p for p in workspace.glob("*/*") if (p / by).is_file()]
    fitting = [p for p in found if f"{p.parent.name}/{p.name}".startswith(name) or p.name.startswith(name)]
    if len(fitting) != 1 or not name:  # every name begins with nothing
        key = "cli.run_ambiguous" if fitting else "cli.run_unknown"
        known = ", ".join(sorted(f"{p.parent.name}/{p.name}" for p in (fitting or found))[:5]) or "-"
        raise UserError(say(key, name=name, known=known))
    return fitting[0]


def figure_of(report: Report, row: Row | None) -> str:
    """Return a row's main figure with its interval."""
    if row is None:
        return "-"
    figure = row.metrics[report.main_metric]
    return f"{score(figure.value)} {interval(figure)}"
