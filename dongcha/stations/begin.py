"""Begin a run: place the computation, find the model, read the data, name the run's folder by what went in."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path

from dongcha import files
from dongcha.config import Recipe
from dongcha.errors import UserError
from dongcha.loop.clock import CLOCK, Clock
from dongcha.loop.placement import place
from dongcha.models.source import locate
from dongcha.stations.described import trains
from dongcha.stations.pretrain import grown_model, new_model, read_corpus, with_method
from dongcha.steps import LOG, Work
from dongcha.tasks._model import with_pairs_read
from dongcha.tasks._rows import read_rows
from dongcha.train.decide import refuse_unknown_methods
from dongcha.types import Watch

RUNS = "runs"
CACHE = ".cache"
HASH_LETTERS = 8  # of the run's hash, in its folder's name
KEPT_IN_RUN = (".lock",)
MINUTE = 60.0


def begin(
    recipe: Recipe,
    workspace: Path | None,
    watch: Watch,
    *,
    spent: float = 0.0,
    keep: bool = True,
    deep: bool = False,
) -> Work:
    """Return the work with what every step stands on: recipe, source, splits, placement, cache, the run's clock.

    `spent` are the seconds that the command took before; `keep` False gives a folder that its caller throws away.
    """
    clock = Clock(None if recipe.time_limit is None else MINUTE * recipe.time_limit, spent)
    refuse_unknown_methods(recipe)
    root = (workspace or recipe.folder / RUNS).absolute()
    cache = root / CACHE
    threads = len(os.sched_getaffinity(0)) if recipe.threads == "auto" else int(recipe.threads)
    placement = place(recipe.device, threads)
    at_hand = locate(recipe.model, base=recipe.folder, cache=cache) if isinstance(recipe.model, str) else None
    recipe = with_method(recipe, at_hand)
    watch("reading", source=sources_of(recipe)[:200])
    splits = read_rows(recipe, cache, learns=trains(recipe))
    minor = ".".join(version("dongcha").split(".")[:2])
    corpus = read_corpus(recipe, cache)
    source = at_hand or new_model(
        recipe, splits.by_name["train"] if recipe.reads_only else corpus, cache, clock.telling(watch)
    )
    if recipe.pretrain is not None and recipe.pretrain.new_pieces:
        texts = splits.by_name["train"] if recipe.reads_only else corpus
        source = grown_model(recipe, source, texts, cache, clock.telling(watch))
    recipe = with_pairs_read(recipe, splits, source)
    read = [] if corpus is None else [corpus.fingerprint]
    run_hash = files.hash_value([recipe.hash, splits.fingerprints, source.sha256, source.beside, minor, *read])
    folder = root / recipe.name / run_hash[:HASH_LETTERS] if keep else Path(tempfile.mkdtemp(prefix="dongcha-"))
    files.make_folder(folder)
    given = {"recipe": recipe, "source": source, "splits": splits, "placement": placement, "cache": cache}
    given |= {} if recipe.pretrain is None else {"corpus_rows": corpus}
    return Work(folder, run_hash, clock.telling(watch), **given, clock=clock, deep=deep)


def sources_of(recipe: Recipe) -> str:
    """Name what is read, as the recipe names it."""
    own = [str(entry.data.train) for entry in recipe.tasks or () if entry.data is not None]
    return ", ".join(own) or str(recipe.data.train)


@contextmanager
def leaving_nothing(folder: Path) -> Iterator[None]:
    """Take a run's folder away again when the user's input is refused before anything was kept in it."""
    try:
        yield
    except UserError:
        if all(path.name in (*KEPT_IN_RUN, LOG, CLOCK) for path in folder.iterdir()):
            shutil.rmtree(folder)
            with suppress(OSError):
                folder.parent.rmdir()  # other runs of this name keep it
        raise


def clear(folder: Path) -> None:
    """Empty a run's folder, the lock that we hold excepted."""
    for path in folder.iterdir():
        if path.name not in KEPT_IN_RUN:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
