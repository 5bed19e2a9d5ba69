"""Give the fault tests a command line in process, a folder with a small recipe, and processes that may be killed."""

import pytest
from small_run import lay, run_cli

from dongcha.testing import tiny_rows


@pytest.fixture
def cli(capsys):
    """Run a command line and return its exit code, stdout and stderr; no traceback may be seen."""
    return lambda *arguments: run_cli(capsys, *arguments)


@pytest.fixture
def place(tmp_path, models, monkeypatch):
    """A folder with a recipe and its rows, in which commands run."""
    monkeypatch.chdir(tmp_path)
    return lay(tmp_path, models["pooled"], tiny_rows("classification", 60))
