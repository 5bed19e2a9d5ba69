"""The script that puts the demo's screen into the READMEs, on a run that is already there instead of the demo."""

import re
import shutil
import subprocess

import make_screens
import pytest
from doc_pages import ROOT

from dongcha.report import screen_lines

BARS = "Loading weights:   0%|          | 0/3\rLoading weights: 100%|####| 3/3 [00:00<00:00, 9.9it/s]\n"


@pytest.fixture
def demo_is(monkeypatch, reviews):
    """Answer for the command line with a finished run's folder, and with what a demo would have told."""

    def runs(code):
        def run(command, *, cwd, **_):
            assert command[-4:-1] == ["demo", "--in", "en"]
            shutil.copytree(reviews.folder, cwd / "runs" / "reviews" / reviews.folder.name)
            return subprocess.CompletedProcess(command, code, "", f"dongcha 0.1.0  reviews\n{BARS}forecast  ...\n")

        monkeypatch.setattr(make_screens.subprocess, "run", run)

    return runs


def test_a_screen_has_what_was_told_then_the_last_screen(demo_is, reviews, tmp_path):
    demo_is(0)
    lines = make_screens.demo("en", tmp_path).splitlines()
    assert lines[:4] == ["```text", "$ dongcha demo --in en", "dongcha 0.1.0  reviews", "forecast  ..."]
    assert lines[5:-1] == screen_lines(reviews.report) and lines[-1] == "```"


def test_a_demo_that_failed_writes_nothing(demo_is, tmp_path):
    demo_is(1)
    with pytest.raises(SystemExit, match="reviews"):
        make_screens.demo("en", tmp_path)


@pytest.mark.parametrize("name", make_screens.READMES)
def test_both_readmes_have_a_place_for_the_screen(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert len(re.findall(r"<!-- screen:demo -->\n.*?<!-- /screen -->", text, re.DOTALL)) == 1
