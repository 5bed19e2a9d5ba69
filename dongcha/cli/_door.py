"""Turn what goes wrong into one sentence on stderr and an exit code; give the verbs their two consoles."""

import errno
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import typer
from rich.console import Console

from dongcha.errors import DongchaError
from dongcha.locale import say

DEBUG = "--debug"
MACHINE, BUG, CTRL_C = 4, 3, 130
UNBOUNDED = 2000  # columns of a line that no terminal cuts

# A wrong command line: click's exception, of which newer typers carry a copy of their own.
WrongUsage: Any = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")


def out() -> Console:
    """Return the console for results: plain, and neither wrapped nor cut when stdout is no terminal."""
    return _console(sys.stdout.isatty())


def err() -> Console:
    """Return the console for everything else."""
    return _console(sys.stderr.isatty(), stderr=True)


def _console(is_terminal: bool, *, stderr: bool = False) -> Console:
    return Console(stderr=stderr, highlight=False, soft_wrap=not is_terminal, width=None if is_terminal else UNBOUNDED)


def guarded(app: typer.Typer, arguments: Sequence[str]) -> int:
    """Run the application on arguments and return its exit code; `--debug` anywhere shows tracebacks."""
    debug = DEBUG in arguments
    try:
        code = app(args=[a for a in arguments if a != DEBUG], standalone_mode=False)
    except typer.Exit as leave:
        code = leave.exit_code
    except WrongUsage as usage:
        usage.show()
        return int(usage.exit_code)
    except BaseException as error:  # the door's one job: no traceback reaches a user who did not ask
        if debug:
            traceback.print_exc()
        return told(error)
    if code == CTRL_C:  # what typer makes of a Ctrl-C, without a word
        return told(KeyboardInterrupt())
    return code if isinstance(code, int) else 0


def told(error: BaseException) -> int:
    """Print one sentence for an error and return its exit code."""
    if isinstance(error, DongchaError):
        message, code = str(error), error.exit_code
    elif isinstance(error, KeyboardInterrupt | typer.Abort):
        message, code = say("cli.interrupted"), CTRL_C
    elif isinstance(error, MemoryError):
        message, code = say("cli.no_memory"), MACHINE
    elif isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        message, code = say("cli.no_disk", path=error.filename or "?"), MACHINE
    elif isinstance(error, BrokenPipeError):
        return 0
    elif isinstance(error, OSError) and error.filename is not None:
        message, code = say("cli.os_error", path=error.filename, reason=error.strerror), 2
    else:
        message, code = say("cli.bug", kind=type(error).__name__, error=str(error)[:200]), BUG
    err().print(f"dongcha: {message}", style="bold red", markup=False)
    return code
