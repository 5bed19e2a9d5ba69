"""What cannot be read is told under the name by which the user gave it: a key and its place, an option, an argument."""

import pytest
from error_desk import RUN, Desk, command

from dongcha import Recipe, stations
from dongcha.errors import DataError
from dongcha.types import silent

KEYS = {
    "data.train": {"data": {"train": "lost.csv"}},
    "data.validation": {"data": {"train": "rows.jsonl", "validation": "lost.csv"}},
    "data.tests.other": {"data": {"train": "rows.jsonl", "tests": {"other": "lost.csv"}}},
    "data.corpus": {"task": "retrieval", "data": {"train": "rows.jsonl", "corpus": "lost.csv"}},
    "pretrain.corpus": {"pretrain": {"corpus": "lost.csv"}},
}
COMMANDS = {
    "FILE": ("predict", RUN, "lost.csv"),
    "--corpus": ("predict", RUN, "rows.jsonl", "--corpus", "lost"),
    "DATA": ("init", "lost.csv"),
    "CORPUS": ("index", "build", "encoder", "lost.csv", "--to", "index"),
}


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path)
    desk.encoder()
    return desk


@pytest.mark.parametrize("key", KEYS)
def test_a_source_of_a_recipe_is_told_by_its_key_and_place(desk, key):
    desk.rows(task=KEYS[key].get("task", "classification"))
    desk.recipe(**KEYS[key])
    lines = (desk.root / "recipe.yaml").read_text().splitlines()
    row = next(i for i, line in enumerate(lines, 1) if "lost.csv" in line)
    column = lines[row - 1].index(key.rpartition(".")[2]) + 1
    found = command(desk, ("check", "recipe.yaml"), "en")
    assert found.message.startswith(f"recipe.yaml:{row}:{column}: {key}: there is no file or folder 'lost.csv'")


@pytest.mark.parametrize("key", KEYS)
def test_a_source_given_in_python_is_told_by_its_key(desk, key):
    desk.rows(task=KEYS[key].get("task", "classification"))
    plain = {"task": "classification", "data": {"train": "rows.jsonl"}, "model": "encoder", "threads": 1}
    with pytest.raises(DataError, match=f"^{key}: there is no file"):
        stations.begin(Recipe(folder=desk.root, **{**plain, **KEYS[key]}), None, silent)


def test_a_format_and_a_package_are_told_so_too(desk):
    desk.rows()
    desk.put("rows.docx", "text")
    for source in ("rows.docx", "package:no_such_corpus/a.csv", "package:dongcha/../../a.csv", "package:dongcha/a.csv"):
        desk.recipe(pretrain={"corpus": source})
        assert ": pretrain.corpus: " in command(desk, ("check", "recipe.yaml"), "en").message, source
    desk.recipe(model="package:no_such_model/model")
    assert command(desk, ("check", "recipe.yaml"), "en").message.startswith("model: package:no_such_model")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_source_of_a_command_is_told_by_its_option_or_argument(desk, name):
    if name == "--corpus":
        desk.run("qa")
    elif name == "FILE":
        desk.run()
    desk.rows()
    assert command(desk, COMMANDS[name], "en").message.startswith(f"{name}: ")


@pytest.mark.parametrize(("language", "name"), [("en", "standard input, row 70"), ("zh", "标准输入 第 70 行")])
def test_rows_of_standard_input_are_told_as_such(desk, language, name):
    desk.run()
    desk.stdin = '{"text": "a"}\n' * 69 + '{"text": " "}\n'
    message = command(desk, ("predict", RUN, "-"), language).message
    assert message.startswith(name) and message.count("70") == 2


def test_questions_of_standard_input_are_counted_over_stretches(desk):
    pytest.importorskip("bm25s"), pytest.importorskip("usearch")
    from dongcha.index import Index

    desk.run("qa")
    Index.create(["a"], ["the room was good"], [[1.0, 0.0]]).save(desk.root / "index")
    desk.stdin = '{"question": "what was good?"}\n' * 69 + '{"question": " "}\n'
    assert "standard input, row 70" in command(desk, ("predict", RUN, "-", "--corpus", "index"), "en").message


def test_a_text_of_the_command_line_is_told_by_its_option(desk):
    desk.run()
    assert command(desk, ("predict", RUN, "--text", " "), "en").message.startswith("--text, row 1: field text")
