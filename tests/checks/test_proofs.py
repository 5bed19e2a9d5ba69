"""Each proof passes on a sound run and fails on the fault that it is there to find, planted."""

import importlib
import json
import shutil
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import torch
from finished_runs import FAST, ROWS, SPLIT, zh_tags
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

import dongcha
from dongcha import Recipe, files
from dongcha.checks import run_checks
from dongcha.checks._base import ORDER
from dongcha.data.dataset import Dataset
from dongcha.loop import checkpoint
from dongcha.loop.proof import ResumeProof
from dongcha.loop.state import State
from dongcha.registry import find, names
from dongcha.stations.prove import evidence_of
from dongcha.testing import tiny_rows

FORMS = {  # name: (task, model, rows)
    "pooled": ("classification", "pooled", tiny_rows("classification", ROWS)),
    "native": ("classification", "native", tiny_rows("classification", ROWS)),
    "tagging": ("tagging", "native", tiny_rows("tagging", ROWS)),
    "joined": ("tagging", "joins", zh_tags()),
}


def proof(name, evidence):
    return find("checks", name).check(evidence)


@pytest.fixture(scope="module")
def proven(tmp_path_factory, models):
    """The work of finished proofs, by form."""
    found = {}

    def work(form):
        if form not in found:
            task, model, rows = FORMS[form]
            folder = tmp_path_factory.mktemp(form)
            known = {"task": task, "data": {"train": rows, "split": SPLIT}, "model": str(models[model])}
            found[form] = dongcha.run(Recipe(folder=folder, **{**FAST, **known}), until="checks")
        return found[form]

    return work


@pytest.fixture(params=FORMS)
def evidence(request, proven):
    return evidence_of(proven(request.param))


@pytest.fixture
def on_disk(evidence, tmp_path):
    """The evidence with a folder that a test may damage."""
    folder = shutil.copytree(evidence.folder, tmp_path / "run")
    return replace(evidence, folder=folder, model_folder=folder / "model")


def test_a_sound_run_passes_every_proof_in_order(evidence):
    checks = run_checks(evidence)
    assert tuple(check.name for check in checks) == ORDER
    assert {check.status for check in checks if check.name != "forecast_kept"} == {"passed"}


def test_every_proof_has_its_planted_fault_here():
    assert set(names("checks")) == {*ORDER, "loads_as_pretrained"}  # its faults: tests/stations/test_reading_flow.py
    for name in ORDER:
        assert f'proof("{name}"' in __import__("pathlib").Path(__file__).read_text(encoding="utf-8"), name


# labels_aligned


def swapped(labels):
    return (labels[1], labels[0], *labels[2:])


def test_two_labels_swapped_on_the_way_back(proven):
    evidence = evidence_of(proven("pooled"))

    class Swaps:
        """The task, but it decodes with two labels swapped."""

        def __getattr__(self, name):
            return getattr(evidence.task, name)

        def decode(self, *args):
            return replace(evidence.task, labels=swapped(evidence.task.labels)).decode(*args)

    found = proof("labels_aligned", replace(evidence, task=Swaps()))
    assert (found.status, found.count) == ("failed", 60)


@pytest.mark.parametrize("form", ["tagging", "joined"])
def test_tags_that_slip_by_one_word(proven, form):
    evidence = evidence_of(proven(form))

    class Slips:
        """The task, but each word's target lands on the next word."""

        def __getattr__(self, name):
            return getattr(evidence.task, name)

        def encode(self, rows, tokenizer, first_row):
            chunk = evidence.task.encode(rows, tokenizer, first_row)
            target = np.array(chunk.tokens["target"])
            known = np.flatnonzero(target >= 0)
            target[known] = np.roll(target[known], 1)
            return replace(chunk, tokens={**chunk.tokens, "target": target})

    assert proof("labels_aligned", replace(evidence, task=Slips())).status == "failed"


def trained_on(evidence, **columns):
    features = evidence.features["train"]
    return replace(evidence, features={**evidence.features, "train": replace(features, **columns)})


