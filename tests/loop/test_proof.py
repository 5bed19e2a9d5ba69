"""The proof that a resume is exact: it finds two steps before every end, and touches nothing of the run's own."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_loop import Recorder, Toy, arbitrary_validation, digest, objective, toy_features, toy_fit, toy_settings

from dongcha.loop import Validation, proof
from dongcha.loop.clock import Budget
from dongcha.registry import names

LENGTHS = [2, 9, 4, 4, 7, 1, 3, 8, 5, 6, 2, 2, 9, 9]  # five steps an epoch


def run(proves, validate="arbitrary", lengths=LENGTHS, by_token=False, more=None, **changed):
    module = Toy(by_token, dropout=0.3)
    validations = {"arbitrary": arbitrary_validation(module), "falling": falling(), "none": None}
    parts = {
        "objective": objective(by_token),
        "validate": validations[validate],
        "watch": Recorder(),
        "proves": proves,
    } | (more or {})
    fit = toy_fit(module, toy_features(lengths, by_token), toy_settings(**changed), **parts)
    return module, fit, fit.run()


def falling():
    """Score the first weights best, so that patience runs out."""
    scores = iter(range(100, 0, -1))
    return lambda: Validation(next(scores) / 100, 0.0)


SETTINGS = {
    "optimizer": st.sampled_from(names("loop.optimizers")),
    "schedule": st.sampled_from(names("loop.schedules")),
    "accumulation": st.sampled_from([1, 3]),
    "epochs": st.integers(1, 3),
    "patience": st.sampled_from([None, 1, 2]),
    "validate": st.sampled_from(["arbitrary", "falling", "none"]),
    "max_steps": st.sampled_from([None, 2, 6, 11]),
}


@settings(max_examples=40, deadline=None)
@given(chosen=st.fixed_dictionaries(SETTINGS))
def test_it_says_same_and_changes_no_bit_of_the_run(chosen):
    alone, _, left_alone = run(False, **chosen)
    module, fit, fitted = run(True, **chosen)
    assert fitted.resume.outcome == "same"
    assert (fitted.resume.from_step, fitted.resume.steps) == (fitted.state.step - 2, 2)
    assert digest(module) == digest(alone)
    assert fitted.state.to_json() | {"seconds": 0} == left_alone.state.to_json() | {"seconds": 0}
    assert module.training == alone.training
    assert len(fit.watch.named("step")) == fitted.state.step, "the steps that are taken again are not told"


@pytest.mark.parametrize("patience", [1, 2, 3])
def test_an_early_end_is_foreseen(patience):
    *_, fitted = run(True, validate="falling", patience=patience, epochs=9)
    assert fitted.state.stopped_early
    assert fitted.resume.outcome == "same"


@pytest.mark.parametrize("every", [1, 2, 3])
def test_an_early_end_within_an_epoch_is_foreseen(every):
    *_, fitted = run(True, validate="falling", patience=2, validate_steps=every, epochs=9)
    assert (fitted.state.step, fitted.resume.outcome) == (3 * every, "same")


def test_steps_that_lie_on_two_sides_of_an_epochs_end():
    *_, fitted = run(True, max_steps=6)
    assert (fitted.resume.from_step, fitted.resume.outcome) == (4, "same")


def test_why_it_was_not_tried(monkeypatch, tmp_path):
    assert run(True, lengths=[3], epochs=1)[2].resume.outcome == "too_short"
    none = Budget(until=0.0)
    assert run(True, more={"budget": none})[2].resume.outcome == "out_of_time"
    run(False, checkpoint_seconds=-1.0, more={"folder": tmp_path})
    assert run(True, more={"folder": tmp_path})[2].resume.outcome == "no_copy"
    monkeypatch.setattr(proof, "LARGEST_MEGABYTES", 1e-4)
    found = run(True)[2].resume
    assert found.outcome == "too_large"
    assert found.megabytes > 1e-4


def test_what_the_last_steps_halved_is_halved_again(monkeypatch):
    calls = []

    class Tight:
        """Fails once, in the last step."""

        inner = objective()

        def weight(self, batch):
            return self.inner.weight(batch)

        def loss(self, module, batch):
            calls.append(1)
            if len(calls) == 5:
                raise MemoryError
            return self.inner.loss(module, batch)

    *_, fitted = run(True, epochs=1, more={"objective": Tight()})
    assert fitted.state.halved == [5]
    assert fitted.resume.outcome == "same"


def test_no_copy_is_held_after_the_end():
    _, fit, _ = run(True)
    assert not fit.rehearsal.copies


@pytest.mark.parametrize("validate", ["arbitrary", "none"])
def test_whatever_the_second_loop_does_the_run_keeps_its_own_weights(monkeypatch, validate):
    expected = digest(run(False, validate=validate)[0])

    def spoils(fit, copy):
        for tensor in fit.module.state_dict().values():
            tensor.zero_()
        return "other"

    monkeypatch.setattr(proof, "again", spoils)
    module, _, fitted = run(True, validate=validate)
    assert fitted.resume.outcome == "differs"
    assert digest(module) == expected
