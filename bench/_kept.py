"""Give a bench's run a folder that outlives the process, so that a run that was stopped goes on where it was."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dongcha.errors import Stopped

FOLDER = Path("runs/bench")


@contextmanager
def workspace(name: str) -> Iterator[Path]:
    """Yield the folder of a run by its name; it is removed when the run is over, and stays when it was stopped.

    A run that was stopped ends the bench with its sentence and its exit code.
    """
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder.absolute()
    except Stopped as stopped:
        print(stopped, file=sys.stderr)
        raise SystemExit(stopped.exit_code) from None
    shutil.rmtree(folder)