def test_labels_that_were_turned_round_where_the_model_learnt_them(proven):
    evidence = evidence_of(proven("pooled"))
    units = evidence.features["train"].units
    found = proof("labels_aligned", trained_on(evidence, units={**units, "target": 1 - np.asarray(units["target"])}))
    assert (found.status, found.count) == ("failed", 60)
    assert "trained on other" in found.message


@pytest.mark.parametrize("form", FORMS)
def test_one_token_that_is_other_where_the_model_learnt_it(proven, form):
    evidence = evidence_of(proven(form))
    tokens = evidence.features["train"].tokens
    ids = np.array(tokens["input_ids"])
    ids[evidence.features["train"].starts[3] + 1] += 1
    found = proof("labels_aligned", trained_on(evidence, tokens={**tokens, "input_ids": ids}))
    assert (found.status, found.count) == ("failed", 1)


def test_rows_that_the_model_never_learnt(proven):
    evidence = evidence_of(proven("pooled"))
    learnt = evidence.features["train"].take(np.arange(2, len(evidence.features["train"])))
    found = proof("labels_aligned", replace(evidence, features={**evidence.features, "train": learnt}))
    assert (found.status, found.count) == ("failed", 2)


@pytest.mark.parametrize(("hard_negatives", "status"), [(0, "failed"), (1, "passed")])
def test_what_was_mined_may_stand_beside_what_a_row_brings(proven, hard_negatives, status):
    evidence = evidence_of(proven("pooled"))
    features = evidence.features["train"]
    more = features.take(np.append(np.arange(len(features)), [0]))
    resolved = {**evidence.resolved, "train": {**evidence.resolved["train"], "hard_negatives": hard_negatives}}
    with_more = replace(evidence, resolved=resolved, features={**evidence.features, "train": more})
    assert proof("labels_aligned", with_more).status == status


def test_spans_that_no_word_carries_are_a_warning_with_their_number(finish, models):
    rows = tiny_rows("tagging", ROWS)
    rows[0]["spans"] = [{"start": 15, "end": 17, "label": "LOC"}]  # "pa" of "paris"
    data = {"train": rows, "split": {"validation": 0.0, "test": 0.0}}
    report = finish(task="tagging", data=data, model=str(models["native"])).report
    check = next(check for check in report.checks if check.name == "labels_aligned")
    assert (check.status, check.count) == ("warned", 1)
    assert check.fix


# leak


def test_a_train_text_in_a_split(evidence):
    train, test = (evidence.splits.by_name[name] for name in ("train", "test"))
    leaky = Dataset("test", test.source, test.table, np.append(test.indices, train.indices[:3]))
    splits = replace(evidence.splits, by_name={**evidence.splits.by_name, "test": leaky})
    found = proof("no_leak", replace(evidence, splits=splits))
    assert (found.status, found.count, found.figures["test_rows"]) == ("failed", 3, 3)
    given = replace(splits, made=frozenset({"validation"}))
    assert proof("no_leak", replace(evidence, splits=given)).status == "warned"


def test_a_leak_hides_behind_no_blank_and_no_width(proven):
    evidence = evidence_of(proven("pooled"))
    train, test = (evidence.splits.by_name[name] for name in ("train", "test"))
    texts = [f"  {train.column('text')[0]} ", train.column("text")[1].replace("r", "ｒ")]
    rows = [{**test.rows([0])[0], "text": text} for text in texts]
    table = pa.Table.from_pylist(rows, schema=test.table.schema)
    splits = replace(evidence.splits, by_name={**evidence.splits.by_name, "test": Dataset("test", "x", table)})
    assert proof("no_leak", replace(evidence, splits=splits)).count == 2


# saved_equals_trained and plain_transformers


def change_one_weight(folder, by=1e-3, file="model.safetensors"):
    """Change one number of the last layer that outputs depend on, and mark the folder as whole again."""
    tensors = load_file(folder / file)
    name = next(n for n in reversed(list(tensors)) if "weight" in n and "pooler" not in n and "embeddings" not in n)
    tensors[name].view(-1)[0] += by
    save_file(tensors, folder / file, metadata={"format": "pt"})
    remark(folder)


