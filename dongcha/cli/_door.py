"""Turn what goes wrong into one sentence on stderr and an exit code; give the verbs their two consoles."""

import errno
import sys
import traceback
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from dongcha import files
from dongcha.errors import DongchaError
from dongcha.locale import say

DEBUG = "--debug"
MACHINE, BUG, CTRL_C = 4, 3, 130
OS_ERRORS = {  # what an operating system refuses, and the sentence that says what to do
    errno.EACCES: "cli.no_permission",
    errno.EPERM: "cli.no_permission",
    errno.EROFS: "cli.read_only",
    errno.EISDIR: "cli.is_folder",
    errno.ENOTDIR: "cli.not_folder",
    errno.EEXIST: "cli.not_folder",
    errno.ENAMETOOLONG: "cli.long_name",
}
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
        kept = [a for a in arguments if a != DEBUG]
        code = app(args=kept, prog_name="dongcha", standalone_mode=False)  # however it was started
    except typer.Exit as leave:
        code = leave.exit_code
    except WrongUsage as usage:
        return wrong_usage(usage)
    except BaseException as error:  # the door's one job: no traceback reaches a user who did not ask
        if debug:
            traceback.print_exc()
        return told(error)
    if code == CTRL_C:  # what typer makes of a Ctrl-C, without a word
        return told(KeyboardInterrupt())
    return code if isinstance(code, int) else 0


def wrong_usage(usage: Any) -> int:
    """Print one sentence for a command line that cannot be understood, with the help that shows how; return 2."""
    if found := usage_sentence(usage):
        verb = usage.ctx.command_path.partition(" ")[2] if usage.ctx is not None else ""
        sentence = say("cli.usage", found=found, help=f"dongcha {verb}".strip() + " --help")
        err().print(f"dongcha: {sentence}", style="bold red", markup=False)
    return int(usage.exit_code)


def usage_sentence(usage: Any) -> str:
    """Say what is wrong with a command line; empty where the help itself was printed."""
    known = getattr(getattr(usage.ctx, "command", None), "commands", {})
    kind, unknown = type(usage).__name__, usage.message.partition("'")[2].rstrip("'.")
    if kind == "NoSuchOption":
        return with_near("cli.no_option", usage.option_name, usage.possibilities or ())
    if known and unknown and not getattr(usage, "param", None):
        return with_near("cli.no_command", unknown, get_close_matches(unknown, known, n=1))
    if kind == "MissingParameter":
        return say("cli.missing_argument", name=usage.param.name)
    return str(usage.format_message())


def with_near(key: str, name: str, near: Sequence[str]) -> str:
    """Say that there is no such name, and the nearest one where there is one."""
    return say(f"{key}_near", name=name, near=near[0]) if near else say(key, name=name)


def place_of(error: OSError) -> Path:
    """Return the path that an error is about: the folder of a temporary file; the file that stands for a folder."""
    path = Path(error.filename2 or error.filename)
    if error.errno == errno.ENOTDIR:
        return next((parent for parent in path.parents if parent.is_file()), path)
    return path.parent if path.name.startswith(".") and path.suffix == ".tmp" else path


def told(error: BaseException) -> int:
    """Print one sentence for an error and return its exit code."""
    if isinstance(error, DongchaError):
        message, code = str(error), error.exit_code
    elif isinstance(error, KeyboardInterrupt | typer.Abort):
        message, code = say("cli.interrupted"), CTRL_C
    elif isinstance(error, MemoryError):
        message, code = say("cli.no_memory"), MACHINE
    elif files.no_room(error) is not None:
        message, code = say("cli.no_disk", path=getattr(error, "filename", None) or "?"), MACHINE
    elif isinstance(error, BrokenPipeError):
        return 0
    elif isinstance(error, OSError) and error.filename is not None:
        key = OS_ERRORS.get(error.errno or 0, "cli.os_error")
        message, code = say(key, path=place_of(error), reason=error.strerror), 2
    else:
        message, code = say("cli.bug", kind=type(error).__name__, error=str(error)[:200]), BUG
    err().print(f"dongcha: {message}", style="bold red", markup=False)
    return code
