"""YAML 1.2 is read with places; what a recipe has no use for is refused where it stands."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha.config.yaml12 import read_document, read_text, read_value
from dongcha.config.yaml_text import flow, yaml_text
from dongcha.errors import RecipeError

VALUES = {
    "no": "no",
    "on": "on",
    "yes": "yes",
    "Off": "Off",
    "2024-01-02": "2024-01-02",
    "12:30": "12:30",
    "1_000": "1_000",
    "true": True,
    "FALSE": False,
    "": None,
    "~": None,
    "null": None,
    "'null'": "null",
    "012": 12,
    "0o17": 15,
    "0xff": 255,
    "-3": -3,
    "1e-5": 1e-5,
    "2.": 2.0,
    ".5": 0.5,
    "'5'": "5",
    "酒店": "酒店",
    "[no, 1, {a: on}]": ["no", 1, {"a": "on"}],
}


@pytest.mark.parametrize(("text", "value"), VALUES.items())
def test_values_follow_the_core_schema_of_yaml_1_2(text, value):
    found = read_text(f"key: {text}\n", "r.yaml").value["key"]
    assert found == value
    assert type(found) is type(value)


def test_every_key_and_item_has_its_place():
    document = read_text("a: 1\nb:\n  c: {d: 2}\n  e:\n    - x\n    - y\n", "r.yaml")
    assert document.place(("a",)) == "r.yaml:1:1"
    assert document.place(("b", "c", "d")) == "r.yaml:3:7"
    assert document.place(("b", "e", 1)) == "r.yaml:6:7"
    assert document.place(("b", "missing", "deeper")) == "r.yaml:2:1"
    assert document.place(("nowhere",)) == "r.yaml:1:1"


REFUSED = [
    ("a: &x 1\nb: *x\n", "r.yaml:1:4", "anchors"),
    ("a: *x\n", "r.yaml:1:4", "anchors"),
    ("&k a: 1\n", "r.yaml:1:1", "anchors"),
    ("a: !!python/object:os.system x\n", "r.yaml:1:4", "tag"),
    ("%YAML 1.1\n---\na: 1\n", "r.yaml:1:1", "%"),
    ("a: 1\nb: 2\na: 3\n", "r.yaml:3:1", "first at r.yaml:1:1"),
    ("a: 1\n---\nb: 1\n", "r.yaml:2:1", "second document"),
    ("- a\n- b\n", "r.yaml:1:1", "key: value"),
    ("just text\n", "r.yaml:1:1", "key: value"),
    ("", "r.yaml:1:1", "empty"),
    ("# only a comment\n", "r.yaml:1:1", "empty"),
    ("task：classification\n", "r.yaml:1:1", "wide"),
    ("name: a\ntask：classification\n", "r.yaml:2:1", "wide"),
    ("train:\n\tepochs: 1\n", "r.yaml:2:1", "tab"),
    ("a: b: c\n", "r.yaml:1:5", "two ': '"),
    ("a: [1, 2\nb: 3\n", "r.yaml:1:4", "bracket"),
    ("a: {b: 1\n", "r.yaml:1:4", "bracket"),
    ("a: 'open\n", "r.yaml:1:4", "quote"),
    ("a: @x\n", "r.yaml:1:4", "sign"),
    ("a:\n  b: 1\n c: 2\n", "r.yaml:3:2", "line up"),
    ("? [a, b]\n: 1\n", "r.yaml:1:3", "a key is a word"),
    ('a: "\\q"\n', "r.yaml:1:6", "backslash"),
    ('a: 1\nb: "\\UFFFFFFFF"\n', "r.yaml:2:5", "backslash"),
    ("a: x\x00y\n", "r.yaml:1:5", "byte offset 4"),
    ("a: " + "[" * 30 + "]" * 30, "r.yaml:1:23", "20 levels"),
]


@pytest.mark.parametrize(("text", "place", "part"), REFUSED)
def test_refusals_name_place_and_cause(text, place, part):
    with pytest.raises(RecipeError) as refusal:
        read_text(text, "r.yaml")
    assert str(refusal.value).startswith(place + ": ")
    assert part in str(refusal.value)
    assert refusal.value.exit_code == 2


BYTES = [
    (b"name: caf\xe9\n", "recipe.yaml:1:10: byte 0xE9 at offset 9"),
    ("a: 1\nname: 酒".encode() + "店".encode("gb18030"), "recipe.yaml:2:8: byte 0xB5 at offset 14"),
    (b"\xef\xbb\xbfname: \xff", "recipe.yaml:1:7: byte 0xFF at offset 9"),
    ("name: 酒店".encode("utf-16"), "recipe.yaml:1:1: the file is UTF-16"),
    (b"#" * 1_000_001, "recipe.yaml: a recipe holds at most 1000000 bytes"),
]


@pytest.mark.parametrize(("raw", "message"), BYTES)
def test_bytes_that_are_no_text_are_refused_with_their_offset(tmp_path, raw, message):
    path = tmp_path / "recipe.yaml"
    path.write_bytes(raw)
    with pytest.raises(RecipeError) as refusal:
        read_document(path)
    assert message in str(refusal.value)


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_bytes("\ufeffname: 酒店\n".encode())
    assert read_document(path).value == {"name": "酒店"}


def test_a_missing_file_names_the_nearest_one(tmp_path):
    (tmp_path / "hotel.yaml").write_text("a: 1")
    with pytest.raises(RecipeError, match=r"did you mean hotel\.yaml"):
        read_document(tmp_path / "hotle.yaml")
    with pytest.raises(RecipeError, match="is a folder"):
        read_document(tmp_path)


def test_the_nine_line_bomb_is_refused_at_once():
    lines = ["a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    for last, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} [" + ", ".join([f"*{last}"] * 9) + "]")
    read_value("warm", "up")
    start = time.perf_counter()
    with pytest.raises(RecipeError, match="anchors"):
        read_text("\n".join(lines), "bomb.yaml")
    assert time.perf_counter() - start < 1, "ten times the figure of R11"


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet=st.sampled_from(list("ab:- \n\t'\"[]{}#&*!|>%@,?\\x0U：\0")), max_size=40))
def test_any_text_is_read_or_refused_in_a_sentence(text):
    try:
        assert isinstance(read_text(text, "r.yaml").value, dict)
    except RecipeError as refusal:
        assert str(refusal).startswith("r.yaml:")


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text(max_size=8), PLAIN, min_size=1, max_size=3))
def test_what_is_written_is_read_back(values):
    assert read_text(yaml_text(values), "r.yaml").value == values


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=12))
def test_text_on_one_line_stays_text(text):
    assert read_value(flow([text, {text: text}]), "x") == [text, {text: text}]


@pytest.mark.parametrize("text", ["reviews.csv", "train data.csv", "../a/b.jsonl", "package:gt/model", "酒店评论"])
def test_ordinary_text_needs_no_quotes(text):
    assert flow(text) == text