def remark(folder):
    files.write_json(folder / files.DONE, {"files": files.manifest(folder)})


@pytest.mark.parametrize("name", ["saved_equals_trained", "plain_transformers"])
def test_one_weight_changed_on_disk(on_disk, name):
    change_one_weight(on_disk.model_folder, by=1.0)
    found = proof(name, on_disk)
    assert found.status == "failed"
    assert found.figures["largest_difference"] > 0


def test_the_smallest_change_of_a_weight_is_seen_bit_by_bit(on_disk):
    change_one_weight(on_disk.model_folder, by=3e-6)
    assert proof("saved_equals_trained", on_disk).status == "failed"


def test_a_weight_that_no_sampled_row_reads_is_seen(on_disk):
    path = on_disk.model_folder / "model.safetensors"
    tensors = load_file(path)
    name = next(name for name in tensors if "word_embeddings" in name)
    read = np.unique(on_disk.features["validation"].tokens["input_ids"])
    unread = np.setdiff1d(np.arange(len(tensors[name])), [0, *read])
    tensors[name][int(unread[0]), 0] += 1.0
    save_file(tensors, path, metadata={"format": "pt"})
    remark(on_disk.model_folder)
    found = proof("saved_equals_trained", on_disk)
    assert (found.status, found.figures["same_weights"]) == ("failed", False)
    assert "weights" in found.message


@pytest.mark.parametrize("name", ["saved_equals_trained", "plain_transformers"])
def test_a_head_changed_on_disk(proven, tmp_path, name):
    evidence = evidence_of(proven("pooled"))
    folder = shutil.copytree(evidence.folder, tmp_path / "run")
    change_one_weight(folder / "model", file="head.safetensors")
    assert proof(name, replace(evidence, folder=folder, model_folder=folder / "model")).status == "failed"


@pytest.mark.parametrize("name", ["saved_equals_trained", "plain_transformers"])
def test_a_tokenizer_changed_on_disk(on_disk, name):
    path = on_disk.model_folder / "tokenizer.json"
    value = json.loads(path.read_text(encoding="utf-8"))
    vocabulary = value["model"]["vocab"]
    if isinstance(vocabulary, dict):
        a, b = ("r", "##r", "the", "was")[2:]
        vocabulary[a], vocabulary[b] = vocabulary[b], vocabulary[a]
    else:
        at = [i for i, (piece, _) in enumerate(vocabulary) if piece in ("我", "好")]
        vocabulary[at[0]][0], vocabulary[at[1]][0] = vocabulary[at[1]][0], vocabulary[at[0]][0]
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    Tokenizer.from_file(str(path))
    remark(on_disk.model_folder)
    found = proof(name, on_disk)
    assert (found.status, found.figures["same_tokens"]) == ("failed", False)


def test_labels_in_another_order_on_disk(proven, tmp_path):
    """Plain Transformers names each output by the model's own configuration."""
    evidence = evidence_of(proven("native"))
    folder = shutil.copytree(evidence.folder, tmp_path / "run")
    path = folder / "model" / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["id2label"] = dict(zip(config["id2label"], reversed(config["id2label"].values()), strict=True))
    config["label2id"] = {label: int(i) for i, label in config["id2label"].items()}
    path.write_text(json.dumps(config), encoding="utf-8")
    remark(folder / "model")
    found = proof("plain_transformers", replace(evidence, folder=folder, model_folder=folder / "model"))
    assert (found.status, found.figures["same_labels"]) == ("failed", False)
    assert "label names" in found.message


@pytest.mark.parametrize("change", [{"labels": ["good", "bad"]}, {"temperature": 7.0}])
def test_a_card_changed_on_disk(proven, tmp_path, change):
    evidence = evidence_of(proven("pooled"))
    folder = shutil.copytree(evidence.folder, tmp_path / "run")
    card = files.read_json(folder / "model" / "task.json")
    files.write_json(folder / "model" / "task.json", card | change)
    remark(folder / "model")
    found = proof("saved_equals_trained", replace(evidence, folder=folder, model_folder=folder / "model"))
    assert (found.status, found.figures["same_task"]) == ("failed", False)


