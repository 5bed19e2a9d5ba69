"""Give the tests of pages a desk to run a page's blocks on."""

import shutil
from pathlib import Path

import pytest
from doc_pages import ROOT

from dongcha.testing import tiny_writer


@pytest.fixture(scope="session")
def desks(tmp_path_factory):
    """Give each language one folder that looks like the repository's root to commands: docs/data and examples."""
    made: dict[str, Path] = {}

    def desk(language: str) -> Path:
        if language not in made:
            folder = tmp_path_factory.mktemp(f"desk-{language}")
            shutil.copytree(ROOT / "docs" / "data", folder / "docs" / "data")
            shutil.copytree(ROOT / "examples", folder / "examples")
            made[language] = folder
        return made[language]

    return desk


@pytest.fixture(scope="session")
def writer_folder(tmp_path_factory):
    """Make a tiny writer once a session."""
    return tiny_writer(tmp_path_factory.mktemp("writer"))


@pytest.fixture
def one_core(monkeypatch):
    """Let `threads: auto` mean one."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0})
