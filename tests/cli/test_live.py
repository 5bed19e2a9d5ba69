"""The progress of a run where there is no terminal: what validation rows said last, as the metric reads."""

from io import StringIO

import pytest
from rich.console import Console

from dongcha.cli import _live
from dongcha.tasks import classification, regression, translation
from dongcha.train.train import LOSS, looked_at


@pytest.fixture
def told(monkeypatch):
    monkeypatch.setattr(_live, "LINES_EVERY", -1.0)

    def lines(*moments):
        out = StringIO()
        live = _live.Live(Console(file=out, width=200))
        for name, facts in moments:
            live(name, **facts)
        return out.getvalue()

    return lines


BEGUN = ("train_begins", {"step": 0, "total": 4})
STEP = ("step", {"step": 2, "total": 4, "loss": 0.5, "tokens": 10})


def seen(score):
    return ("validated", {"step": 1, "score": score, "loss": 0.75, "best": True})


def test_a_line_names_the_metric_and_its_figure(told):
    assert "loss 0.500  accuracy 0.875  " in told(
        ("looks_at", {"metric": "accuracy", "sign": 1}), BEGUN, seen(0.875), STEP
    )


def test_scores_turned_round_are_shown_as_they_read(told):
    assert "validation loss 0.750  " in told(
        ("looks_at", {"metric": LOSS[0], "sign": LOSS[1]}), BEGUN, seen(-0.75), STEP
    )


def test_before_the_first_look_there_is_the_loss_alone(told):
    line = told(("looks_at", {"metric": "accuracy", "sign": 1}), BEGUN, STEP)
    assert "loss 0.500  5" not in line and "accuracy" not in line and "2/4  loss 0.500  " in line


def test_errors_are_turned_round_and_a_writer_is_looked_at_by_its_loss():
    assert looked_at(regression.Task()) == ("mae", -1)
    assert looked_at(classification.Task(labels=("a", "b"))) == ("accuracy", 1)
    assert looked_at(translation.Task()) == LOSS