# best_restored


@pytest.mark.parametrize("form", ["pooled", "tagging"])
def test_weights_that_are_not_the_best(proven, form):
    evidence = evidence_of(proven(form))
    assert proof("best_restored", replace(evidence, rescored=evidence.rescored - 0.1)).status == "failed"
    state = replace(evidence.fitted.state, best_score=evidence.fitted.state.best_score + 0.01)
    assert proof("best_restored", replace(evidence, fitted=replace(evidence.fitted, state=state))).status == "failed"


@pytest.mark.parametrize(
    ("task", "told"), [(None, "accuracy of the kept"), ("translation", "validation loss of the kept")]
)
def test_the_best_is_told_as_its_metric_reads(proven, task, told):
    evidence = evidence_of(proven("pooled"))
    if task is not None:  # scores of a task that writes are losses turned round
        evidence = replace(evidence, task=find("tasks", task).Task(), rescored=-abs(evidence.rescored))
        state = replace(evidence.fitted.state, best_score=evidence.rescored)
        evidence = replace(evidence, fitted=replace(evidence.fitted, state=state))
    found = proof("best_restored", evidence)
    assert found.status == "passed" and told in found.message
    assert found.figures["kept"] > 0 and f"is {found.figures['kept']:.4f}," in found.message


def test_a_loop_that_forgets_to_put_the_best_back_is_found(tmp_path, models, monkeypatch):
    """The last weights are made the worst; without restoring, the proof must say so."""
    from dongcha.loop.fit import Fit

    def forgets(self):
        with torch.no_grad():
            self.module.linear.bias += torch.tensor([100.0, -100.0])
        self.watch("train_ends", step=self.state.step, best_step=self.state.best_step, early=False)

    monkeypatch.setattr(Fit, "_end", forgets)
    known = {"task": "classification", "model": str(models["pooled"])}
    data = {"train": tiny_rows("classification", ROWS), "split": SPLIT}
    work = dongcha.run(Recipe(folder=tmp_path, **{**FAST, **known, "data": data}), until="checks")
    status = {check.name: check.status for check in work["checks"]}
    assert status["best_restored"] == "failed"
    assert status["saved_equals_trained"] == "passed"


def test_without_validation_there_is_no_best(evidence):
    assert proof("best_restored", replace(evidence, rescored=None)).status == "skipped"


# resume_exact


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
@pytest.mark.parametrize("broken", ["a moment is not restored", "reseeding is off by one"])
def test_a_resume_that_is_not_exact(tmp_path, models, monkeypatch, broken, optimizer):
    if broken == "a moment is not restored":
        real, lost = checkpoint.restore_optimizer, ("|exp_avg", "|velocity")

        def without(optimizer, tensors, module):
            real(optimizer, {k: torch.zeros_like(v) if k.endswith(lost) else v for k, v in tensors.items()}, module)

        monkeypatch.setattr(checkpoint, "restore_optimizer", without)
    else:
        fit = importlib.import_module("dongcha.loop.fit")
        real_seed, read, resumed = fit.step_seed, State.from_json.__func__, []
        from_json = classmethod(lambda cls, values: resumed.append(1) or read(cls, values))
        monkeypatch.setattr(State, "from_json", from_json)
        monkeypatch.setattr(fit, "step_seed", lambda seed, step, part: real_seed(seed, step + bool(resumed), part))
    known = {"task": "classification", "model": str(models["pooled"])}
    data = {"train": tiny_rows("classification", ROWS), "split": SPLIT}
    train = {**FAST["train"], "optimizer": optimizer}
    work = dongcha.run(Recipe(folder=tmp_path, **{**FAST, **known, "data": data, "train": train}), until="checks")
    status = {check.name: check.status for check in work["checks"]}
    assert status["resume_exact"] == "failed"
    assert status["best_restored"] == status["saved_equals_trained"] == "passed", "the run itself was not disturbed"


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("too_large", "1,234 MB"),
        ("too_short", "fewer than two steps"),
        ("out_of_time", "time limit"),
        ("no_copy", "did not see"),
        ("no_memory", "memory"),
        (None, "kept no copy"),
    ],
)
def test_a_resume_that_was_not_tried_says_why(evidence, outcome, words):
    found = None if outcome is None else ResumeProof(outcome, megabytes=1234.0)
    told = proof("resume_exact", replace(evidence, fitted=replace(evidence.fitted, resume=found)))
    assert told.status == "skipped"
    assert words in told.message
    assert proof("resume_exact", replace(evidence, fitted=None)).status == "skipped"


