"""The last screen has the shape of the design, whatever the terminal."""

import io
from dataclasses import replace

from rich.console import Console

from dongcha.report import screen, screen_lines
from dongcha.report.blocks import Examples
from dongcha.report.sections import run
from dongcha.report.sections.errors import flips
from dongcha.report.verdict import caveats

from . import fixture

DESIGN = """\
                      accuracy  95 % interval   flips          time
majority              0.243     [0.22, 0.26]
TF-IDF + linear       0.434     [0.41, 0.46]                   0.1 s
before (frozen)       0.791     [0.77, 0.81]                   1.3 s
after (fine-tuned)    0.817     [0.80, 0.83]    +131 / -82     22 s    better, p < 0.001

now right    "Ad sales boost Time Warner profit"   tech -> business        (and 130 more)
now wrong    "Games firms face chilly winter"      tech -> business        (and 81 more)
checks       labels aligned  no leak  saved equals trained  plain Transformers agrees  best restored   all passed
clock        forecast 24 s, took 22 s  memory forecast 0.9 GB, peak 0.9 GB
report       runs/bbc-headlines/3f9a1c/report.html
next         dongcha predict runs/bbc-headlines/3f9a1c --text "Ad sales boost Time Warner profit\"""".splitlines()


def test_the_screen_has_the_shape_of_the_design():
    assert screen_lines(fixture.english(), flips=1) == DESIGN


def test_a_failed_check_is_named_with_what_to_do():
    text = "\n".join(screen_lines(fixture.tagging()))
    assert "4 passed, 0 warnings, 1 failed, 0 skipped" in text
    assert "failed: The saved weights are not the best epoch's. Run again with --fresh." in text
    assert "all passed" not in text and "took 3 min 41 s" in text


def test_the_screen_speaks_the_report_s_language():
    lines = screen_lines(fixture.chinese())
    assert lines[4].endswith("提升，p < 0.001")
    assert any(line.startswith("检查") and line.endswith("全部通过") for line in lines)
    assert lines[-1].startswith("下一步") and "dongcha predict runs/酒店评论/3f9a1c --text" in lines[-1]


def test_a_row_that_was_not_tested_against_before_says_against_what():
    before, after = fixture.table()[2:]
    hybrid = replace(after, name="hybrid", against="bm25")
    lines = screen_lines(replace(fixture.english(), table=(before, hybrid, replace(after, against=before.name))))
    [tested] = [line for line in lines if line.startswith("BM25 + after")]
    assert tested.endswith("better, p < 0.001, against BM25")
    assert not any(line.startswith("after") and "against" in line for line in lines)


def test_answers_scored_by_degrees_are_better_or_worse_never_right():
    *others, after = fixture.table()
    graded = replace(after, verdict=replace(after.verdict, test="bootstrap"))
    report = replace(fixture.english(), table=(*others, graded))
    told = "\n".join(
        (
            *screen_lines(report),
            *caveats(report),
            *(block.caption for block in flips(report) if isinstance(block, Examples)),
        )
    )
    assert "now better" in told and "Better than before: " in told and "answered better than before: 131" in told
    assert "right" not in told


def test_a_text_cannot_steer_the_terminal_or_the_shell():
    texts = (fixture.HOSTILE, 'a"; rm -rf ~; "', "$(reboot)", "[bold]markup[/bold] :smile:")
    rows = tuple({"row": 1, "text": text, "gold": "a", "before": "\x1b[2J", "after": "[red]a"} for text in texts)
    lines = screen_lines(replace(fixture.english(), now_right=rows, now_wrong=(), hardest=()), flips=4)
    assert all("\x1b" not in line and "\u202e" not in line for line in lines)
    assert lines[-1].endswith('--text "a text of your own"')
    assert any("[bold]markup[/bold] :smile:" in line for line in lines)


def test_what_was_forecast_before_the_first_step_stands_beside_the_part_of_it_that_was_taken():
    report = fixture.english()
    early, full = (replace(report, clock={**report.clock, "planned_seconds": planned}) for planned in (31, 24.3))
    lines = {name: "\n".join(screen_lines(found)) for name, found in (("early", early), ("full", full))}
    assert "forecast 31 s for all steps, 24 s for those taken, took 22 s" in lines["early"]
    assert "forecast 24 s, took 22 s" in lines["full"]
    (block, *_), (other, *_) = run.clock(early), run.clock(full)
    assert "Before the first step 31 s were forecast" in block.note and "Before the first step" not in other.note


def test_a_narrow_terminal_loses_no_word():
    console = Console(file=io.StringIO(), width=60, color_system=None)
    console.print(screen(fixture.english()))
    shown = "".join(console.file.getvalue().split())
    for wanted in ("better,", "0.001", "allpassed", "0.817", "+131/-82"):
        assert wanted in shown


def test_two_fields_are_predicted_from_a_file():
    assert screen_lines(replace(fixture.english(), task="pairs"))[-1].endswith("3f9a1c rows.jsonl")
