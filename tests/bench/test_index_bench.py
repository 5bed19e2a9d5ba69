"""Passages that are real, short and each once; figures that hold together; a page that shows them."""

import json

import numpy as np
import pytest

from bench import _index_page, _passages, index
from bench._machine import machine


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sets")
    rows = {
        "news_en": [{"text": f"the market rose on day {i} " + "word " * 200} for i in range(60)] * 2
        + [{"text": "short"}],
        "hotel_zh": [{"query": f"这家酒店第{i}次入住仍然很满意" + "好" * 200, "label": "x"} for i in range(60)],
    }
    for name, made in rows.items():
        (folder / name).mkdir()
        (folder / name / "train.jsonl").write_text("\n".join(map(json.dumps, made)), encoding="utf-8")
    return folder


def test_passages_are_distinct_cut_and_the_same_each_time(sets):
    found = _passages.passages(80, sets)
    assert found[:20] == _passages.passages(20, sets)
    assert len({text for _, text in found}) == 80
    assert [language for language, _ in found[:3]] == ["en", "zh", "en"]
    assert {len(text.split()) for language, text in found if language == "en"} == {100}
    assert {len(text) for language, text in found if language == "zh"} == {100}
    with pytest.raises(ValueError, match="too few"):
        _passages.passages(200, sets)


def test_recall_is_the_share_of_true_neighbours():
    assert index.recall([["a", "b"], ["c", "x"]], [["b", "a"], ["c", "d"]]) == 0.75


def test_a_size_is_measured_and_shown(tmp_path, sets, monkeypatch):
    monkeypatch.setattr(index, "NUM_QUERIES", 20)
    rows = _passages.passages(120, sets)
    texts = [text for _, text in rows]
    vectors = np.random.default_rng(0).normal(size=(120, 16)).astype(np.float32)
    found = index.build(100, texts, vectors, tmp_path / "100") | index.ask(texts, vectors, tmp_path / "100")
    assert found["recall"] > 0.9 and found["recall_added"] > 0.9
    size = {"rows": 100, "queries": 20, "load": [1.0, 2.0], "machine": machine(1, index.PACKAGES)} | found
    page = _index_page.page({"passages": index.texts_facts(rows), "sizes": [size]})
    assert "| | 100 |" in page and "{" not in page
    for words in (*_index_page.BUILDING.values(), *_index_page.WAYS.values(), *_index_page.FILES.values()):
        assert words[0] in page and words[1] in page
    assert _index_page.short(size)["rows"] == 100
