"""Code that a model writes: to the letter, judged by running it once, and refused early where it cannot be run."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import dongcha
from dongcha.config import Recipe
from dongcha.config.sections import Decoding
from dongcha.data.features import gather
from dongcha.data.load import ReadOptions, load
from dongcha.errors import DataError, MachineError, RecipeError
from dongcha.metrics.passes import pass_at
from dongcha.models.heads._base import HeadSpec
from dongcha.models.model import build_model
from dongcha.models.writing import write
from dongcha.sandbox import probe
from dongcha.tasks import _programs, code
from dongcha.tasks._base import Lengths, Runs
from dongcha.tasks._predict import predict_rows
from dongcha.testing import tiny_rows, tiny_writer
from dongcha.types import Prediction

pytestmark = pytest.mark.usefixtures("no_charts")

ROWS = tiny_rows("code", 6)
COLUMNS = {name: [row[name] for row in ROWS] for name in ("prompt", "solution", "test", "entry_point")}
SPEC = HeadSpec(name="writer", num_outputs=1, loss="next_token")
ODD = (
    "    return x + 3\n",
    "\n\n    return x\n\n",
    "\treturn (\n\t\tx , 1 )",
    "    # 加三\n    return '北京 ' + \"  \"  \n",
    "    def inner():\n        return x\n    return inner()",
)


@pytest.fixture
def no_sandbox(monkeypatch):
    """Let this system give no namespaces."""
    monkeypatch.setattr(probe, "_trouble", lambda: "unshare: Operation not permitted")


@pytest.fixture(scope="module")
def writer(tmp_path_factory):
    return tiny_writer(tmp_path_factory.mktemp("writer"))


@pytest.fixture(scope="module")
def model(writer):
    return build_model(writer, SPEC, max_tokens=None, seed=0, card={})


@pytest.fixture
def counted(monkeypatch):
    """The programs that were run, in order."""
    ran = []
    run_all = _programs.run_all
    monkeypatch.setattr(_programs, "run_all", lambda programs, **how: ran.extend(programs) or run_all(programs, **how))
    return ran


def dataset_of(rows, need_gold=True):
    return load(rows, code.Task.fields, base=Path(), options=ReadOptions(), cache=None, need_gold=need_gold)


def task_of(rows=ROWS, **decoding):
    learnt = code.Task.learn(dataset_of(rows), Lengths())
    return learnt.asked(None, Decoding(**decoding))


def said(*texts):
    return [Prediction(row, {"solution": text}, 0.5) for row, text in enumerate(texts)]


def figures(task, rows, predictions):
    outcome = task.outcome(rows, predictions)
    return {name: metric.figure(outcome) for name, metric in task.metrics.items()}


def recipe_for(folder, writer, rows=ROWS * 4, **sections):
    given = {"threads": 1, "train": {"epochs": 1, "learning_rate": 1e-3}, "data": {"train": numbered(rows)}} | sections
    return Recipe(task="code", model=str(writer), folder=folder, **given)


def numbered(rows):
    """The rows with names of their own, so that none comes twice."""
    return [{**row, "id": f"n{i}", "prompt": f"# {i}\n{row['prompt']}"} for i, row in enumerate(rows)]


@pytest.mark.usefixtures("runs_programs")
def test_right_solutions_pass_and_wrong_ones_fail():
    task = task_of()
    assert figures(task, COLUMNS, said(*COLUMNS["solution"])) == {"pass_at_1": 1.0}
    wrong = said(*COLUMNS["solution"][:3], "    return 0\n", "  return x +\n", "    import os\n    os._exit(0)\n")
    assert figures(task, COLUMNS, wrong) == {"pass_at_1": 0.5}
    assert next(iter(task.metrics.values())).row_scores(task.outcome(COLUMNS, wrong)).tolist() == [1, 1, 1, 0, 0, 0]


@pytest.mark.usefixtures("runs_programs")
def test_a_program_is_run_once_however_often_it_is_judged(counted):
    task = task_of()
    predictions = said(*COLUMNS["solution"])
    for _ in range(3):
        figures(task, COLUMNS, predictions)
    figures(task.asked(None, Decoding()), COLUMNS, predictions)  # the plan asks anew, and the verdicts stay
    assert len(counted) == len(ROWS)
    assert {program.code for program in counted} == {row["prompt"] + row["solution"] for row in ROWS}
    figures(task, COLUMNS, said(*["    return 0\n"] * len(ROWS)))
    assert len(counted) == 2 * len(ROWS)


@pytest.mark.parametrize("solution", ODD)
@pytest.mark.parametrize("kind", ["llama", "t5"])
def test_a_solution_comes_back_to_the_letter(solution, kind, tmp_path):
    own = build_model(tiny_writer(tmp_path / kind, kind=kind), SPEC, max_tokens=None, seed=0, card={})
    rows = {"prompt": ["def f(x):\n"], "solution": [solution]}
    task = task_of().reading(own.tokenizer)
    features = gather([task.encode(rows, own.tokenizer, 0)])
    assert task.perfect(features, rows)[0].target == {"solution": solution}
    assert not len(task.differing(rows, task.perfect(features, rows)))
    assert task.differing(rows, said(solution.strip() + "!")).tolist() == [0]
    if kind == "llama":  # read as one piece: the prompt, then the solution, and nothing between
        assert own.tokenizer.text_of(features.tokens["input_ids"].tolist()) == f"def f(x):\n{solution}"


def test_a_prompt_is_read_to_the_letter(model):
    rows = {"prompt": ["  \nfrom a import b\n\n\ndef f(x):\n    '''{prompt} {test}'''\n"]}
    assert task_of().texts(rows) == (rows["prompt"],)


def test_a_prompt_that_is_too_long_loses_its_beginning(model):
    rows = {"prompt": [f"# {'x' * 200}\ndef plus_3(x):\n"]}
    task = task_of().reading(model.tokenizer)
    features = gather([task.encode(rows, model.tokenizer, 0)])
    text = model.tokenizer.text_of(features.tokens["input_ids"].tolist())
    assert text.endswith("x\ndef plus_3(x):\n") and len(text) < len(rows["prompt"][0])
    assert features.facts["cut_rows"] == 1


@pytest.mark.parametrize("end", code.ENDS)
def test_an_answer_ends_where_something_new_begins_at_the_margin(end):
    task = task_of()
    assert task.stop == code.ENDS
    assert task.answer_in(f"    return x{end}more") == "    return x"
    assert task.answer_in(f"    return x\n    {end[1:]}more") == f"    return x\n    {end[1:]}more"


def test_training_solutions_that_go_on_are_not_cut():
    helped = [row | {"solution": f"{row['solution']}\ndef helper():\n    pass\n"} for row in ROWS]
    assert "\ndef " not in task_of(helped).stop and "\nclass " in task_of(helped).stop
    asked = [{"prompt": f"# add {i}\n", "solution": f"def plus_{i}(x):\n    return x + {i}\n"} for i in range(4)]
    assert "\ndef " not in task_of(asked).stop  # the line's end stands in the prompt, and counts for the model


def test_the_stops_are_in_the_card():
    task = code.Task.from_card(json.loads(json.dumps(task_of(samples=5, temperature=0.5).card())) | {"max_tokens": 64})
    assert task.stop == code.ENDS and task.decoding.samples == 5


@pytest.mark.usefixtures("runs_programs")
def test_pass_at_k_is_the_estimate_without_bias():
    task = task_of(samples=10, temperature=0.8)
    assert list(task.metrics) == ["pass_at_1", "pass_at_5", "pass_at_10"]
    right = [3, 0, 10, 1, 5, 9]
    predictions = [
        Prediction(
            row,
            {"solution": "", "candidates": [COLUMNS["solution"][row]] * c + [f"    return {row}, {c}"] * (10 - c)},
            0,
        )
        for row, c in enumerate(right)
    ]
    found = figures(task, COLUMNS, predictions)
    for k in (1, 5, 10):
        assert found[f"pass_at_{k}"] == pytest.approx(np.mean([pass_at(10, c, k) for c in right]))


@pytest.mark.usefixtures("runs_programs")
def test_one_answer_among_samples_would_be_given_each_time():
    task = task_of(samples=5, temperature=0.8)
    answers = said(COLUMNS["solution"][0], *["    return 0\n"] * 5)
    assert task.outcome(COLUMNS, answers).predicted == [(5, 5), *[(5, 0)] * 5]


@pytest.mark.parametrize(("samples", "names"), [(1, (1,)), (4, (1,)), (5, (1, 5)), (100, (1, 5, 10, 100))])
def test_there_is_a_metric_for_each_k_that_there_are_samples_for(samples, names):
    assert list(task_of(samples=samples).metrics) == [f"pass_at_{k}" for k in names]


def test_all_samples_are_kept_and_the_first_is_the_answer(model):
    task = task_of(samples=3, temperature=1.0, max_new_tokens=6).reading(model.tokenizer)
    rows = {"prompt": COLUMNS["prompt"]}
    found = predict_rows(task, model, rows)
    assert [p.row for p in found] == list(range(len(ROWS)))
    assert all(len(p.target["candidates"]) == 3 and p.target["candidates"][0] == p.target["solution"] for p in found)
    assert any(len(set(p.target["candidates"])) > 1 for p in found)
    features = gather([task.encode(rows, model.tokenizer, 0)])
    written = write(model, features, task.writes_by)
    assert [task.answer_in(model.tokenizer.text_of(ids.tolist())) for ids in written] == [
        text for p in found for text in p.target["candidates"]
    ]
    single = predict_rows(replace(task, decoding=Decoding(max_new_tokens=6)), model, rows)
    assert all(set(p.target) == {"solution"} for p in single)


def test_the_samples_of_a_row_are_of_that_row(model):
    task = task_of(max_new_tokens=6).reading(model.tokenizer)
    rows = {"prompt": [f"{'#' * i}{prompt}" for i, prompt in enumerate(COLUMNS["prompt"])]}
    likeliest = predict_rows(task, model, rows)
    one_choice = replace(task, decoding=Decoding(max_new_tokens=6, samples=3, temperature=1.0, top_k=1))
    found = predict_rows(one_choice, model, rows)
    assert [p.target["candidates"] for p in found] == [[p.target["solution"]] * 3 for p in likeliest]
    assert [p.confidence for p in found] == pytest.approx([p.confidence for p in likeliest], rel=1e-4)
    assert len({p.target["solution"] for p in likeliest}) > 1  # else the test could not fail


@pytest.mark.parametrize("written", ["  return x\n\ndef f():\n", "\n\treturn x  \n", "print(1)\nprint(2)\n@a\n# b"])
def test_the_lines_of_the_model_card_take_an_answer_to_the_letter(written):
    task = task_of()
    assert eval(f"written{task.plain_cut}") == task.answer_in(written)


@pytest.mark.parametrize("decoding", [{"samples": 2}, {"samples": 2, "temperature": 0.8, "beams": 2}])
def test_samples_that_would_not_differ_are_refused(decoding, tmp_path, writer):
    with pytest.raises(RecipeError, match=r"^evaluate\.decoding\.samples is 2, and texts that differ must be drawn"):
        recipe_for(tmp_path, writer, evaluate={"decoding": decoding})


@pytest.mark.usefixtures("runs_programs")
def test_a_run_draws_judges_and_answers(tmp_path, writer, counted):
    told = []
    decoding = {"samples": 5, "temperature": 0.7}
    recipe = recipe_for(tmp_path, writer, evaluate={"decoding": decoding}, train={"epochs": 1, "learning_rate": 1e-3})
    report = dongcha.run(recipe, watch=lambda moment, **facts: told.append(moment))
    assert report.main_metric == "pass_at_1" and set(report.table[-1].metrics) == {"pass_at_1", "pass_at_5"}
    assert len(counted) == len(set(counted)) and "judged" in told
    assert not [check for check in report.checks if check.status == "failed"]
    assert next(check for check in report.data_checks if check.name == "solutions").status == "passed"
    kept = pq.read_table(tmp_path / report.folder / "predictions" / "test.parquet").to_pylist()
    assert all(len(json.loads(row["candidates"])) == 5 for row in kept)
    assert all(json.loads(row["candidates"])[0] == row["predicted"] for row in kept)
    answer = next(dongcha.load(tmp_path / report.folder).predict([{"prompt": ROWS[0]["prompt"]}]))
    assert list(answer) == ["solution", "candidates", "confidence"] and len(answer["candidates"]) == 5


def test_predicting_and_training_need_no_sandbox(tmp_path, writer, no_sandbox):
    rows = [{name: row[name] for name in ("prompt", "solution")} for row in numbered(ROWS * 4)]
    recipe = recipe_for(tmp_path, writer, data={"train": rows, "split": {"test": 0, "validation": 0.2}})
    report = dongcha.run(recipe)
    assert not [check for check in report.checks if check.status == "failed"]
    answer = next(dongcha.load(tmp_path / report.folder).predict([{"prompt": ROWS[0]["prompt"]}]))
    assert list(answer) == ["solution", "confidence"]


def test_without_a_sandbox_scoring_is_refused_before_training(tmp_path, writer, no_sandbox):
    told = []
    with pytest.raises(MachineError, match="runs only in a sandbox") as caught:
        dongcha.run(recipe_for(tmp_path, writer), watch=lambda moment, **facts: told.append(moment))
    assert caught.value.exit_code == 4
    assert "model" not in told and "train_begins" not in told


@pytest.mark.parametrize("changed", [{"test": None}, {"test": " "}, {"entry_point": None}, {"entry_point": "f(1)"}])
def test_test_rows_that_cannot_be_run_are_refused_with_row_and_field(changed, tmp_path, writer):
    [(field, _)] = changed.items()
    test = [ROWS[0], ROWS[1] | changed]
    recipe = recipe_for(tmp_path, writer, data={"train": numbered(ROWS * 4), "test": test})
    with pytest.raises(DataError, match=rf"row 2, {field}:"):
        dongcha.run(recipe, until="task")


@pytest.mark.parametrize("field", ["test", "entry_point"])
def test_test_rows_without_the_column_are_refused(field, tmp_path, writer):
    rows = [{name: value for name, value in row.items() if name != field} for row in numbered(ROWS * 4)]
    with pytest.raises(DataError, match=rf"row \d+, {field}: nothing stands there"):
        dongcha.run(recipe_for(tmp_path, writer, rows=rows), until="task")


@pytest.mark.usefixtures("runs_programs")
def test_solutions_that_fail_their_own_tests_are_told_with_their_rows(tmp_path, writer):
    rows = numbered(ROWS * 4)
    rows[4] |= {"solution": "    return 0\n"}
    data = {"train": rows, "test": [ROWS[0], ROWS[1] | {"solution": "    return x\n"}]}
    work = dongcha.run(recipe_for(tmp_path, writer, data=data), until="data_checks")
    [found] = [check for check in work["data_checks"] if check.name == "solutions"]
    assert (found.status, found.count) == ("warned", 2)
    assert "2 of" in found.message and "test row 2" in found.message
    assert found.figures["test"] == {"rows": 2, "failing": [2]}


def test_the_task_keeps_the_protocol():
    assert isinstance(task_of(), Runs)