def test_a_resume_that_differs_fails_with_its_fix(evidence):
    fitted = replace(evidence.fitted, resume=replace(evidence.fitted.resume, outcome="differs"))
    found = proof("resume_exact", replace(evidence, fitted=fitted))
    assert (found.status, found.count) == ("failed", 1)
    assert found.fix


# forecast_kept


@pytest.mark.parametrize(
    ("forecast", "fact", "status"),
    [
        *((100.0, fact, "passed") for fact in (80.0, 100.0, 120.0)),
        *((100.0, fact, "warned") for fact in (79.9, 120.1, 1000.0)),
        *((4.0, fact, "passed") for fact in (1.0, 7.0)),  # a few seconds are no one's plan
        (4.0, 7.1, "warned"),
    ],
)
def test_a_forecast_that_was_missed_by_more_than_a_fifth_is_a_warning(evidence, forecast, fact, status):
    clock = {**evidence.clock(), "forecast_seconds": forecast, "seconds": fact, "load": [3.5, 2.0, 1.0]}
    found = proof("forecast_kept", replace(evidence, clock=lambda: clock))
    assert found.status == status
    assert ("load average was 3.5" in found.message) == (status == "warned")
    assert found.figures["load"] == [3.5, 2.0, 1.0]
    assert bool(found.fix) == (status == "warned")
    without = proof("forecast_kept", replace(evidence, clock=lambda: clock | {"load": []}))
    assert ("load is not known" in without.message) == (status == "warned")


def test_a_run_that_was_taken_up_again_does_not_judge_its_forecast(evidence):
    clock = {**evidence.clock(), "attempts": 2}
    assert proof("forecast_kept", replace(evidence, clock=lambda: clock)).status == "skipped"
    assert proof("forecast_kept", replace(evidence, clock=dict)).status == "skipped"


# recorded


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": 99}, "seed"),
        ({"seed": None}, "seed"),
        ({"data": {"train": "0" * 64}}, "data"),
        ({"model_sha256": ""}, "model_sha256"),
        ({"versions": {}}, "versions"),
        ({"threads": None}, "threads"),
        ({"machine": None}, "machine"),
        ({"model_sha256": "0" * 64}, "model_sha256"),
        ({"versions": {"torch": "0.0.1"}}, "versions"),
        ({"threads": 99}, "threads"),
        ({"machine": {"system": "VAX"}}, "machine"),
        ({"run_hash": "0" * 64}, "run_hash"),
    ],
)
def test_a_record_that_lacks_or_contradicts(on_disk, change, named):
    path = on_disk.folder / "environment.json"
    files.write_json(path, files.read_json(path) | change)
    found = proof("recorded", on_disk)
    assert found.status == "failed"
    assert named in found.message


def test_no_record_at_all(on_disk):
    (on_disk.folder / "environment.json").unlink()
    assert proof("recorded", on_disk).status == "failed"


def test_the_record_names_no_host_and_no_path_of_this_machine(evidence):
    import platform

    text = (evidence.folder / "environment.json").read_text(encoding="utf-8")
    machine = files.read_json(evidence.folder / "environment.json")["machine"]
    assert set(machine) == {"system", "processor", "cores"}
    assert platform.node() not in json.dumps(machine)
    assert str(evidence.folder) not in text
