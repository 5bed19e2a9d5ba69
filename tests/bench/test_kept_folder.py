"""A bench's run that is stopped keeps its folder and ends in a sentence; one that is over leaves nothing."""

from pathlib import Path

import pytest

from bench import _kept
from dongcha.errors import Stopped


def test_a_run_that_is_over_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_kept, "FOLDER", tmp_path)
    with _kept.workspace("run") as folder:
        (folder / "weights").write_text("x")
    assert list(tmp_path.iterdir()) == []


def test_a_stopped_run_keeps_its_folder_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_kept, "FOLDER", tmp_path)
    with pytest.raises(SystemExit) as left, _kept.workspace("run") as folder:
        (folder / "weights").write_text("x")
        raise Stopped("Stopped after step 3.", 15)
    assert left.value.code == 143
    assert (tmp_path / "run" / "weights").read_text() == "x"
    assert capsys.readouterr().err == "Stopped after step 3.\n"
