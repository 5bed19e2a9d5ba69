"""Give a bench's run a folder that outlives the process, so that a run that was stopped goes on where it was."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = Path("runs/bench")


@contextmanager
def workspace(name: str) -> Iterator[Path]:
    """Yield the folder of a run by its name; it is removed when the run is over, and stays when it was stopped."""
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    yield folder.absolute()
    shutil.rmtree(folder)
