"""The recipes in examples/ load, check and run, on a tiny encoder in place of the real model."""

import shutil

import pytest
from doc_pages import ROOT, with_tiny_model

EXAMPLES = sorted(path.name for path in (ROOT / "examples").glob("*.yaml"))
RUN = (
    "classification",
    "tagging_zh",
    "regression",
    "pairs_zh",
    "relation",
    "choice_zh",
    "qa",
    "several",
    "retrieval",
    "retrieval_zh",
)  # each task once
UNTRAINED = "zero_shot"


def test_every_task_has_an_example_in_both_languages():
    from dongcha.registry import names

    assert {name.removesuffix(".yaml").removesuffix("_zh") for name in EXAMPLES} == {
        *names("tasks"),
        "several",
        "zero_shot",
    }
    assert {name.replace(".yaml", "_zh.yaml") for name in EXAMPLES if "_zh" not in name} <= set(EXAMPLES)


@pytest.fixture
def example(tmp_path, tiny_folder, writer_folder, one_core):
    """Copy the examples and their data, with a tiny model written in."""
    shutil.copytree(ROOT / "docs" / "data", tmp_path / "docs" / "data")

    def recipe(name):
        from dongcha import load_recipe

        target = tmp_path / "examples" / name
        target.parent.mkdir(exist_ok=True)
        text = (ROOT / "examples" / name).read_text(encoding="utf-8")
        target.write_text(with_tiny_model(text, tiny_folder(), writer_folder), encoding="utf-8")
        return load_recipe(target)

    return recipe


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_checked_without_a_failure(name, example):
    import dongcha

    recipe = example(name)
    work = dongcha.check(recipe)
    assert [check.name for check in work["data_checks"] if check.status == "failed"] == []
    assert work["plan"].seconds > 0
    assert recipe.language == ("zh" if "_zh" in name else "en")


@pytest.mark.parametrize("name", [f"{name}.yaml" for name in RUN])
def test_an_example_runs_to_the_end(name, example):
    import dongcha

    report = dongcha.run(example(name).replace({"train.epochs": 1}))
    assert [check.name for check in report.checks if check.status == "failed"] == []
    assert {"before", "after"} <= {row.name for row in report.table}


def test_the_example_of_zero_shot_trains_nothing(example):
    import dongcha

    report = dongcha.run(example(f"{UNTRAINED}.yaml"))
    assert [check.name for check in report.checks if check.status == "failed"] == []
    assert report.table[-1].name == UNTRAINED
