"""The reference text that ships: as many sentences as promised, in their language, none said twice."""

import re
import subprocess
import sys
import unicodedata
from itertools import combinations
from pathlib import Path

import pytest

from dongcha.data.reference import reference_texts

HAN = re.compile(r"[\u4e00-\u9fff]")
LATIN = re.compile(r"[A-Za-z]")


def size(language, sentence):
    return len(sentence.split()) if language == "en" else len(sentence)


def grams(language, sentence):
    """The sentence's overlapping word pairs (en) or character triples (zh)."""
    units, n = (sentence.lower().split(), 2) if language == "en" else (sentence, 3)
    return {tuple(units[i : i + n]) for i in range(len(units) - n + 1)}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_two_hundred_distinct_sentences(language):
    sentences = reference_texts(language)
    assert len(sentences) == len(set(sentences)) == 200
    for sentence in sentences:
        assert (
            sentence == unicodedata.normalize("NFC", sentence).strip() and "\t" not in sentence and "  " not in sentence
        )


def test_each_is_in_its_language():
    assert not any(HAN.search(sentence) for sentence in reference_texts("en"))
    for sentence in reference_texts("zh"):
        assert not LATIN.search(sentence)
        assert len(HAN.findall(sentence)) >= 0.6 * len(sentence)  # the rest is marks
        assert not set(sentence) & set(",;?!")  # Chinese sentences have Chinese marks


@pytest.mark.parametrize(("language", "least", "most"), [("en", 6, 40), ("zh", 10, 60)])
def test_lengths_vary_within_their_range(language, least, most):
    sizes = sorted(size(language, sentence) for sentence in reference_texts(language))
    assert least <= sizes[0] and sizes[-1] <= most
    assert sizes[190] >= 2 * sizes[10]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_two_are_near_repeats(language):
    cut = [(sentence, grams(language, sentence)) for sentence in reference_texts(language)]
    near = [(a, b) for (a, x), (b, y) in combinations(cut, 2) if len(x & y) >= 0.3 * min(len(x), len(y))]
    assert near == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_personal_data(language):
    text = "\n".join(reference_texts(language))
    assert not re.search(r"@|https?:|www\.|\d", text)  # nor any number that could be someone's


def test_mixed_is_both():
    assert reference_texts("mixed") == reference_texts("en") + reference_texts("zh")
    with pytest.raises(AssertionError):
        reference_texts("fr")


def test_a_caller_cannot_change_the_next_callers_list():
    reference_texts("en").clear()
    assert len(reference_texts("en")) == 200


def test_it_is_read_from_the_package_wherever_the_process_stands(tmp_path):
    code = "from dongcha.data.reference import reference_texts; print(len(reference_texts('mixed')))"
    root = Path(__file__).parents[2]
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == "400"
