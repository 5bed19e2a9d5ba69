"""What a file is for: tasks, columns and labels by name and by look, language, siblings; and what must be asked."""

import csv
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha.data import guess as guessing
from dongcha.data.guess import NO_LABELS, Wanted, guess, language_of
from dongcha.data.look import look
from dongcha.data.siblings import set_name, siblings, training_file
from dongcha.errors import DataError, UserError
from dongcha.registry import names

REVIEWS = ["The room was clean and quiet", "Never again, the bed was broken", "We liked the view of the lake"]
COMMENTS = ["房间很干净，服务也好", "再也不来了，床是坏的", "我们喜欢湖边的风景"]


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as handle:
            out = csv.DictWriter(handle, list(rows[0]))
            out.writeheader()
            out.writerows({k: json.dumps(v) if isinstance(v, list) else v for k, v in row.items()} for row in rows)
    else:
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def many(count=40, **columns):
    """Rows of numbered reviews with more columns, each a function of the row's number."""
    texts = ({"text": f"{REVIEWS[i % 3]} {i}"} for i in range(count))
    return [row | {name: make(i) for name, make in columns.items()} for i, row in enumerate(texts)]


def asked(path, **said):
    return guess(look(str(path), path.parent, "DATA"), Wanted(**said))


def grade(i):
    return "good" if i % 2 else "bad"


def renamed(rows, **names):
    return [{names.get(key, key): value for key, value in row.items()} for row in rows]


SPANS = [{"start": 4, "end": 8, "label": "PLACE"}]
TAGGED = [{"tokens": ["Anna", "is", "here"], "tags": ["B-PER", "O", "O"]}, {"tokens": ["No"], "tags": ["O"]}]
CASES = {
    "by their own names": (many(label=grade), "classification", {}, ("bad", "good")),
    "by names that files use": (
        renamed(many(label=grade), text="review", label="sentiment"),
        "classification",
        {"text": "review", "label": "sentiment"},
        ("bad", "good"),
    ),
    "Chinese names": (
        renamed(many(label=grade), text="评论", label="标签"),
        "classification",
        {"text": "评论", "label": "标签"},
        ("bad", "good"),
    ),
    "by look": (
        renamed(many(id=str, date=lambda i: f"2024-01-{i % 28 + 1:02}", mood=grade), text="says"),
        "classification",
        {"text": "says", "label": "mood"},
        ("bad", "good"),
    ),
    "grades that repeat": (
        many(stars=lambda i: i % 5 + 1),
        "classification",
        {"label": "stars"},
        ("1", "2", "3", "4", "5"),
    ),
    "a named label before numbers": (
        many(label=grade, score=lambda i: i / 7),
        "classification",
        {},
        ("bad", "good"),
    ),
    "numbers of many values": (many(price=lambda i: i * 1.5), "regression", {"score": "price"}, ()),
    "numbers that are called a label": (many(label=lambda i: i / 7), "regression", {"score": "label"}, ()),
    "spans": (many(spans=lambda i: SPANS), "tagging", {}, ("PLACE",)),
    "spans by look": (many(marks=lambda i: SPANS, source=grade), "tagging", {"spans": "marks"}, ("PLACE",)),
    "tokens and tags": (TAGGED, "tagging", {}, ("PER",)),
    "tokens and tags by look": (
        renamed(TAGGED, tokens="words", tags="ner"),
        "tagging",
        {"tokens": "words", "tags": "ner"},
        ("PER",),
    ),
}


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
@pytest.mark.parametrize("case", CASES)
def test_a_task_is_known_by_names_and_looks(tmp_path, case, suffix):
    rows, task, columns, labels = CASES[case]
    found = asked(write(tmp_path / f"x{suffix}", rows))
    assert (found.task, found.renamed, found.labels) == (task, columns, labels)
    assert found.language == "en" or task == "tagging"


def test_lists_of_labels_are_labels(tmp_path):
    rows = many(labels=lambda i: ["clean", "quiet"][: i % 3])
    found = asked(write(tmp_path / "x.jsonl", rows))
    assert (found.task, found.labels) == ("classification", ("clean", "quiet"))


