"""Wrong values are said in our own words, several at once, in the recipe's language."""

import re

import pytest

from dongcha.config import Recipe, load_recipe
from dongcha.config import sections as recipe_sections
from dongcha.errors import RecipeError
from dongcha.locale import speaking

NOT_BUILT = ["augment", "search", "explain", "compress", "serve", "monitor", "review", "retrain"]


def refusal(**sections) -> str:
    with pytest.raises(RecipeError) as caught:
        Recipe(**{"task": "classification", "data": {"train": "a.csv"}, "model": "m", **sections})
    return str(caught.value)


WRONG = [
    ({"seed": "x"}, "seed is 'x'; it must be a whole number (at least 0, below 4294967296)."),
    ({"seed": True}, "seed is true; it must be"),
    ({"train": {"epochs": 0}}, "train.epochs is 0; it must be auto or a whole number (at least 1)."),
    ({"train": {"epochs": "many"}}, "train.epochs is 'many'; it must be auto or"),
    ({"train": {"epochs": 2.5}}, "train.epochs is 2.5; it must be auto or"),
    ({"train": {"learning_rate": 0}}, "train.learning_rate is 0; it must be auto or a number (above 0)."),
    ({"train": {"learning_rate": float("nan")}}, "train.learning_rate is nan; it must be"),
    ({"train": {"batch_tokens": 8}}, "train.batch_tokens is 8; it must be auto or a whole number (at least 16)."),
    ({"train": {"warmup": 1}}, "train.warmup is 1; it must be a number (at least 0, below 1)."),
    ({"train": {"clip_norm": "off"}}, "train.clip_norm is 'off'; it must be a number (above 0) or null."),
    ({"train": {"validate": "often"}}, "train.validate is 'often'; it must be epoch or a whole number (at least 1)."),
    ({"train": {"early_stopping": {"patience": 0}}}, "train.early_stopping.patience is 0; it must be a whole number"),
    ({"train": {"optimizer": 5}}, "train.optimizer is 5; it must be text (not empty) or a mapping with method."),
    ({"train": 5}, "train is 5; it must be a mapping with epochs, "),
    ({"data": {"train": "a", "split": {"test": 1}}}, "data.split.test is 1; it must be a number (at least 0, below 1)"),
    (
        {"data": {"train": "a", "split": {"test": {"per_label": 0}}}},
        "data.split.test.per_label is 0; it must be a whole",
    ),
    (
        {"data": {"train": "a", "columns": {"text": 5}}},
        "data.columns.text is 5; it must be text or a list (not empty).",
    ),
    ({"data": {"train": "a", "part": "some"}}, "data.part is 'some'; it must be one of all, first_line."),
    ({"data": {"train": "a", "encoding": "klingon"}}, "data.encoding 'klingon' is no encoding"),
    (
        {"data": {"train": "a", "max_tokens": 7}},
        "data.max_tokens is 7; it must be auto or a whole number (at least 8).",
    ),
    ({"data": {}}, "data.train is missing; add it: file or folder of training texts"),
    ({"data": {"train": "a", "tests": {"test": "b"}}}, "data.tests.test: the name test is taken"),
    ({"data": {"train": "a", "tests": {"../x": "b"}}}, "data.tests.../x: '../x' cannot be a name"),
    (
        {"evaluate": {"unsure_below": 2}},
        "evaluate.unsure_below is 2; it must be a number (at least 0, at most 1) or null.",
    ),
    ({"report": []}, "report is a list; it must be a mapping with texts."),
    ({"pretrain": 5}, "pretrain is 5; it must be text (not empty) or a mapping with method, corpus, steps, "),
    ({"pretrain": {"steps": 0}}, "pretrain.steps is 0; it must be auto or a whole number (at least 1)."),
    ({"pretrain": {"corpus": 5}}, "pretrain.corpus must be the path of a file or folder of texts"),
    (
        {"pretrain": {"patience": "never"}},
        "pretrain.patience is 'never'; it must be a whole number (at least 1) or null.",
    ),
    ({"name": "../x"}, "name: '../x' cannot be a name"),
    ({"device": "gpu"}, "device is 'gpu'; it must be one of auto, cpu, cuda, mps, npu."),
    ({"model": ""}, "model is ''; it must be text (not empty) or a mapping with scratch."),
    (
        {"task": "clasification"},
        "task is 'clasification'; it must be one of choice, classification, code, dialogue, generation, pairs, qa, "
        "regression, relation, retrieval, summarization, tagging, translation.",
    ),
    ({"task": None}, "task is null, and without pretrain: there is nothing else to do"),
]


@pytest.mark.parametrize(("sections", "message"), WRONG, ids=[str(number) for number in range(len(WRONG))])
def test_a_wrong_value_says_what_was_found_and_wanted(sections, message):
    assert refusal(**sections).startswith(message)
    assert "\n" not in refusal(**sections)


@pytest.mark.parametrize("section", NOT_BUILT)
@pytest.mark.parametrize("value", [{}, True, 5, {"a": 1}])
def test_sections_that_are_not_built_are_refused_in_one_sentence(section, value):
    assert re.fullmatch(
        rf"{section} is not built yet in version \S+; leave it out or set it to null\.", refusal(**{section: value})
    )


def test_tasks_that_are_not_built_are_refused_in_one_sentence(monkeypatch):
    monkeypatch.setattr(recipe_sections, "OTHER_TASKS", ("weaving",))
    assert refusal(task="weaving").startswith("task weaving is not built yet in version ")


def test_up_to_five_problems_are_told_in_the_order_of_the_file(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text(
        "nam: x\ntask: classification\ndata: {train: a, part: b}\nmodel: m\nseed: -1\n"
        "train: {epochs: 0, warmup: 2}\ndevice: gpu\nreport: {text: shown}\n"
    )
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    lines = str(caught.value).splitlines()
    assert [line.partition("r.yaml:")[2][:4] for line in lines[:5]] == ["1:1:", "3:18", "5:1:", "6:9:", "6:20"]
    assert lines[5:] == ["and 2 more; mend these first."]


def test_a_recipe_is_refused_in_its_own_language_else_in_that_in_force():
    assert refusal(language="zh", seed=-1) == "seed 的值是 -1；应为整数（不小于 0、小于 4294967296）。"
    assert refusal(language="en", seed=-1).startswith("seed is -1;")
    with speaking("zh"):
        assert refusal(seed=-1).startswith("seed 的值是 -1")
        assert refusal(language="en", seed=-1).startswith("seed is -1;")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_refusal_has_words_in_both_languages(language):
    for sections, _ in WRONG:
        text = refusal(language=language, **sections)
        assert (re.search("[\u4e00-\u9fff]", text) is not None) == (language == "zh")


def test_keys_that_are_words_of_python_are_ordinary_unknown_keys(tmp_path):
    path = tmp_path / "r.yaml"
    for word in ("folder", "self", "model_config", "hash", "document"):
        path.write_text(f"task: classification\ndata: {{train: a}}\nmodel: m\n{word}: 5\n")
        with pytest.raises(RecipeError, match=rf"r\.yaml:4:1: there is no key {word}"):
            load_recipe(path)


def test_long_values_and_values_of_other_kinds_are_not_spilled():
    assert len(refusal(device="x" * 5000)) < 200
    assert "device is <object>; it must be" in refusal(device=object())
