"""`dongcha predict`: rows in, answers out, one a row in order, in the form that came in."""

import csv
import io
import json

import openpyxl
import pytest
from finished_runs import zh_tags

import dongcha
from dongcha.cli import app
from dongcha.cli._door import guarded
from dongcha.errors import DataError
from dongcha.testing import tiny_rows

GOOD, BAD = "the room was good and clean", "the room was bad and dirty"
HARD = ['say "good", and clean', "two\nlines, good", "房间 good，很干净", "=1+1 was good", "  good  ", "@good"]


@pytest.fixture
def cli(capsys, monkeypatch, reviews):
    """Run `predict` on the reviews' model; `stdin` is what is piped in."""

    def run(*arguments, stdin=None, model=None):
        if stdin is not None:
            monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        code = guarded(app, ["predict", str(model or reviews.folder), *map(str, arguments)])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def lines_of(out):
    return [json.loads(line) for line in out.splitlines()]


def write_csv(path, rows, delimiter=",", encoding="utf-8"):
    with path.open("w", newline="", encoding=encoding) as handle:
        writer = csv.DictWriter(handle, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


def read_csv(text, delimiter=","):
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


# one text and standard input


def test_one_text(cli):
    code, out, err = cli("--text", GOOD)
    assert (code, err) == (0, "")
    (answer,) = lines_of(out)
    assert answer["label"] == "good"
    assert set(answer) == {"label", "confidence"}


def test_letters_stay_letters(cli, reviews_zh):
    code, out, _ = cli("--text", "房间很好", model=reviews_zh.folder)
    assert code == 0
    assert "好评" in out or "差评" in out


def test_plain_lines_and_objects_on_standard_input_keep_their_order(cli):
    rows = [GOOD, json.dumps({"id": "b", "text": BAD}), "", f"  {GOOD}", json.dumps({"text": BAD, "label": "good"})]
    code, out, err = cli("-", stdin="\n".join(rows) + "\n")
    assert (code, err) == (0, "")
    answers = lines_of(out)
    assert [answer["label"] for answer in answers] == ["good", "bad", "good", "bad"]
    assert [answer.get("id") for answer in answers] == [None, "b", None, None]


def test_more_rows_than_are_taken_at_once(cli):
    texts = [(GOOD, BAD)[i % 2] for i in range(150)]
    code, out, _ = cli("-", stdin="\n".join(texts))
    assert code == 0
    assert [answer["label"] for answer in lines_of(out)] == ["good", "bad"] * 75


def test_nothing_in_nothing_out(cli):
    assert cli("-", stdin="") == (0, "", "")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (['{"text": "a"}', '{"text": "b"'], ("row 2", "column")),
        (["a", '{"txt": "b"}'], ("text",)),
        (['{"text": 3}'], ("row 1", "text")),
    ],
)
def test_a_bad_row_on_standard_input_is_exit_2(cli, rows, words):
    code, _, err = cli("-", stdin="\n".join(rows))
    assert code == 2
    for word in words:
        assert word in err
    assert len(err.strip().splitlines()) == 1


def test_a_bad_row_is_named_by_its_place_in_the_whole_stream(cli):
    rows = [json.dumps({"text": GOOD})] * 99 + [json.dumps({"text": " "})]
    code, out, err = cli("-", stdin="\n".join(rows))
    assert code == 2
    assert "row 100" in err
    assert len(lines_of(out)) == 64, "what was answered before stands"


@pytest.mark.parametrize("arguments", [(), ("-", "--text", "a")])
def test_one_source_is_wanted(cli, arguments):
    code, out, err = cli(*arguments, stdin="")
    assert (code, out) == (2, "")
    assert "--text" in err


# JSON lines


def test_json_lines_carry_id_and_prediction_and_no_gold(cli, tmp_path):
    rows = [row | {"label": "wrong", "city": "北京"} for row in tiny_rows("classification", 20)]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    code, out, err = cli(tmp_path / "in.jsonl")
    assert (code, err) == (0, "")
    answers = lines_of(out)
    assert [answer["id"] for answer in answers] == [row["id"] for row in rows]
    assert [answer["label"] for answer in answers] == ["good", "bad"] * 10
    assert {tuple(answer) for answer in answers} == {("id", "label", "confidence")}
    assert "wrong" not in out


