"""What pages list is what the code has: keys, rules, checks, proofs, methods, metrics, formats, commands, targets."""

import re
import signal

import blocks
import make_tables
import pytest
from doc_pages import ROOT, first_code, prose_of, tables_of

PAGES = [pytest.param(page, language, id=str(page)) for page, language in blocks.pages()]
LANGUAGES = ("en", "zh")


def listed(page, column=0):
    """The sets of names in the first column of each table of a page."""
    return [{first_code(row[column]) for row in table[1:]} for table in tables_of(prose_of(ROOT / page))]


def readme(language):
    return "README.md" if language == "en" else "README.zh.md"


@pytest.mark.parametrize(("page", "language"), PAGES)
def test_generated_tables_are_fresh(page, language):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert make_tables.fresh(text, language) == text, "run: python docs/make_tables.py"


def test_a_stale_table_is_noticed():
    stale = "<!-- table:keys -->\n| key |\n<!-- /table -->\n"
    assert make_tables.fresh(stale, "en") != stale


@pytest.fixture(scope="module")
def data_check_names(tiny_folder):
    """The names of all checks that looking at a labelled data set gives, those on request too."""
    import dongcha
    from dongcha.testing import tiny_rows

    rows = tiny_rows("classification", 120)
    recipe = dongcha.Recipe(task="classification", model=str(tiny_folder()), data={"train": rows}, threads=1)
    return {check.name for check in dongcha.check(recipe, deep=True)["data_checks"]}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", ["readme", "checks"])
def test_every_data_check_has_its_line(page, language, data_check_names):
    path = readme(language) if page == "readme" else f"docs/{language}/checks.md"
    assert data_check_names in listed(path)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", ["readme", "checks"])
def test_every_proof_has_its_line(page, language):
    from dongcha.registry import names

    path = readme(language) if page == "readme" else f"docs/{language}/checks.md"
    assert set(names("checks")) in listed(path)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_method_has_its_line_with_its_options(language):
    from dongcha.registry import find, names

    found = {}
    for table in tables_of(prose_of(ROOT / f"docs/{language}/recipe.md")):
        found |= {first_code(row[0]): row[-1] for row in table[1:]}
    for kind in ("pretrain", "adapt", "loop.optimizers", "loop.schedules", "loop.averages", "evaluate.before"):
        for name in names(kind):
            options = find(kind, name).Options.model_fields
            wanted = {f"`{option}: {_plain(field.default)}`" for option, field in options.items()}
            assert wanted == set(re.findall(r"`[^`]+`", found[name])), f"{kind} {name}"


def _plain(value):
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else f"{value}"


METRICS = {
    "classification": [("classification", ("a", "b")), ("multilabel", ("a", "b"))],
    "tagging": [("spans", ("a",))],
    "regression": [("regression", None)],
    "pairs": [("classification", ("a", "b")), ("regression", None)],
    "relation": [("relations", ("a", "b"))],
    "choice": [],  # one of a family: see below
    "qa": [("answers", None)],
    "retrieval": [("ranking", None)],
    "translation": [("translation", "en")],
    "summarization": [("summaries", None)],
    "dialogue": [("translation", "en")],
    "generation": [("translation", "en"), ("constraints", None)],
    "code": [("passes", (1, 5, 10, 100))],
}


def baselines(task):
    """The baselines of a task; of a door to two kinds, those of both."""
    from dongcha.registry import find

    module = find("tasks", task)
    kinds = [module.Task] if hasattr(module.Task, "baselines") else [module.Labels, module.Scores]
    return {name for kind in kinds for name in kind.baselines}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("task", METRICS)
def test_every_metric_and_baseline_of_a_task_has_its_line(task, language):
    from dongcha.registry import find

    tables = listed(f"docs/{language}/tasks/{task}.md")
    for family, labels in METRICS[task]:
        module = find("metrics", family)
        names = module.metrics() if labels is None else module.metrics(labels)
        assert set(names) in tables
    assert baselines(task) in tables


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_metric_of_choices_has_its_line(language):
    from dongcha.registry import find

    assert set(find("tasks", "choice").Task().metrics) in listed(f"docs/{language}/tasks/choice.md")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_of_several_tasks_has_each_key_and_the_metric_of_all(language):
    from dongcha.config.sections import TaskEntry
    from dongcha.metrics.several import MEAN

    tables = listed(f"docs/{language}/tasks/several.md")
    assert set(TaskEntry.model_fields) in tables and {MEAN} in tables