def test_other_tasks_that_fit_are_told(tmp_path):
    path = write(tmp_path / "x.jsonl", many(label=grade, score=lambda i: i / 7, spans=lambda i: SPANS))
    assert asked(path).others == ("tagging", "regression")
    assert asked(path, task="regression").columns == {"text": ("text",), "score": ("score",)}
    assert asked(path, task="regression").bounds == (0, 39 / 7)
    assert asked(path, task="tagging").others == ()


def test_columns_that_are_named_settle_it(tmp_path):
    rows = [
        row | {"title": "Stay at the lake", "kind": grade(i), "mood": grade(i // 2)} for i, row in enumerate(many())
    ]
    path = write(tmp_path / "x.csv", rows)
    found = asked(path, label="mood", text=("title", "text"))
    assert found.renamed == {"text": ["title", "text"], "label": "mood"}
    with pytest.raises(DataError, match=r"--label.*text \(The room was clean a.*, kind \(bad\), mood \(bad\)"):
        asked(path)
    with pytest.raises(DataError, match="no column 'modd' for --label"):
        asked(path, label="modd")


def test_two_long_columns_must_be_told_apart(tmp_path):
    rows = [{"one": f"{REVIEWS[i % 3]} {i}", "two": f"{REVIEWS[-i % 3]} {i}", "label": grade(i)} for i in range(30)]
    path = write(tmp_path / "x.csv", rows)
    with pytest.raises(DataError, match="--text"):
        asked(path)
    assert asked(path, text=("two",)).renamed == {"text": "two"}


def test_texts_without_labels_are_said_to_be_so(tmp_path):
    path = tmp_path / "calls.txt"
    path.write_text("\n".join(REVIEWS))
    with pytest.raises(DataError, match="3 texts without labels"):
        asked(path)
    with pytest.raises(DataError, match="40 texts without labels"):
        asked(write(tmp_path / "x.csv", many(id=str)))


@pytest.mark.parametrize(
    ("task", "row"),
    [
        ("translation", {"source": "Where is it?", "target": "Wo ist es?"}),
        ("summarization", {"document": "It rained all day.", "summary": "Rain."}),
        ("code", {"prompt": "def f(x):", "solution": "    return x", "test": "def check(f): f(1)"}),
    ],
)
def test_what_is_to_be_written_is_no_label(tmp_path, task, row):
    found = asked(write(tmp_path / "x.jsonl", [row | {"label": grade(i)} for i in range(10)]))
    assert (found.task, found.labels, found.renamed) == (task, (), {})


def test_rows_of_tasks_that_are_not_built_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(guessing, "known_names", lambda kind: ("classification",))
    path = write(tmp_path / "x.jsonl", [{"source": "Where?", "target": "Wo?", "label": grade(i)} for i in range(10)])
    with pytest.raises(DataError, match="the task translation, which is not built yet"):
        asked(path)


def talk(said, *, role="role", content="content", user="user"):
    return [{role: user, content: said}, {role: "assistant", content: said}]


def test_messages_are_a_dialogue(tmp_path):
    rows = [{"id": i, "messages": talk("where is the room and what is that")} for i in range(5)]
    found = asked(write(tmp_path / "x.jsonl", rows))
    assert (found.task, found.columns, found.labels) == ("dialogue", {"messages": ("messages",)}, ())
    assert (found.language, found.others, found.renamed) == ("en", (), {})
    replies = asked(write(tmp_path / "y.jsonl", [row | {"reply": "up"} for row in rows]))
    assert replies.columns == {"messages": ("messages",), "reply": ("reply",)}


def test_messages_in_another_form_and_under_another_name_are_a_dialogue(tmp_path):
    rows = [{"conversations": talk("房间在哪里", role="from", content="value", user="human")} for _ in range(5)]
    found = asked(write(tmp_path / "x.jsonl", rows))
    assert (found.task, found.language, found.renamed) == ("dialogue", "zh", {"messages": "conversations"})
    texts = [{"dialogue": f"A: the room was {word}. B: yes", "label": word} for word in ("good", "bad") * 8]
    assert asked(write(tmp_path / "y.jsonl", texts)).task == "classification"


def test_an_unknown_task_is_refused(tmp_path, monkeypatch):
    path = write(tmp_path / "x.csv", many(label=grade))
    with pytest.raises(UserError, match=f"known: {', '.join(names('tasks'))}"):
        asked(path, task="clasification")
    monkeypatch.setattr(guessing, "OTHER_TASKS", ("weaving",))
    with pytest.raises(UserError, match="weaving is not built yet"):
        asked(path, task="weaving")


PLACES = {"head": {"start": 0, "end": 3}, "tail": {"start": 8, "end": 10}}


@pytest.mark.parametrize(
    ("task", "row", "renamed"),
    [
        ("pairs", {"text_a": "It rains", "text_b": "It is dry"}, {}),
        ("pairs", {"premise": "It rains", "hypothesis": "It is dry"}, {"text_a": "premise", "text_b": "hypothesis"}),
        ("relation", {"text": "Ann met Bo", **PLACES}, {}),
        ("relation", {"text": "Ann met Bo", "e1": PLACES["head"], "e2": PLACES["tail"]}, {"head": "e1", "tail": "e2"}),
        ("choice", {"question": "Is it?", "choices": ["yes", "no"], "answer": 1}, {}),
        ("choice", {"question": "Is it?", "options": ["yes", "no"], "answer": "no"}, {"choices": "options"}),
        ("retrieval", {"query": "Where is it?", "positive": "Here it is."}, {}),
        ("retrieval", {"query": "Where is it?", "relevant": [{"doc": "a", "grade": 1}]}, {}),
        ("qa", {"question": "Who?", "context": "Ann met Bo", "answers": {"text": ["Ann"], "answer_start": [0]}}, {}),
    ],
)
def test_tasks_of_several_inputs_are_known_by_them(tmp_path, task, row, renamed):
    gold = {} if NO_LABELS & {*row} else {"label": None}
    rows = [row | {name: grade(i) for name in gold} for i in range(10)]
    found = asked(write(tmp_path / "x.jsonl", rows))
    assert (found.task, found.renamed) == (task, renamed)
    assert bool(found.labels) == bool(gold)


def test_rows_of_relations_serve_tagging_too(tmp_path):
    rows = [{"text": "Ann met Bo", **PLACES, "label": grade(i)} for i in range(10)]
    rows[3]["head"] = {**PLACES["head"], "type": "PER"}
    path = write(tmp_path / "x.jsonl", rows)
    assert asked(path).others == ("tagging",)
    found = asked(path, task="tagging")
    assert (found.task, found.renamed, found.labels) == ("tagging", {"spans": ["head", "tail"]}, ("PER", "entity"))


def test_pairs_with_many_numbers_are_scored(tmp_path):
    rows = [{"text_a": f"a {i}", "text_b": f"b {i}", "score": i / 7} for i in range(40)]
    found = asked(write(tmp_path / "x.jsonl", rows))
    assert (found.task, [*found.columns]) == ("pairs", ["text_a", "text_b", "score"])
    assert found.bounds == (0.0, 39 / 7)
    named = asked(write(tmp_path / "y.jsonl", [row | {"grade": grade(i)} for i, row in enumerate(rows)]), label="grade")
    assert [*named.columns] == ["text_a", "text_b", "label"]


def test_text_files_of_tagged_words_are_tagging(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("Anna NN B-PER\nsang VB O\n\nShe PR O\n")
    found = asked(path)
    assert (found.task, found.columns["tags"], found.labels) == ("tagging", ("tags",), ("PER",))


def test_a_folder_by_label_is_classification(tmp_path):
    for label in ("pos", "neg"):
        for i, text in enumerate(REVIEWS):
            (tmp_path / "set" / label).mkdir(parents=True, exist_ok=True)
            (tmp_path / "set" / label / f"{i}.txt").write_text(text)
    found = asked(tmp_path / "set")
    assert (found.task, found.renamed, found.labels) == ("classification", {}, ("neg", "pos"))


def test_few_undecodable_bytes_are_forgiven_and_counted(tmp_path):
    content = write(tmp_path / "x.csv", many(300, label=grade)).read_bytes()
    (tmp_path / "x.csv").write_bytes(content.replace(b"lake 299", b"lake \xff\xfe299"))
    assert look("x.csv", tmp_path, "DATA").replaced == 2
    (tmp_path / "y.csv").write_bytes(content.replace(b"the", b"\xff\xfe\xfd"))
    with pytest.raises(DataError, match="encoding"):
        look("y.csv", tmp_path, "DATA")


@pytest.mark.parametrize(
    ("texts", "language"),
    [
        (REVIEWS, "en"),
        (COMMENTS, "zh"),
        (["部屋はとてもきれいでした", "もう二度と行きません"], None),
        (["La chambre était propre et calme", "Plus jamais, le lit était cassé"], None),
        (REVIEWS + COMMENTS, None),
        (["123", "..."], None),
        ([], None),
    ],
)
def test_language_is_told_only_where_it_is_clear(texts, language):
    assert language_of(texts) == language


VALUES = (
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.sampled_from([*REVIEWS, "a", "[1]", "O"])
)
ROW = st.dictionaries(st.sampled_from(["text", "label", "a", "b"]), VALUES | st.lists(VALUES, max_size=2), min_size=1)


@settings(max_examples=50, deadline=None)
@given(rows=st.lists(ROW, min_size=1, max_size=8))
def test_any_rows_give_a_guess_or_one_sentence(tmp_path_factory, rows):
    path = write(tmp_path_factory.mktemp("any") / "x.jsonl", rows)
    try:
        found = asked(path)
    except DataError as error:
        assert "\n" not in str(error)
        return
    known = {name for row in rows for name in row}
    assert {name for names in found.columns.values() for name in names} <= known


@pytest.mark.parametrize(
    ("name", "beside", "expected"),
    [
        ("train.jsonl", ["dev.jsonl", "test.jsonl", "notes.md"], ("dev.jsonl", "test.jsonl")),
        ("train.jsonl", ["val.csv", "validation.csv", "test.tsv"], ("validation.csv", "test.tsv")),
        ("train.csv", ["test.jsonl", "test.csv", "valid.csv"], ("valid.csv", "test.csv")),
        ("train.jsonl", ["test.csv", "test.jsonl"], (None, "test.jsonl")),
        ("x_train.csv", ["x_test.csv", "y_test.csv", "test.csv"], (None, "x_test.csv")),
        ("train-zh.csv", ["test-zh.csv", "val-en.csv"], (None, "test-zh.csv")),
        ("Train.csv", ["Test.csv"], (None, "Test.csv")),
        ("reviews.csv", ["test.csv", "validation.csv"], (None, None)),
        ("trains.csv", ["tests.csv", "test.csv"], (None, None)),
    ],
)
def test_files_of_the_same_set_are_found(tmp_path, name, beside, expected):
    for other in (name, *beside):
        (tmp_path / other).write_text("x")
    found = siblings(tmp_path / name)
    assert tuple(found[part].name if part in found else None for part in ("validation", "test")) == expected


def test_folders_have_folders_beside_them(tmp_path):
    for name in ("train", "test"):
        (tmp_path / name).mkdir()
    (tmp_path / "validation").write_text("no folder")
    assert siblings(tmp_path / "train") == {"test": tmp_path / "test"}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a/reviews.csv", "reviews"),
        ("a/b/train.jsonl", "b"),
        ("a/x_train.csv", "x"),
        ("a/train_x.csv", "x"),
        ("a/train/", "a"),
        ("set/data/train.csv", "set"),
        ("a/v1.2", "v1.2"),
    ],
)
def test_a_set_is_named_by_its_file_or_folder(tmp_path, path, name):
    assert set_name(tmp_path / path) == name


def test_a_folder_that_holds_a_training_file_means_it(tmp_path):
    (tmp_path / "train.csv").write_text("x")
    assert training_file(tmp_path) == tmp_path / "train.csv"
    (tmp_path / "more").mkdir()
    assert training_file(tmp_path) == tmp_path


def test_real_sets_are_guessed(data_folder):
    tasks = {"conll2003_ner_en": "tagging", "msra_ner_zh": "tagging", "chnsenticorp_hotel_zh": "classification"}
    tasks |= {
        "fiqa_sentiment_en": "classification",
        "pii_presidio_en": "tagging",
        "banking77_intent_en": "classification",
    }
    for name, task in tasks.items():
        found = asked(data_folder / name / "train.jsonl")
        assert (found.task, found.renamed, found.language) == (task, {}, name[-2:])
        assert set(siblings(data_folder / name / "train.jsonl")) == {"validation", "test"}
