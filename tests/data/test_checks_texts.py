"""Lengths, unknown tokens, languages and personal data, with a tokeniser of words in place of a model."""

import pyarrow as pa
import pytest

from dongcha.data.checks import ORDER, View, gap_model, language, lengths, personal, run_checks, unknown
from dongcha.data.checks.language import scripts_of
from dongcha.data.dataset import Dataset
from dongcha.errors import RecipeError
from dongcha.locale import speaking


def encode(texts):
    """Return one id a word between two special ones; 7 stands for words with a capital X."""
    return [[1, *(7 if "X" in word else 100 + len(word) for word in text.split()), 2] for text in texts]


def view(texts, test=None, **abilities):
    tables = {"train": texts, **({"test": test} if test else {})}
    splits = {
        name: Dataset(
            name, name, pa.table({"text": rows, "label": ["a", "b"] * (len(rows) // 2) + ["a"] * (len(rows) % 2)})
        )
        for name, rows in tables.items()
    }
    return View(splits=splits, fields=("text", "label"), **abilities)


def test_lengths_in_characters_without_a_model():
    (found,) = lengths.check(view(["abc", "abcde", "a" * 40]))
    assert found.status == "passed"
    assert found.figures["train"]["characters"] == {"median": 5, "most": 40, "longest": 40}


def test_rows_that_are_cut_are_counted_in_tokens():
    (found,) = lengths.check(view(["a b", "a b c d e f", "a"], encode=encode, max_tokens=6))
    assert found.status == "warned"
    assert found.count == 1
    assert found.figures["train"]["cut_share"] == pytest.approx(1 / 3)
    assert found.figures["train"]["tokens"]["longest"] == 8
    assert found.examples == ("a b c d e f",)
    assert "33.3%" in found.message


def test_gold_spans_in_the_cut_part_are_counted():
    spans = [
        {"start": 0, "end": 1, "label": "X"},
        {"start": 6, "end": 7, "label": "X"},
        {"start": 8, "end": 9, "label": "X"},
    ]
    table = pa.table({"text": ["a b c d e f", "a b"], "spans": [spans, spans[:1]]})
    tagged = View(splits={"train": Dataset("train", "t", table)}, fields=("text", "spans"), encode=encode, max_tokens=6)
    (found,) = lengths.check(tagged)
    assert found.figures["train"]["spans"] == 4
    assert found.figures["train"]["cut_spans"] == 1  # four words and two special tokens fit: `e` does not
    assert "1 marked spans" in found.message


def test_sampling_is_seeded_and_bounded():
    seen = []

    def watched(texts):
        seen.append(list(texts))
        return encode(texts)

    for _ in range(2):
        lengths.check(view([f"text {i}" for i in range(100)], encode=watched, max_tokens=9, sample=10))
    assert seen[0] == seen[1]
    assert len(seen[0]) == 10


def test_checks_that_need_a_model_say_when_they_looked_at_a_sample():
    abilities = {"encode": encode, "unknown_id": 7, "max_tokens": 9, "reference": ("general text",)}
    for spoken, words in (("en", "fixed sample of 10 rows"), ("zh", "固定抽取的 10 行")):
        with speaking(spoken):
            sampled = view([f"some text {i}" for i in range(11)], sample=10, **abilities)
            whole = view([f"some text {i}" for i in range(10)], sample=10, **abilities)
            for module in (lengths, unknown, gap_model):
                assert words in module.check(sampled)[0].message
                assert words not in module.check(whole)[0].message
    assert "sample" not in lengths.check(view(["a"] * 11, sample=10))[0].message, "characters are those of all rows"


def test_unknown_tokens_are_counted_and_the_characters_named():
    (found,) = unknown.check(view(["X y z", "a b c d e f", "aXb X"], encode=encode, unknown_id=7))
    assert found.status == "warned"
    assert found.count == 2
    assert found.figures["characters"] == ["X"]
    assert found.figures["share"] == pytest.approx(3 / 17)
    assert found.examples[0] == "aXb X"


def test_unknown_tokens_need_a_tokeniser_that_has_them():
    assert unknown.check(view(["a"]))[0].status == "skipped"
    assert unknown.check(view(["a"], encode=encode))[0].status == "skipped"
    assert unknown.check(view(["a"], encode=encode, unknown_id=7))[0].status == "passed"


def test_scripts_are_told_by_letters():
    texts = [
        "hello there",
        "你好世界",
        "我用 Python 写代码",
        "これは日本語です",
        "안녕하세요",
        "привет",
        "123 !?",
        "",
        "Tiếng Việt",
    ]
    assert scripts_of(texts) == ["en", "zh", "zh", "other", "other", "other", "none", "none", "en"]


def test_splits_in_different_languages_are_warned_of():
    assert language.check(view(["hello"] * 9 + ["你好"], ["good"] * 9 + ["很好"]))[0].status == "passed"
    (found,) = language.check(view(["hello"] * 10, ["good"] * 6 + ["很好"] * 4))
    assert found.status == "warned"
    assert found.figures["test"]["zh"] == pytest.approx(0.4)
    assert "Chinese 40.0%" in found.message


def test_personal_data_is_counted_and_never_shown():
    secret = ["13812345678", "li@example.com", "11010519491231002X"]
    (found,) = personal.check(view([f"联系 {value} 谢谢" for value in secret] + ["无"], ["clean"]))
    assert found.status == "warned"
    assert found.figures == {"kinds": {"PHONE": 1, "EMAIL": 1, "IDENTITY_CARD": 1}, "rows": {"train": 3, "test": 0}}
    assert found.examples[0] == "联系 [PHONE] 谢谢"
    assert not any(value in str(found) for value in secret)
    assert personal.check(view(["clean"]))[0].status == "passed"


@pytest.mark.parametrize("spoken", ["en", "zh"])
def test_all_checks_run_in_order_in_both_languages(spoken):
    texts = [f"row {i} with call 415-555-2671 X and 你好 {i % 7}" for i in range(40)]
    with speaking(spoken):
        full = view(texts, texts[:30] + ["another one"] * 10, encode=encode, unknown_id=7, max_tokens=5)
        found = run_checks(full)
    assert [check.name for check in found][:1] == ["labels"]
    assert [check.name for check in found][-2:] == ["gap", "gap_model"]
    assert all(check.message and check.status in ("passed", "warned", "failed", "skipped") for check in found)
    assert all(check.fix for check in found if check.status in ("warned", "failed"))


def test_checks_are_chosen_by_name_and_keep_their_order():
    names = [check.name for check in run_checks(view(["a b", "c d"]), ["personal", "lengths"])]
    assert names == ["lengths", "personal"]
    with pytest.raises(RecipeError, match="lengths"):
        run_checks(view(["a"]), ["lenghts"])
    assert "label_errors" not in ORDER


@pytest.mark.parametrize("texts", [[], [""], ["\u0000", "\U0001f600", "a\u0301" * 50]])
def test_odd_and_no_rows_break_no_check(texts):
    table = pa.table({"text": pa.array(texts, pa.string()), "label": pa.array(["a"] * len(texts), pa.string())})
    found = run_checks(
        View(splits={"train": Dataset("train", "t", table)}, fields=("text", "label"), encode=encode, unknown_id=7)
    )
    assert {"labels", "duplicates", "lengths", "gap"} <= {check.name for check in found}