def test_every_task_has_a_page():
    from dongcha.registry import names

    assert set(METRICS) == set(names("tasks"))
    for language in LANGUAGES:
        assert {path.stem for path in (ROOT / "docs" / language / "tasks").glob("*.md")} == {*names("tasks"), "several"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_format_has_its_line(language):
    from dongcha.data.sources import BY_HUB, BY_SUFFIX

    page = f"docs/{language}/data.md"
    said = {name for table in tables_of(prose_of(ROOT / page)) for row in table[1:] for name in codes(row[0])}
    assert {*BY_SUFFIX, *BY_HUB, "package:"} <= said


def codes(cell):
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_auto_key_is_explained(language):
    from dongcha.config import Recipe

    recipe = Recipe(task="classification", model="-", data={"train": "-"}).resolved()
    auto = {path for path, value in flat(recipe) if value == "auto"}
    said = {
        name
        for table in tables_of(prose_of(ROOT / f"docs/{language}/auto.md"))
        for row in table[1:]
        for name in codes(row[0])
    }
    assert said == auto


def flat(value, path=""):
    for key, item in value.items():
        here = f"{path}.{key}".strip(".")
        yield from flat(item, here) if isinstance(item, dict) else [(here, item)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_numbers_of_the_auto_rules_are_those_of_the_code(language):
    from dongcha.train import auto

    text = prose_of(ROOT / f"docs/{language}/auto.md")
    for number in (auto.FEW_ROWS, auto.ROWS_IN_ALL):
        assert f"{number:,}" in text
    low, high = auto.USUAL_RATES
    assert f"{low:.0e}".replace("e-0", "e-") in text and f"{high:.0e}".replace("e-0", "e-") in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_has_its_line(language):
    from dongcha.cli import app

    verbs = {command.name for command in app.registered_commands}
    groups = {
        f"{group.name} {one.name}"
        for group in app.registered_groups
        for one in group.typer_instance.registered_commands
    }
    assert verbs | groups in listed(readme(language))


def kinds_of(error):
    """An exception class with all below it."""
    return {error}.union(*(kinds_of(kind) for kind in error.__subclasses__()))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_exit_code_has_its_line(language):
    from dongcha import errors

    codes = {kind.exit_code for kind in kinds_of(errors.DongchaError) - {errors.Stopped}}
    stopped = [errors.Stopped("", number).exit_code for number in (signal.SIGINT, signal.SIGTERM)]
    wanted = {"0", *map(str, codes), ", ".join(map(str, stopped))}
    tables = tables_of(prose_of(ROOT / readme(language)))
    assert wanted in [{row[0] for row in table[1:]} for table in tables]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_strangers_export_is_what_ours_export(language):
    from dongcha.registry import find, names

    table = tables_of(prose_of(ROOT / f"docs/{language}/extend.md"))[0]
    for group, exported, _ in table[1:]:
        kind = first_code(group).removeprefix("dongcha.")
        wanted = {re.match(r"\w+", one)[0] for one in codes(exported)}
        for name in names(kind):
            assert wanted <= set(dir(find(kind, name))), f"{kind} {name}"


def numbers():
    """The numbers that pages state, with the page and how it writes them."""
    from dongcha.data.checks import gap, solutions
    from dongcha.judge import _resample, paired
    from dongcha.report import limits
    from dongcha.sandbox import Limits
    from dongcha.tasks import _labelled, qa

    yield "checks.md", f"{gap.APART}"
    yield "checks.md", f"{gap.FEWEST}"
    yield "report.md", f"{_resample.RESAMPLES:,}"
    yield "report.md", f"{paired.ALPHA}"
    yield "report.md", f"{limits.FEW_ROWS}"
    yield "report.md", f"{_labelled.FEWEST_TO_CALIBRATE}"
    yield "tasks/qa.md", f"{qa.MOST_TOKENS}"
    yield "checks.md", f"{solutions.MOST_ROWS}"
    usual = Limits()
    for number in (usual.cpu_seconds, usual.seconds, usual.memory_bytes >> 20, solutions.MOST_ROWS):
        yield "tasks/code.md", f"{number:g}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_numbers_that_pages_state_are_those_of_the_code(language):
    for page, number in numbers():
        text = prose_of(ROOT / "docs" / language / page)
        assert re.search(rf"(?<![\d.]){re.escape(number)}(?!\d|\.\d)", text), f"{page}: {number}"


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "CONTRIBUTING.zh.md"])
def test_every_target_of_the_makefile_has_its_line(page):
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {f"make {name}" for name in targets[1].split()} in listed(page)


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "CONTRIBUTING.zh.md"])
def test_the_layers_are_those_of_the_contract(page):
    contract = (ROOT / ".importlinter").read_text(encoding="utf-8")
    layers = [line.strip() for line in contract.partition("layers =")[2].splitlines() if line.strip()]
    assert "\n".join(layers) in (ROOT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_the_screen_is_of_this_version_or_not_there_yet(name):
    from importlib.metadata import version

    screen = re.search(
        r"<!-- screen:demo -->\n(.*?)<!-- /screen -->", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL
    )
    assert "```" not in screen[1] or f"dongcha {version('dongcha')} " in screen[1]


@pytest.mark.parametrize(("page", "language"), PAGES)
def test_links_inside_the_repository_lead_somewhere(page, language):
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if "://" not in target:
            assert (ROOT / page).parent.joinpath(target).exists(), f"{page}: {target}"
