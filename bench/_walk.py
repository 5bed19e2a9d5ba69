"""Go with a file through the run's own steps up to its data checks, each stage measured by itself."""

import cProfile
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from bench._stages import Stages
from dongcha import stations
from dongcha.config import Recipe
from dongcha.data.checks import KIND, ORDER
from dongcha.data.load import load
from dongcha.data.split import SplitOptions, make_splits
from dongcha.data.splits import Splits, read_options
from dongcha.loop.placement import place
from dongcha.models.source import locate
from dongcha.registry import find
from dongcha.steps import Step, Work
from dongcha.types import Check, silent

STEPS = {
    "labels": Step("task", stations.learn_task),
    "model": Step("model", stations.build_model),
    "tokenise": Step("features", stations.encode_splits),
}
SHARES = SplitOptions(validation=0.1, test=0.1)


def walk(source: Path, folder: Path, model: str, stages: Stages, profile: Path | None = None) -> Sequence[Check]:
    """Read, split, fingerprint, tokenise and check the rows of a file; return the checks' findings."""
    shutil.rmtree(folder, ignore_errors=True)
    recipe = Recipe(name="scale", task="classification", language="en", model=model, data={"train": str(source)})
    fields = find("tasks", recipe.task).Task.fields
    options = read_options(recipe.data)
    with cProfile.Profile() if profile else nullcontext() as calls:
        with stages.stage("read"):
            rows = load(source, fields, base=Path(), options=options, cache=folder / "cache")
        with stages.stage("split"):
            by_name = make_splits(rows, SHARES, label_field="label", seed=recipe.seed, fields=fields)
        splits = Splits(by_name, frozenset(by_name) - {"train"}, 0)
        with stages.stage("fingerprint"):
            assert splits.fingerprints
        given = {"recipe": recipe, "splits": splits, "placement": place("cpu", 1), "cache": folder / "cache"}
        found = locate(model, base=Path(), cache=folder / "cache")
        work = Work(folder, "scale", silent, **given, source=found, deep=False)
        for name, step in STEPS.items():
            with stages.stage(name):
                work.run(step)
        with each_timed(stages):
            checks = stations.check_data(work)
    if profile and calls is not None:
        calls.dump_stats(profile)
    return checks


@contextmanager
def each_timed(stages: Stages) -> Iterator[None]:
    """Measure each data check as a stage of its own inside the block."""
    modules: dict[str, Any] = {name: find(KIND, name) for name in ORDER}
    plain = {name: module.check for name, module in modules.items()}
    try:
        for name, module in modules.items():
            module.check = stages.timed(f"check {name}", module.check)
        yield
    finally:
        for name, module in modules.items():
            module.check = plain[name]