def test_several_labels_are_a_list(cli, tmp_path, topics):
    code, out, _ = cli("--text", "the room was clean and quiet", model=topics.folder)
    assert code == 0
    assert lines_of(out)[0]["label"] == ["clean", "quiet"]


def test_tags_where_tokens_came_in_and_spans_alone_where_a_text_did(cli, tmp_path, places_zh):
    row = zh_tags(1)[0]
    (tmp_path / "in.jsonl").write_text(json.dumps({"tokens": row["tokens"]}, ensure_ascii=False), encoding="utf-8")
    code, out, _ = cli(tmp_path / "in.jsonl", model=places_zh.folder)
    assert code == 0
    assert lines_of(out)[0]["tags"] == row["tags"]
    code, out, _ = cli("--text", "".join(row["tokens"]), model=places_zh.folder)
    (answer,) = lines_of(out)
    assert "tags" not in answer
    assert [(span["start"], span["end"], span["label"]) for span in answer["spans"]] == [(3, 5, "LOC")]


def test_gold_tags_are_not_read(cli, tmp_path, places_zh):
    row = zh_tags(1)[0]
    for broken in (["O"] * 3, ["X-Y"] * len(row["tokens"])):
        text = json.dumps({"tokens": row["tokens"], "tags": broken}, ensure_ascii=False)
        code, out, err = cli("-", stdin=text, model=places_zh.folder)
        assert code == 0, err
        assert lines_of(out)[0]["tags"] == row["tags"]


def test_text_files_and_output(cli, tmp_path):
    (tmp_path / "in.txt").write_text(f"{GOOD}\n{BAD}\n", encoding="utf-8")
    target = tmp_path / "out.jsonl"
    assert cli(tmp_path / "in.txt", "-o", target) == (0, "", "")
    assert [answer["label"] for answer in lines_of(target.read_text(encoding="utf-8"))] == ["good", "bad"]


# tables


@pytest.mark.parametrize(("suffix", "delimiter"), [(".csv", ","), (".tsv", "\t")])
def test_a_table_comes_back_with_columns_added(cli, tmp_path, suffix, delimiter):
    rows = [{"no": f"00{i}", "text": text, "备注": "a,b\t好" if i else ""} for i, text in enumerate(HARD)]
    write_csv(tmp_path / f"in{suffix}", rows, delimiter)
    code, out, err = cli(tmp_path / f"in{suffix}")
    assert (code, err) == (0, "")
    found = read_csv(out, delimiter)
    assert [{name: row[name] for name in rows[0]} for row in found] == rows
    assert list(found[0]) == [*rows[0], "predicted_label", "confidence"] or set(found[0]) == {
        *(*rows[0], "predicted_label", "confidence")
    }
    assert {row["predicted_label"] for row in found} <= {"good", "bad"}
    assert all(0 <= float(row["confidence"]) <= 1 for row in found)


def test_a_gold_column_stays_beside_the_prediction(cli, tmp_path):
    write_csv(tmp_path / "in.csv", [{"text": GOOD, "label": "bad"}, {"text": BAD, "label": "bad"}])
    _, out, _ = cli(tmp_path / "in.csv")
    assert [(row["label"], row["predicted_label"]) for row in read_csv(out)] == [("bad", "good"), ("bad", "bad")]


def test_another_text_column(cli, tmp_path):
    write_csv(tmp_path / "in.csv", [{"评论": GOOD, "n": "1"}, {"评论": BAD, "n": "2"}])
    code, out, _ = cli(tmp_path / "in.csv", "--text-column", "评论")
    assert code == 0
    found = read_csv(out)
    assert [row["predicted_label"] for row in found] == ["good", "bad"]
    assert [row["评论"] for row in found] == [GOOD, BAD]
    code, out, err = cli(tmp_path / "in.csv")
    assert (code, out) == (2, "")
    assert "评论" in err


