"""The clock counts every attempt from its command's start; a loop whose time runs out ends at its best weights."""

import math

import pytest
from toy_loop import Recorder, Toy, arbitrary_validation, digest, toy_features, toy_fit, toy_settings

from dongcha import files
from dongcha.errors import UserError
from dongcha.loop import Validation
from dongcha.loop.clock import CLOCK, Budget, Clock
from dongcha.loop.journal import OUT_OF_TIME, Journal
from dongcha.types import silent

LENGTHS = [2, 9, 4, 4, 7, 1, 3, 8, 5, 6, 2, 2, 9, 9]  # five steps an epoch


class Time:
    """A clock that stands still until it is moved."""

    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds

    def passes(self, seconds):
        self.seconds += seconds


def test_the_age_of_the_command_and_all_attempts_count(tmp_path):
    time = Time()
    clock = Clock(limit=60.0, age=5.0, now=time)
    with clock.counting(tmp_path):
        time.passes(10)
        assert (clock.spent(), clock.left(), clock.attempts) == (15.0, 45.0, 1)
    time.passes(1000)  # between the attempts no time is counted
    second = Clock(limit=60.0, age=2.0, now=time)
    with pytest.raises(ZeroDivisionError), second.counting(tmp_path):
        time.passes(3)
        assert (second.spent(), second.left(), second.attempts) == (20.0, 40.0, 2)
        raise ZeroDivisionError
    assert files.read_json(tmp_path / CLOCK) == {"attempts": [15.0, 5.0]}
    assert Clock(now=time).left() == math.inf


def test_an_attempt_that_is_killed_counts_but_for_its_last_seconds(tmp_path):
    time = Time()
    clock = Clock(limit=100.0, now=time)
    watch = clock.telling(silent)
    killed = clock.counting(tmp_path)  # entered, and never left: nothing runs after a kill
    killed.__enter__()
    for _ in range(30):
        time.passes(0.7)
        watch("step")
    [spent] = files.read_json(tmp_path / CLOCK)["attempts"]
    assert 21.0 - 0.01 * 100 - 0.7 <= spent <= 21.0


def test_an_attempt_that_was_refused_does_not_count(tmp_path):
    time = Time()
    for _ in range(2):
        clock = Clock(limit=100.0, age=9.0, now=time)
        with pytest.raises(UserError), clock.counting(tmp_path):
            assert clock.spent() == 9.0
            raise UserError("no")
    assert files.read_json(tmp_path / CLOCK) == {"attempts": []}


def test_a_refusal_after_work_was_kept_counts(tmp_path):
    time = Time()
    clock = Clock(limit=100.0, age=9.0, now=time)
    with pytest.raises(UserError), clock.counting(tmp_path, ["steps"]):
        (tmp_path / "steps").mkdir()
        time.passes(5.0)
        raise UserError("no")
    assert files.read_json(tmp_path / CLOCK) == {"attempts": [14.0]}


def timed(until, step=1.0, validation=3.0, folder=None, log=None, budget=None, **changed):
    """Train a toy whose steps and validations take so many seconds of a clock that is not the machine's."""
    time, module = Time(), Toy(dropout=0.2)
    digests = {}

    def at(moment, facts):
        if moment == "step":
            time.passes(step)
            digests[facts["step"]] = digest(module)

    score = arbitrary_validation(module)

    def validate():
        time.passes(validation)
        return score()

    watch = Recorder(at)
    chosen = toy_settings(**({"epochs": 4, "checkpoint_seconds": -1.0} | changed))
    budget = Budget(until, step, validation, now=time) if budget is None else budget
    parts = {"validate": validate, "watch": watch, "budget": budget, "journal": Journal(log), "folder": folder}
    fitted = toy_fit(module, toy_features(LENGTHS), chosen, **parts).run()
    return fitted, time, watch, digest(module), digests


@pytest.mark.parametrize("until", [4.5, 9.5, 14.2, 20.0, 27.0])
def test_training_ends_inside_its_time_at_its_best_weights(until, tmp_path):
    fitted, time, watch, final, digests = timed(until, log=tmp_path / "steps.jsonl")
    state = fitted.state
    assert state.out_of_time
    assert time() <= until
    assert until - time() < 1.0 + 2 * 3.0, "what is left is less than one more step with its looks"
    assert final == digests[state.best_step]
    assert state.best_score == max(score for _, score in state.scores)
    told = {"step": state.step, "total": 20, "best_step": state.best_step}
    assert watch.named("out_of_time") == [told]
    [event] = Journal(tmp_path / "steps.jsonl").events(OUT_OF_TIME)
    assert (event["train_step"], event["total"]) == (state.step, 20)
    assert not watch.named("train_ends")[0]["early"]


def test_the_last_weights_are_looked_at_where_there_is_time(tmp_path):
    fitted, *_ = timed(17.9)  # 5 steps, a look, 5 steps, a look: 16 s; one step more would not leave time for its look
    assert fitted.state.scores[-1][0] == fitted.state.step


def test_a_run_with_no_look_yet_is_looked_at_even_beyond_the_time():
    fitted, *_ = timed(0.0)
    assert fitted.state.step == 0
    assert [step for step, _ in fitted.state.scores] == [0]


def test_a_machine_that_slips_is_noticed():
    """Steps take three times what was forecast: the facts replace the forecast after the first one."""
    time, module = Time(), Toy()
    watch = Recorder(lambda moment, facts: time.passes(3.0) if moment == "step" else None)
    parts = {"validate": lambda: Validation(0.5, 0.5), "watch": watch, "budget": Budget(20.0, 1.0, 0.0, now=time)}
    fitted = toy_fit(module, toy_features(LENGTHS), toy_settings(), **parts).run()
    assert (fitted.state.step, time()) == (6, 18.0)


def test_a_run_with_time_enough_is_the_run_without_a_limit():
    _, _, watch, final, _ = timed(1e6)
    assert not watch.named("out_of_time")
    assert timed(math.inf)[3] == final


def test_a_resume_of_a_run_that_time_ended_ends_there_too(tmp_path):
    log = tmp_path / "steps.jsonl"
    fitted, _, _, final, _ = timed(14.2, folder=tmp_path / "checkpoints", log=log)
    again, _, watch, same, _ = timed(1e6, folder=tmp_path / "checkpoints", log=log)
    assert same == final
    assert not watch.named("step")
    assert again.state.scores == fitted.state.scores
    assert len(Journal(log).events(OUT_OF_TIME)) == 1


def test_steps_that_a_limit_cut_are_a_whole_schedule():
    fitted, _, watch, _, _ = timed(math.inf, max_steps=8, schedule="linear", warmup=0.0)
    assert (fitted.total_steps, fitted.state.step) == (8, 8)
    assert [step for step, _ in fitted.state.scores] == [5, 8], "the epoch that was cut is looked at where it ends"
    rates = [rate for _, rate in fitted.state.rates]
    assert rates[-1] == pytest.approx(rates[0] / 8)
    assert watch.named("train_begins")[0]["total"] == 8


def test_steps_that_are_cut_before_the_first_look_still_get_one():
    fitted, *_ = timed(math.inf, max_steps=3, validate_steps=7)
    assert [step for step, _ in fitted.state.scores] == [3]
