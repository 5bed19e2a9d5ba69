"""How a run ends: at its best weights, early, by a signal, by a loss that is no number."""

import math
import re
import signal
import threading
import time

import pytest
import torch
from toy_loop import (
    Recorder,
    Toy,
    arbitrary_validation,
    digest,
    objective,
    toy_features,
    toy_fit,
    toy_settings,
)

from dongcha.errors import Diverged, Stopped
from dongcha.loop import Validation
from dongcha.loop.checkpoint import checkpoints

LENGTHS = [3] * 8


def scripted(*found):
    """Validate by a list of (score, loss), one a call."""
    left = list(found)
    return lambda: Validation(*left.pop(0))


def run_with(validations, patience=None, epochs=None, **changed):
    module, digests = Toy(), []
    watch = Recorder(lambda moment, facts: digests.append(digest(module)) if moment == "validated" else None)
    chosen = toy_settings(epochs=epochs or len(validations), patience=patience, **changed)
    fitted = toy_fit(module, toy_features(LENGTHS), chosen, validate=scripted(*validations), watch=watch).run()
    return fitted, digests, digest(module), watch


def test_the_best_weights_are_put_back():
    fitted, digests, final, watch = run_with([(0.2, 1.0), (0.9, 1.0), (0.3, 1.0), (0.1, 1.0)])
    assert final == digests[1]
    assert len(set(digests)) == 4
    assert fitted.state.best_score == 0.9
    assert fitted.state.best_step == fitted.state.scores[1][0]
    assert [facts["best"] for facts in watch.named("validated")] == [True, True, False, False]
    assert [score for _, score in fitted.state.scores] == [0.2, 0.9, 0.3, 0.1]


def test_a_tie_goes_to_the_lesser_loss_and_then_to_the_earlier():
    assert run_with([(0.5, 2.0), (0.5, 1.0), (0.5, 1.5)])[0].state.best_loss == 1.0
    fitted, digests, final, _ = run_with([(0.5, 1.0), (0.5, 1.0)])
    assert final == digests[0]
    assert fitted.state.best_step == fitted.state.scores[0][0]


@pytest.mark.parametrize("patience", [1, 2, 3])
def test_patience_is_the_number_of_looks_without_a_better_score(patience):
    scores = [(0.5, 1.0), (0.6, 1.0), *[(0.1, 1.0)] * 5]
    fitted, digests, final, watch = run_with(scores, patience)
    assert len(fitted.state.scores) == 2 + patience
    assert fitted.state.stopped_early
    assert final == digests[1]
    assert watch.named("train_ends")[0]["early"]


def test_a_better_score_starts_the_patience_anew():
    fitted, *_ = run_with([(0.5, 1.0), (0.4, 1.0), (0.6, 1.0), (0.5, 1.0), (0.7, 1.0)], 2)
    assert len(fitted.state.scores) == 5
    assert not fitted.state.stopped_early


def test_validation_every_few_steps_stops_within_an_epoch():
    scores = [(0.5, 1.0)] + [(0.1, 1.0)] * 9
    fitted, digests, final, _ = run_with(scores, patience=1, epochs=10, validate_steps=2, batch_tokens=3)
    assert [step for step, _ in fitted.state.scores] == [2, 4]
    assert fitted.state.step == 4 < fitted.total_steps
    assert final == digests[0]


def test_without_validation_the_last_weights_stay():
    module, last = Toy(), []
    watch = Recorder(lambda moment, facts: last.append(digest(module)) if moment == "train_ends" else None)
    fitted = toy_fit(module, toy_features(LENGTHS), toy_settings(patience=1), watch=watch).run()
    assert digest(module) == last[0] != digest(Toy())
    assert fitted.state.best_score is None
    assert fitted.state.step == fitted.total_steps
    assert not fitted.state.scores


class Spoilt:
    """An objective that is sound until a step, and then gives a loss or a gradient that is no number."""

    def __init__(self, module, from_step, spoil):
        self.inner, self.module, self.from_step, self.spoil, self.calls = objective(), module, from_step, spoil, 0

    def weight(self, batch):
        return self.inner.weight(batch)

    def loss(self, module, batch):
        self.calls += 1
        self.seen = batch["unit_row"].tolist()
        if self.calls == self.from_step:
            self.before = digest(self.module)
            return self.spoil(self.inner.loss(module, batch), module)
        return self.inner.loss(module, batch)


SPOILS = {
    "loss nan": lambda loss, module: loss * math.nan,
    "loss inf": lambda loss, module: loss + math.inf,
    "gradient nan": lambda loss, module: loss + ((module.linear.bias * 0).sum()) ** 0.5 * 0,
}


