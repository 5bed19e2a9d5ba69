"""Methods by name: a file is a name, an unknown one is refused with the nearest, strangers come by the same door."""

from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from dongcha import registry
from dongcha.errors import RecipeError

ROOT = Path(registry.__file__).parent
WANTED = {  # what the file of each kind must give
    "tasks": ("Task",),
    "adapt": ("Options", "trained"),
    "loop.optimizers": ("Options", "build"),
    "loop.schedules": ("Options", "factor"),
    "models.heads": ("build", "LOSSES", "TARGET", "vectors", "flat_targets"),
    "models.sources": ("matches", "rebuild"),
    "evaluate.baselines": ("predict",),
    "checks": ("check",),
}
OF_WRITER = ("build", "LOSSES", "TARGET", "flat_targets", "plain_class", "plain_outputs")  # no layer reads vectors
OF_SEVERAL = ("build", "KINDS", "places", "logits_of", "batch_of", "features_of")  # of the head that is made of others


@pytest.fixture(autouse=True)
def fresh():
    registry.names.cache_clear()
    registry.find.cache_clear()
    yield
    registry.names.cache_clear()
    registry.find.cache_clear()


@pytest.mark.parametrize("kind", WANTED)
def test_every_file_of_a_kind_is_a_name_and_has_what_its_kind_must_have(kind):
    folder = ROOT.joinpath(*kind.split("."))
    verb = kind.rpartition(".")[2]
    files = sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_") and path.stem != verb)
    assert list(registry.names(kind)) == files
    for name in files:
        module = registry.find(kind, name)
        own = {("models.heads", "several"): OF_SEVERAL, ("models.heads", "writer"): OF_WRITER}
        for wanted in own.get((kind, name), WANTED[kind]):
            assert hasattr(module, wanted), f"{kind}/{name}.py has no {wanted}"


def test_an_unknown_name_is_refused_with_the_nearest_and_all():
    with pytest.raises(RecipeError, match=r"did you mean 'cosine'\? All: constant, cosine, linear"):
        registry.find("loop.schedules", "cosin")
    with pytest.raises(RecipeError, match="choose one of: constant, cosine, linear"):
        registry.find("loop.schedules", "xyz")


@pytest.mark.parametrize("name", ["_base", "adapt", "../loop/fit", "", "full.trained"])
def test_what_is_no_method_is_no_name(name):
    with pytest.raises(RecipeError):
        registry.find("adapt", name)


def test_a_strangers_method_comes_by_its_entry_point(monkeypatch):
    module = ModuleType("stranger_schedule")
    monkeypatch.setitem(__import__("sys").modules, "stranger_schedule", module)
    point = SimpleNamespace(name="steps", value="stranger_schedule")
    points = lambda group: [point] if group == "dongcha.loop.schedules" else []  # noqa: E731
    monkeypatch.setattr(registry, "entry_points", points)
    assert "steps" in registry.names("loop.schedules")
    assert registry.find("loop.schedules", "steps") is module
    assert "steps" not in registry.names("adapt")


def test_the_paths_of_the_recipe_that_name_a_method_are_known():
    from dongcha import Recipe
    from dongcha.config import Method

    recipe = Recipe(task="classification", data={"train": "x.csv"}, model="m", pretrain="mlm")
    for path, kind in registry.METHODS.items():
        section = recipe
        for part in path.split("."):
            section = getattr(section, part)
        assert isinstance(section, Method)
        assert section.method in registry.names(kind)
