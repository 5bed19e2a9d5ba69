"""The verbs: results on stdout and all else on stderr, one sentence and an exit code for what goes wrong."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest
from finished_runs import ROWS, zh_tags

import dongcha
from dongcha import files
from dongcha.cli import app
from dongcha.cli._door import guarded
from dongcha.errors import Diverged
from dongcha.report.as_json import from_json
from dongcha.testing import tiny_rows
from dongcha.types import Check

pytestmark = pytest.mark.usefixtures("no_charts")

RECIPE = """\
name: reviews
language: en
task: classification
data: {{train: {data}, split: {{validation: 0.2, test: 0.3}}}}
model: {model}
train: {{epochs: 2, learning_rate: 3e-3, head_learning_rate: 1e-2, batch_tokens: 256}}
threads: 1
"""


@pytest.fixture
def cli(capsys):
    """Run a command line and return its exit code, stdout and stderr."""

    def run(*arguments):
        code = guarded(app, [str(argument) for argument in arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def write_jsonl(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def make_place(folder, models, rows=None, name="rows.jsonl", **more):
    write_jsonl(folder / name, tiny_rows("classification", ROWS) if rows is None else rows)
    text = RECIPE.format(data=name, model=models["pooled"])
    (folder / "recipe.yaml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def place(tmp_path, models, monkeypatch):
    """A folder with a recipe and its rows, in which the commands run."""
    monkeypatch.chdir(tmp_path)
    return make_place(tmp_path, models)


@pytest.fixture(scope="module")
def done(tmp_path_factory, models):
    """A place where the recipe was run, and run again with one more epoch."""
    folder = make_place(tmp_path_factory.mktemp("done"), models)
    for settings in ((), ("--set", "train.epochs=3")):
        assert guarded(app, ["run", str(folder / "recipe.yaml"), "--quiet", *settings]) == 0
    return folder


def run_folders(folder):
    return (
        sorted(p for p in (folder / "runs").glob("*/*") if ".cache" not in p.parts)
        if (folder / "runs").exists()
        else []
    )


# run


def test_run_shows_the_result_on_stdout_and_all_else_on_stderr(cli, place):
    code, out, err = cli("run", "recipe.yaml")
    assert code == 0
    for word in ("majority", "before", "after", "checks", "report", "next"):
        assert word in out, word
    for word in ("dongcha", "reviews", "forecast", "data"):
        assert word in err, word
    assert "forecast" not in out.split("checks")[0]
    assert "\x1b[" not in out + err, "no terminal, no escape codes"
    assert "\r" not in out + err, "plain lines, no bar"
    (folder,) = run_folders(place)
    assert str(folder.relative_to(place)) in out


def test_quiet_leaves_stderr_empty(cli, place):
    code, out, err = cli("run", "recipe.yaml", "--quiet")
    assert (code, err) == (0, "")
    assert "after" in out


def test_json_is_the_report_on_one_line(cli, place):
    code, out, err = cli("run", "recipe.yaml", "--json")
    assert code == 0
    assert out.count("\n") == 1
    report = from_json(json.loads(out))
    assert report.name == "reviews"
    assert [row.name for row in report.table][-1] == "after"
    assert json.loads(out) == files.read_json(run_folders(place)[0] / "report.json")
    assert "forecast" in err


def test_json_shows_no_text_that_the_recipe_keeps_back(cli, place):
    code, out, _ = cli(
        "run", "recipe.yaml", "--json", "--quiet", "--set", "report.texts=none", "--set", "train.epochs=1"
    )
    assert code == 0
    assert not [row for row in tiny_rows("classification", ROWS) if row["text"] in out]


def test_a_finished_run_is_shown_again_and_said_so(cli, done):
    code, out, err = cli("run", done / "recipe.yaml")
    assert code == 0
    assert "after" in out
    assert "--fresh" in err
    assert len(run_folders(done)) == 2


def test_a_setting_changes_a_key_and_is_shown(cli, place):
    code, out, err = cli("run", "recipe.yaml", "--set", "train.epochs=1", "--set", "seed=7", "--json")
    assert code == 0
    assert json.loads(out)["recipe"]["train"]["epochs"] == 1
    assert "train.epochs 1" in err
    assert "seed 7" in err


def test_until_stops_and_says_where(cli, place):
    code, out, err = cli("run", "recipe.yaml", "--until", "before")
    assert (code, out) == (0, "")
    assert "after before" in err


def test_another_workspace(cli, place):
    code, *_ = cli("run", "recipe.yaml", "--quiet", "--workspace", "elsewhere")
    assert code == 0
    assert list((place / "elsewhere" / "reviews").iterdir())
    assert not (place / "runs").exists()


def test_a_chinese_recipe_speaks_chinese(cli, place):
    code, out, err = cli("run", "recipe.yaml", "--set", "language=zh", "--set", "train.epochs=1")
    assert code == 0
    assert "训练前" in out or "微调" in out
    assert "预计" in err


# exit codes


def test_a_failed_check_is_exit_1_and_the_report_stands(cli, place, monkeypatch):
    failed = Check("recorded", "failed", "nothing of the kind", 1)
    monkeypatch.setattr("dongcha.checks.recorded.check", lambda evidence: failed)
    code, out, _ = cli("run", "recipe.yaml", "--quiet")
    assert code == 1
    assert "nothing of the kind" in out
    assert (run_folders(place)[0] / "report.html").is_file()


def raising(error):
    def run(*_, **__):
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (Diverged("the loss is not a number"), 1, "the loss is not a number"),
        (ZeroDivisionError("oops"), 3, "bug of dongcha (ZeroDivisionError: oops)"),
        (MemoryError(), 4, "Out of memory"),
        (OSError(28, "No space left on device", "/data/x"), 4, "/data/x: the disk is full"),
        (PermissionError(13, "Permission denied", "/data/x"), 2, "/data/x: you may not read or write here"),
        (KeyboardInterrupt(), 130, "Interrupted"),
    ],
)
def test_what_goes_wrong_is_one_sentence_and_a_code(cli, place, monkeypatch, error, code, words):
    monkeypatch.setattr(dongcha.flow, "run", raising(error))
    monkeypatch.setattr(dongcha, "run", raising(error), raising=False)
    found, out, err = cli("run", "recipe.yaml", "--quiet")
    assert (found, out) == (code, "")
    assert words in err
    assert err.startswith("dongcha: ")
    assert "Traceback" not in err


def test_debug_alone_shows_the_traceback(cli, place, monkeypatch):
    monkeypatch.setattr(dongcha, "run", raising(ZeroDivisionError("oops")), raising=False)
    for arguments in (("--debug", "run", "recipe.yaml"), ("run", "recipe.yaml", "--debug")):
        code, _, err = cli(*arguments, "--quiet")
        assert code == 3
        assert "Traceback" in err


def test_a_full_disk_while_writing_is_exit_4(cli, place):
    with files.fault_at(3):
        code, _, err = cli("run", "recipe.yaml", "--quiet")
    assert code == 4
    assert "the disk is full" in err


def test_a_held_folder_is_exit_5(cli, place):
    assert cli("run", "recipe.yaml", "--quiet", "--until", "task")[0] == 0
    with files.lock(run_folders(place)[0]):
        code, out, err = cli("run", "recipe.yaml", "--quiet")
    assert (code, out) == (5, "")
    assert str(os.getpid()) in err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_run_says_how_to_go_on(cli, place, monkeypatch, number, code):
    from dongcha.cli._live import Live

    def stops(self, step, **facts):
        if step == 2:
            signal.raise_signal(number)  # to this thread, so it is noted at once

    monkeypatch.setattr(Live, "on_step", stops)
    found, out, err = cli("run", "recipe.yaml")
    assert (found, out) == (code, "")
    assert "Run the same command again" in err
    monkeypatch.undo()
    monkeypatch.chdir(place)
    found, out, err = cli("run", "recipe.yaml")
    assert found == 0
    assert "from step 2" in err


@pytest.mark.parametrize(
    "arguments", [("run",), ("run", "r.yaml", "--nope"), ("fly",), ("predict", "m", "--unsure-below", "2")]
)
def test_a_wrong_command_line_is_exit_2(cli, arguments):
    code, out, err = cli(*arguments)
    assert (code, out) == (2, "")
    assert err
    assert "Traceback" not in err


# bad input: one clear sentence, exit 2, nothing new but the cache


def broken_json(place):
    rows = [json.dumps(row) for row in tiny_rows("classification", 7100)]
    rows[7000] = rows[7000][:-9]
    (place / "rows.jsonl").write_text("\n".join(rows), encoding="utf-8")


def wrong_columns(place):
    write_jsonl(place / "rows.jsonl", [{"sentence": "a", "label": "b"}, {"sentence": "c", "label": "d"}])


def unknown_key(place):
    text = (place / "recipe.yaml").read_text().replace("epochs", "epoch")
    (place / "recipe.yaml").write_text(text)


def unknown_option(place):
    text = (place / "recipe.yaml").read_text() + "adapt: {method: last_layers, layer: 2}\n"
    (place / "recipe.yaml").write_text(text)


def empty_file(place):
    (place / "rows.jsonl").write_bytes(b"")


def one_class(place):
    write_jsonl(place / "rows.jsonl", [row | {"label": "good"} for row in tiny_rows("classification", 40)])


def tag_count(place):
    rows = zh_tags(10)
    rows[3]["tags"] = rows[3]["tags"][:-2]
    write_jsonl(place / "rows.jsonl", rows)
    text = (place / "recipe.yaml").read_text().replace("classification", "tagging")
    (place / "recipe.yaml").write_text(text)


def copied_model(place):
    """Copy the model beside the recipe, so that a test may damage it."""
    import re
    import shutil

    text = (place / "recipe.yaml").read_text()
    shutil.copytree(re.search(r"model: (.*)", text)[1], place / "model")
    (place / "recipe.yaml").write_text(re.sub(r"model: .*", "model: model", text))
    return place / "model"


def no_weights(place):
    (copied_model(place) / "model.safetensors").rename(place / "model" / "pytorch_model.bin")


def remote_code(place):
    path = copied_model(place) / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"auto_map": {"AutoModel": "modeling.Evil"}}))


def no_model(place):
    text = (place / "recipe.yaml").read_text().replace("pooled", "poolde")
    (place / "recipe.yaml").write_text(text)


def no_data(place):
    (place / "rows.jsonl").rename(place / "rows2.jsonl")


def unknown_slice(place):
    (place / "recipe.yaml").write_text((place / "recipe.yaml").read_text() + "evaluate: {slices: [labels]}\n")


BAD = {
    broken_json: ("rows.jsonl, row 7001", "broken JSON at column"),
    wrong_columns: ("rows.jsonl", "text", "sentence"),
    unknown_key: ("recipe.yaml:6:", "epoch", "did you mean epochs"),
    unknown_option: ("recipe.yaml:8:", "layer", "layers"),
    empty_file: ("rows.jsonl is empty",),
    one_class: ("rows.jsonl", "good", "at least 2"),
    tag_count: ("rows.jsonl, row 4", "10", "8"),
    no_weights: ("no safetensors weights", "pytorch_model.bin"),
    remote_code: ("config.json", "auto_map"),
    no_model: ("poolde", "pooled"),
    no_data: ("rows.jsonl", "rows2.jsonl"),
    unknown_slice: ("evaluate.slices", "labels", "did you mean 'label'"),
}


@pytest.mark.parametrize("spoil", BAD, ids=lambda spoil: spoil.__name__)
@pytest.mark.parametrize("verb", ["run", "check"])
def test_bad_input(cli, place, verb, spoil):
    spoil(place)
    before = {path for path in place.rglob("*") if ".cache" not in path.parts}
    code, out, err = cli(verb, "recipe.yaml", "--quiet")
    assert (code, out) == (2, "")
    for word in BAD[spoil]:
        assert word in err, err
    assert len(err.strip().splitlines()) == 1
    assert "Traceback" not in err
    after = {path for path in place.rglob("*") if ".cache" not in path.parts}
    assert after - before <= {place / "runs"}
    assert run_folders(place) == []


# check


def test_check_says_the_checks_and_the_forecast(cli, place):
    code, out, err = cli("check", "recipe.yaml")
    assert code == 0
    assert "forecast" in out
    assert "passed" in out
    assert "reviews" in err
    assert run_folders(place) == []


def test_check_as_json(cli, place):
    code, out, err = cli("check", "recipe.yaml", "--json", "--quiet")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["forecast"]["seconds"] > 0
    assert {check["status"] for check in found["checks"]} <= {"passed", "warned", "skipped"}


def test_check_keeps_texts_back_when_the_recipe_does(cli, place):
    rows = tiny_rows("classification", ROWS)
    write_jsonl(place / "rows.jsonl", [*rows, {**rows[0], "id": "again"}])
    shown = cli("check", "recipe.yaml", "--json", "--quiet")[1]
    kept = cli("check", "recipe.yaml", "--json", "--quiet", "--set", "report.texts=none")[1]
    assert rows[0]["text"] in shown
    assert rows[0]["text"] not in kept


# runs


def test_runs_list_shows_the_finished_runs(cli, done):
    code, out, _ = cli("runs", "list", "--workspace", done / "runs")
    assert code == 0
    lines = out.strip().splitlines()
    assert len(lines) == 3
    for folder in run_folders(done):
        assert f"reviews/{folder.name}" in out


def test_runs_list_where_there_is_none(cli, tmp_path):
    code, out, err = cli("runs", "list", "--workspace", tmp_path / "nowhere")
    assert (code, err) == (0, "")
    assert len(out.strip().splitlines()) == 1


def test_runs_show_by_folder_name_and_first_letters(cli, done):
    folder = run_folders(done)[0]
    root = done / "runs"
    shown = [
        cli("runs", "show", name, "--workspace", root) for name in (folder, f"reviews/{folder.name}", folder.name[:5])
    ]
    assert {code for code, *_ in shown} == {0}
    assert shown[0] == shown[1] == shown[2]
    assert "after" in shown[0][1]
    code, out, _ = cli("runs", "show", folder.name, "--workspace", root, "--json")
    assert code == 0
    assert json.loads(out) == files.read_json(folder / "report.json")


def test_runs_compare_says_what_the_recipes_differ_in(cli, done):
    first, second = (folder.name for folder in run_folders(done))
    code, out, _ = cli("runs", "compare", first, second, "--workspace", done / "runs")
    assert code == 0
    assert "train.epochs 2" in out
    assert "train.epochs 3" in out
    assert "learning_rate" not in out, "what both have is no difference"


@pytest.mark.parametrize(("name", "word"), [("nothing", "There is no run"), ("reviews", "fits several runs")])
def test_a_run_that_is_not_told_apart_is_refused(cli, done, name, word):
    code, out, err = cli("runs", "show", name, "--workspace", done / "runs")
    assert (code, out) == (2, "")
    assert word in err
    assert run_folders(done)[0].name in err


def test_runs_rm_removes_one_run_and_nothing_else(cli, place):
    for epochs in (1, 2):
        assert cli("run", "recipe.yaml", "--quiet", "--set", f"train.epochs={epochs}")[0] == 0
    first, second = run_folders(place)
    code, out, err = cli("runs", "rm", first.name)
    assert (code, out) == (0, "")
    assert first.name in err
    assert run_folders(place) == [second]
    assert (place / "rows.jsonl").is_file()


def test_runs_rm_removes_a_run_that_was_stopped_but_no_other_folder(cli, place):
    assert cli("run", "recipe.yaml", "--quiet", "--until", "before")[0] == 0
    [stopped] = run_folders(place)
    assert not (stopped / "report.json").exists()
    other = stopped.with_name("0ther")
    other.mkdir()
    (other / "report.json").write_text("{}", encoding="utf-8")
    assert cli("runs", "rm", other.name)[0] == 2
    assert cli("runs", "rm", stopped.name)[0] == 0
    assert not stopped.exists()
    assert other.exists()


def test_runs_rm_leaves_a_run_that_is_held(cli, done):
    folder = run_folders(done)[0]
    with files.lock(folder):
        assert cli("runs", "rm", folder.name, "--workspace", done / "runs")[0] == 5
    assert (folder / "report.json").is_file()


# schema


def test_schema_is_a_draft_7_schema_with_the_methods_options(cli):
    code, out, err = cli("schema")
    assert (code, err) == (0, "")
    schema = json.loads(out)
    assert schema["$schema"].startswith("http://json-schema.org/draft-07")
    assert {"task", "model", "data", "train"} <= set(schema["properties"])
    assert "layers" in out


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help(cli, flag):
    code, out, _ = cli(flag)
    assert code == 0
    assert "predict" in out
    code, out, _ = cli("run", flag)
    assert "--set" in out


def test_the_module_is_where_it_is_said_to_be():
    assert Path(sys.modules["dongcha.cli"].__file__).parent.name == "cli"