@pytest.mark.parametrize("limit", [1.0, None])
@pytest.mark.parametrize("spoil", SPOILS)
def test_what_is_no_number_stops_the_run_before_it_touches_a_weight(spoil, limit):
    module = Toy()
    spoilt = Spoilt(module, 3, SPOILS[spoil])
    chosen = toy_settings(batch_tokens=6, clip_norm=limit)
    with pytest.raises(Diverged) as error:
        toy_fit(module, toy_features(LENGTHS), chosen, objective=spoilt).run()
    assert digest(module) == spoilt.before != digest(Toy())
    assert error.value.exit_code == 1
    assert "step 3" in str(error.value)
    rows = re.search(r"rows ([\d, ]+)\)", str(error.value)).group(1)
    assert [int(row) for row in rows.split(", ")] == sorted(row + 1 for row in spoilt.seen), "1-based, as in the file"


def test_the_last_good_weights_are_kept_as_a_checkpoint(tmp_path):
    module = Toy()
    spoilt = Spoilt(module, 3, SPOILS["loss nan"])
    fit = toy_fit(module, toy_features(LENGTHS), toy_settings(batch_tokens=6), objective=spoilt, folder=tmp_path)
    with pytest.raises(Diverged, match="weights of step 2 are kept"):
        fit.run()
    [kept] = checkpoints(tmp_path)
    assert kept.name == "step-00000002"
    again = Toy(seed=5)
    soon = toy_fit(again, toy_features(LENGTHS), toy_settings(batch_tokens=6), folder=tmp_path)
    soon._begin()
    assert digest(again) == spoilt.before


def test_weights_that_are_no_numbers_never_take_the_place_of_a_checkpoint(tmp_path):
    module = Toy()

    def at(moment, facts):
        if moment == "step" and facts["step"] == 4:
            with torch.no_grad():
                module.linear.weight.fill_(math.nan)

    parts = {"folder": tmp_path, "watch": Recorder(at)}
    fit = toy_fit(module, toy_features(LENGTHS), toy_settings(batch_tokens=6), **parts)
    with pytest.raises(Diverged) as error:
        fit.run()
    assert "kept" not in str(error.value)
    assert checkpoints(tmp_path) == []


def test_a_validation_that_is_no_number_stops_the_run():
    with pytest.raises(Diverged):
        run_with([(0.5, 1.0), (0.5, math.nan)])
    with pytest.raises(Diverged):
        run_with([(math.nan, 1.0), (0.5, 1.0)])


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_and_says_how_to_go_on(tmp_path, number, exit_code):
    before = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}

    def at(moment, facts):
        if moment == "step" and facts["step"] == 3:
            signal.raise_signal(number)  # to this thread, so it is noted at once

    def prepared(folder, watch, seed=0):
        module = Toy(dropout=0.3, seed=seed)
        parts = {"validate": arbitrary_validation(module), "folder": folder, "watch": watch}
        return module, toy_fit(module, toy_features(LENGTHS), toy_settings(batch_tokens=6), **parts)

    alone, fit = prepared(None, Recorder())
    expected = fit.run().state.best_score
    with pytest.raises(Stopped, match="step 3 of 12") as stopped:
        prepared(tmp_path, Recorder(at))[1].run()
    assert stopped.value.exit_code == exit_code
    assert {n: signal.getsignal(n) for n in before} == before
    assert [p.name for p in checkpoints(tmp_path)] == ["step-00000003"]
    again, fit = prepared(tmp_path, Recorder(), seed=8)
    assert fit.run().state.best_score == expected
    assert digest(again) == digest(alone)


@pytest.fixture
def heeds_ctrl_c():
    """Let SIGINT interrupt as in a terminal: a process started in the background ignores it from the start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeds_ctrl_c")
def test_a_second_signal_is_not_caught(tmp_path):
    def at(moment, facts):
        if moment == "step":
            armed = signal.getsignal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            while signal.getsignal(signal.SIGINT) is armed:  # two that come at once are one
                time.sleep(0)
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        toy_fit(Toy(), toy_features(LENGTHS), toy_settings(), folder=tmp_path, watch=Recorder(at)).run()


def test_outside_the_main_thread_no_signal_is_caught():
    found = []
    module = Toy()
    fit = toy_fit(module, toy_features(LENGTHS), toy_settings())

    def work():
        torch.set_num_threads(1)
        found.append(fit.run())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found[0].state.step == found[0].total_steps