def test_a_table_in_a_file_opens_in_excel_as_utf_8(cli, tmp_path):
    write_csv(tmp_path / "in.csv", [{"text": "房间 good"}])
    assert cli(tmp_path / "in.csv", "-o", tmp_path / "out.csv") == (0, "", "")
    content = (tmp_path / "out.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert "房间 good" in content.decode("utf-8-sig")
    code, out, _ = cli(tmp_path / "in.csv")
    assert code == 0
    assert not out.startswith("\ufeff"), "a pipe gets no mark"
    code, out, _ = cli(tmp_path / "out.csv")
    assert code == 0, "what was written reads back"


def test_a_table_keeps_its_own_columns_whatever_they_are_called(cli, tmp_path):
    own = {
        "text": GOOD,
        "words": "2",
        "confidence": "high",
        "confidence_2": "low",
        "unsure": "no",
        "predicted_label": "?",
    }
    write_csv(tmp_path / "in.csv", [own])
    code, out, _ = cli(tmp_path / "in.csv", "--unsure-below", "0.1")
    (row,) = read_csv(out)
    added = ["predicted_label_2", "confidence_3", "unsure_2"]
    assert (code, list(row)) == (0, [*own, *added]) and own.items() <= row.items()
    assert row["predicted_label_2"] == "good" and float(row["confidence_3"]) > 0.1 and row["unsure_2"] == "false"


def test_a_csv_that_excel_wrote_reads(cli, tmp_path):
    write_csv(tmp_path / "in.csv", [{"text": GOOD}], encoding="utf-8-sig")
    code, out, _ = cli(tmp_path / "in.csv")
    assert code == 0
    assert read_csv(out)[0]["predicted_label"] == "good"


def write_book(path, rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)


def test_excel_in_excel_out(cli, tmp_path):
    write_book(tmp_path / "in.xlsx", [["no", "text"], [1, GOOD], [2, BAD]])
    assert cli(tmp_path / "in.xlsx", "-o", tmp_path / "out.xlsx") == (0, "", "")
    rows = list(openpyxl.load_workbook(tmp_path / "out.xlsx").active.iter_rows(values_only=True))
    assert set(rows[0]) == {"no", "text", "predicted_label", "confidence"}
    at = rows[0].index("predicted_label")
    assert [row[at] for row in rows[1:]] == ["good", "bad"]


def test_a_text_that_looks_like_a_formula_is_a_text_in_excel(cli, tmp_path):
    write_csv(tmp_path / "in.csv", [{"text": text} for text in HARD])
    assert cli(tmp_path / "in.csv", "-o", tmp_path / "out.xlsx")[0] == 0
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx").active
    column = [cell.value for cell in sheet[1]].index("text") + 1
    cells = [sheet.cell(row, column) for row in range(2, len(HARD) + 2)]
    assert [cell.value.strip() for cell in cells] == [text.strip() for text in HARD]
    assert {cell.data_type for cell in cells} == {"s"}


def test_excel_gets_a_mark_for_a_control_character(cli, tmp_path):
    write_csv(tmp_path / "in.csv", [{"text": f"{GOOD}\x0b", "a\x0cb": "\x1f"}])
    assert cli(tmp_path / "in.csv", "-o", tmp_path / "out.xlsx") == (0, "", "")
    header, row = openpyxl.load_workbook(tmp_path / "out.xlsx").active.iter_rows(values_only=True)
    assert {"text": f"{GOOD}\ufffd", "a\ufffdb": "\ufffd"}.items() <= dict(zip(header, row, strict=True)).items()


def test_a_text_that_a_cell_of_excel_would_cut_is_refused(cli, tmp_path):
    write_csv(tmp_path / "in.csv", [{"text": GOOD, "n": "x" * size} for size in (32_767, 32_768)])
    code, out, err = cli(tmp_path / "in.csv", "-o", tmp_path / "out.xlsx")
    assert (code, out) == (2, "") and not (tmp_path / "out.xlsx").exists()
    assert all(said in err for said in ("row 2, column n", "32,767", "32,768", ".csv or .jsonl"))


def test_excel_wants_a_file(cli, tmp_path):
    write_book(tmp_path / "in.xlsx", [["text"], [GOOD]])
    code, out, err = cli(tmp_path / "in.xlsx")
    assert (code, out) == (2, "")
    assert "--output" in err


def test_the_output_names_the_form(cli, tmp_path):
    write_csv(tmp_path / "in.csv", [{"text": GOOD}])
    assert cli(tmp_path / "in.csv", "-o", tmp_path / "out.jsonl")[0] == 0
    assert lines_of((tmp_path / "out.jsonl").read_text(encoding="utf-8"))[0]["label"] == "good"
    assert cli("--text", GOOD, "-o", tmp_path / "out.csv")[0] == 0
    assert read_csv((tmp_path / "out.csv").read_text(encoding="utf-8-sig"))[0]["predicted_label"] == "good"


def test_spans_in_a_table_are_json(cli, tmp_path, places_zh):
    write_csv(tmp_path / "in.csv", [{"text": "我们在北京服务很好"}])
    code, out, _ = cli(tmp_path / "in.csv", model=places_zh.folder)
    assert code == 0
    assert json.loads(read_csv(out)[0]["predicted_spans"])[0]["label"] == "LOC"


# not sure


def test_below_the_threshold_the_label_is_withheld(cli):
    code, out, _ = cli("--text", GOOD, "--unsure-below", "1")
    assert code == 0
    (answer,) = lines_of(out)
    assert (answer["label"], answer["unsure"]) == (None, True)


def test_every_row_of_a_table_has_the_column_unsure(cli, tmp_path):
    rows = [{"text": text} for text in (GOOD, "x", BAD, "q", GOOD)]
    write_csv(tmp_path / "in.csv", rows)
    _, plain, _ = cli(tmp_path / "in.csv")
    sure = sorted(float(row["confidence"]) for row in read_csv(plain))
    threshold = sure[2]
    for order in (rows[i:] + rows[:i] for i in range(len(rows))):
        write_csv(tmp_path / "in.csv", order)
        code, out, _ = cli(tmp_path / "in.csv", "--unsure-below", str(threshold))
        assert code == 0
        found = read_csv(out)
        assert set(found[0]) == {"text", "predicted_label", "confidence", "unsure"}
        assert {row["unsure"] for row in found} == {"true", "false"}
        for row in found:
            assert (row["predicted_label"] == "") == (row["unsure"] == "true")


# a model that is none


@pytest.mark.parametrize("spoil", ["nothing", "no weights", "no card"])
def test_a_model_that_is_none_is_exit_2(cli, tmp_path, reviews, spoil):
    folder = tmp_path / "run"
    if spoil == "nothing":
        folder.mkdir()
    else:
        reviews.copy(folder)
        (folder / "model" / {"no weights": "model.safetensors", "no card": "task.json"}[spoil]).unlink()
    code, out, err = cli("--text", GOOD, model=folder)
    assert (code, out) == (2, "")
    assert str(folder) in err
    assert len(err.strip().splitlines()) == 1


def test_a_model_remembers_the_columns_it_was_trained_on(finish, models, tmp_path):
    rows = [{"review": row["text"], "label": row["label"]} for row in tiny_rows("classification", 60)]
    data = {"train": rows, "columns": {"text": "review"}}
    found = finish(name="mapped", task="classification", model=str(models["pooled"]), data=data)
    table = tmp_path / "more.csv"
    table.write_text("review,note\nthe room was good,a\nthe room was bad,b\n", encoding="utf-8")
    answers = list(dongcha.load(found.folder).predict_file(str(table)))
    assert [row["note"] for row, _ in answers] == ["a", "b"]
    plain = tmp_path / "plain.csv"
    plain.write_text("text\nthe room was good\n", encoding="utf-8")
    assert next(dongcha.load(found.folder).predict_file(str(plain)))[1]["label"] == answers[0][1]["label"]
    bad = tmp_path / "bad.csv"
    bad.write_text("review,note\nthe room was good,a\n,b\n", encoding="utf-8")
    with pytest.raises(DataError) as refused:
        list(dongcha.load(found.folder).predict_file(str(bad)))
    assert "row 2" in str(refused.value), "a row is at fault, not the columns"
