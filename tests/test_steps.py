"""Steps: each is named, timed, told and logged; what one keeps is taken up for the very same work and for no other."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha import files
from dongcha.errors import MachineError, UserError
from dongcha.steps import LOG, Kept, Step, Work, known_step, run_steps
from dongcha.types import silent


def write_number(value, folder):
    files.write_json(folder / "value.json", value)


def read_number(folder, work):
    return files.read_json(folder / "value.json")


KEPT = Kept(write_number, read_number)


def chain(calls, *names, kept=("b",)):
    """Steps that each add one to the one before; `calls` gathers the names of those that were really run."""

    def verb(name, before):
        def run(work):
            calls.append(name)
            return work[before] + 1

        return run

    pairs = zip(names, ("start", *names), strict=False)
    return [Step(name, verb(name, before), (before,), KEPT if name in kept else None) for name, before in pairs]


def work_in(folder, run_hash="h", watch=silent):
    return Work(folder, run_hash, watch, start=0)


def test_values_go_from_step_to_step(tmp_path):
    work = run_steps(chain([], "a", "b", "c"), work_in(tmp_path))
    assert (work["a"], work["b"], work["c"]) == (1, 2, 3)
    assert "d" not in work
    assert set(work.seconds) == {"a", "b", "c"}


def test_what_is_kept_is_taken_up_and_said_so(tmp_path):
    run_steps(chain([], "a", "b", "c"), work_in(tmp_path))
    calls = []
    work = run_steps(chain(calls, "a", "b", "c"), work_in(tmp_path))
    assert calls == ["a", "c"]
    assert work["c"] == 3
    log = files.read_lines(tmp_path / LOG)
    assert [(line["step"], line["taken_up"]) for line in log] == [
        *(("a", False), ("b", False), ("c", False)),
        *(("a", False), ("b", True), ("c", False)),
    ]
    assert log[1]["key"] == log[4]["key"]


def test_other_work_takes_nothing_up(tmp_path):
    run_steps(chain([], "a", "b"), work_in(tmp_path))
    for steps, run_hash in ((("a", "b"), "another"), (("x", "b"), "h")):
        calls = []
        run_steps(chain(calls, *steps), work_in(tmp_path, run_hash))
        assert calls == list(steps), "another run's hash, or another step before, is other work"


def test_a_step_that_needs_nothing_is_still_its_own_runs_alone(tmp_path):
    for run_hash, value in (("h", 5), ("another", 6)):
        work = run_steps([Step("b", lambda work, v=value: v, (), KEPT)], work_in(tmp_path, run_hash))
        assert work["b"] == value


def test_a_step_whose_need_changed_is_done_again(tmp_path):
    first = run_steps([*chain([], "a"), Step("b", lambda work: 5, ("a",), KEPT)], work_in(tmp_path))
    second = run_steps([*chain([], "a"), Step("b", lambda work: 6, ("a", "start"), KEPT)], work_in(tmp_path))
    assert (first["b"], second["b"]) == (5, 6)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6, unique=True), st.data())
def test_a_run_cut_anywhere_ends_like_a_whole_one(tmp_path_factory, names, data):
    kept = data.draw(st.sets(st.sampled_from(names)))
    cut = data.draw(st.integers(0, len(names)))
    folder = tmp_path_factory.mktemp("steps")
    calls = []
    run_steps(chain(calls, *names, kept=kept)[:cut], work_in(folder))
    work = run_steps(chain(calls, *names, kept=kept), work_in(folder))
    assert [work[name] for name in names] == list(range(1, len(names) + 1))
    again = [name for name in names[:cut] if name not in kept]
    assert sorted(calls) == sorted([*names, *again])


def test_a_full_disk_at_any_point_leaves_a_run_that_goes_on(tmp_path):
    for n in range(1, 40):
        folder = tmp_path / str(n)
        try:
            with files.fault_at(n):
                run_steps(chain([], "a", "b", "c"), work_in(folder_made(folder)))
        except MachineError:
            assert run_steps(chain([], "a", "b", "c"), work_in(folder))["c"] == 3
            assert not [path for path in folder.rglob("*") if path.suffix == ".tmp"]
        else:
            break
    assert n > 5, "no disk operation was walked through"


def folder_made(folder):
    folder.mkdir()
    return folder


def test_moments_and_until(tmp_path):
    told = []
    watch = lambda moment, **facts: told.append((moment, facts["name"]))  # noqa: E731
    work = run_steps(chain([], "a", "b", "c"), work_in(tmp_path, watch=watch), until="b")
    assert told == [("step_begins", "a"), ("step_ends", "a"), ("step_begins", "b"), ("step_ends", "b")]
    assert "c" not in work


def test_a_step_that_fails_keeps_nothing(tmp_path):
    def fails(work):
        raise ValueError

    with pytest.raises(ValueError):
        run_steps([Step("b", fails, (), KEPT)], work_in(tmp_path))
    assert not (tmp_path / "steps").exists()
    assert not (tmp_path / LOG).exists()


def test_known_step():
    steps = chain([], "before", "train")
    assert known_step(steps, None) is None
    assert known_step(steps, "train") == "train"
    with pytest.raises(UserError, match="did you mean 'train'"):
        known_step(steps, "trian")
    with pytest.raises(UserError, match="choose one of: before, train"):
        known_step(steps, "xyz")
