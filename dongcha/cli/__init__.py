"""The command line: one file a verb, in the order of the flow. Doors are thin: parse, call one function, print.

Results go to stdout, all else to stderr. Exit codes are those of `dongcha.errors`; `--debug` shows a traceback.
"""

import sys

import typer

from dongcha.cli import check, demo, index, init, predict, run, runs, schema, triples
from dongcha.cli._began import command_begins
from dongcha.cli._door import guarded

app = typer.Typer(
    name="dongcha",
    help="Train insight from text, from few labels to a proven model. 洞察：从少量标注到经证明的模型。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for verb in (init, check, run, predict, triples, schema, demo):
    app.command(name=verb.__name__.rpartition(".")[2])(getattr(verb, verb.__name__.rpartition(".")[2]))
app.add_typer(index.app, name="index")
app.add_typer(runs.app, name="runs")


def main() -> None:
    """Run the command line and leave with its exit code."""
    command_begins()
    sys.exit(guarded(app, sys.argv[1:]))
