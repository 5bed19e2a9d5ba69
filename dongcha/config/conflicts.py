"""Refuse what does not go together, by one rule each.

In: a recipe whose keys are each fine by themselves. Out: the refusals. Only values that differ from their defaults can
conflict, so a resolved recipe, where all is spelled out, reads back.
"""

from collections.abc import Iterator

from dongcha.config.kinds import PerLabel, Refused
from dongcha.config.places import KeyPath, dotted
from dongcha.config.sections import Data, Rows, Sections, Split
from dongcha.locale import say

SCRATCH_METHOD = "mlm"  # what `auto` says for such a model too
_SPLITS = ("train", "validation", "test")


def conflicts(recipe: Sections) -> Iterator[Refused]:
    """Yield what does not go together, each with the path of the key to change."""
    for rule in RULES:
        yield from rule(recipe)


def _refused(path: str, key: str, **values: object) -> Refused:
    parts: KeyPath = tuple(path.split("."))
    return Refused(key, parts, **values)


def _tasks(recipe: Sections) -> Iterator[Refused]:
    """One task, or several that are told apart by their names."""
    if recipe.tasks is None:
        said = "task" in recipe.model_fields_set
        if recipe.task is None and not (said and recipe.pretrain):
            yield _refused("task", "config.no_task" if said else "config.which_task")
        return
    if recipe.task is not None:
        yield _refused("tasks", "config.task_and_tasks", task=recipe.task)
    if len(recipe.tasks) < 2:
        yield _refused("tasks", "config.one_task")
    seen: set[str] = set()
    for number, entry in enumerate(recipe.tasks):
        if entry.named in seen:
            yield Refused("config.task_name_twice", ("tasks", number), name=entry.named)
        seen.add(entry.named)


def _names(recipe: Sections) -> Iterator[Refused]:
    for name in recipe.data.tests:
        if name in _SPLITS:
            yield Refused("config.test_name", ("data", "tests", name), name=name)


def _rows(recipe: Sections) -> Iterator[Refused]:
    """One data for all, or one for each of several tasks; each with training rows."""
    own = [entry.data is not None for entry in recipe.tasks or ()]
    if any(own):
        usual = Data()
        for key in (*Rows.model_fields, "tests", "corpus"):
            if getattr(recipe.data, key) != getattr(usual, key):
                yield _refused(f"data.{key}", "config.data_of_tasks", name=key)
        if not all(own):
            number = own.index(False)
            yield Refused("config.some_have_data", ("tasks", number), name=(recipe.tasks or ())[number].named)
    elif "data" not in recipe.model_fields_set:
        yield _refused("data", "config.missing_key", help=say("config.help.data"))
        return
    for path, rows in _data(recipe):
        if rows.train is None:
            yield Refused("config.missing_key", (*path, "train"), help=say("config.help.data.train"))


def _data(recipe: Sections) -> Iterator[tuple[KeyPath, Rows]]:
    """Yield each section of rows with its path."""
    if not _has_own(recipe):
        yield ("data",), recipe.data
    for number, entry in enumerate(recipe.tasks or ()):
        if entry.data is not None:
            yield ("tasks", number, "data"), entry.data


def _has_own(recipe: Sections) -> bool:
    return any(entry.data is not None for entry in recipe.tasks or ())


def _changed(data: Rows, part: str) -> bool:
    return bool(getattr(data.split, part) != getattr(Split(), part))


def _given_and_split(recipe: Sections) -> Iterator[Refused]:
    for path, data in _data(recipe):
        for part in ("validation", "test"):
            if getattr(data, part) is not None and _changed(data, part):
                given = dotted((*path, part))
                yield Refused("config.given_and_split", (*path, "split", part), part=part, given=given)


def _shares(recipe: Sections) -> Iterator[Refused]:
    for path, data in _data(recipe):
        split = data.split
        parts = [split.train]
        parts += [split.validation] if data.validation is None else []
        parts += [split.test] if data.test is None and split.train is None else []
        shares = [share for share in parts if isinstance(share, float | int)]
        total = sum(shares)
        # With `train` set, test takes what is left, so all rows may be spoken for only when a test file is given.
        full = total > 1 + 1e-9 if data.test is not None and split.train is not None else total >= 1 - 1e-9
        if full and shares:
            yield Refused("config.shares", (*path, "split"), total=f"{total:g}")


def _left_over(recipe: Sections) -> Iterator[Refused]:
    for path, data in _data(recipe):
        if data.split.train is not None and data.test is None and _changed(data, "test"):
            yield Refused("config.left_over", (*path, "split", "test"))


def _ways_to_split(recipe: Sections) -> Iterator[Refused]:
    for path, data in _data(recipe):
        split = data.split
        if split.group and split.by_time:
            yield Refused("config.group_and_time", (*path, "split", "by_time"))
        way = "group" if split.group else "by_time" if split.by_time else None
        if way:
            for part in _SPLITS:
                if isinstance(getattr(split, part), PerLabel):
                    yield Refused("config.per_label_and_way", (*path, "split", part), way=way)
            if data.validation is not None and data.test is not None and split.train is None:
                yield Refused("config.nothing_to_split", (*path, "split", way), way=way)


def _scratch(recipe: Sections) -> Iterator[Refused]:
    """Give a model from scratch something to read, by a method that such a model can begin with."""
    if isinstance(recipe.model, str):
        return
    if recipe.pretrain is None:
        yield _refused("model", "config.scratch_unread")
    elif recipe.pretrain.corpus is None and not recipe.reads_only:
        yield _refused("pretrain", "config.scratch_no_corpus")
    elif recipe.pretrain.method not in (SCRATCH_METHOD, "auto"):
        yield _refused("pretrain.method", "config.scratch_method", found=recipe.pretrain.method, wanted=SCRATCH_METHOD)


def _new_pieces(recipe: Sections) -> Iterator[Refused]:
    """Give a vocabulary that is to grow texts to grow by, and a model that has one."""
    if recipe.pretrain is None or not recipe.pretrain.new_pieces:
        return
    if not isinstance(recipe.model, str):
        yield _refused("pretrain.new_pieces", "config.new_pieces_scratch")
    elif recipe.pretrain.corpus is None and not recipe.reads_only:
        yield _refused("pretrain.new_pieces", "config.new_pieces_no_corpus")


def _reads_only(recipe: Sections) -> Iterator[Refused]:
    """Without a task, the training texts are the corpus, and nothing reads what is said of a task's learning."""
    if not recipe.reads_only or recipe.pretrain is None:
        return
    if recipe.pretrain.corpus is not None:
        yield _refused("pretrain.corpus", "config.corpus_is_train")
    for name in ("long_texts", "max_tokens"):
        if getattr(recipe.data, name) != getattr(Data(), name):
            yield _refused(f"data.{name}", "config.no_task_here", name=name)
    for name in ("adapt", "train", "evaluate"):
        if getattr(recipe, name) != type(recipe).model_fields[name].get_default(call_default_factory=True):
            yield _refused(name, "config.no_task_here", name=name)


def _samples(recipe: Sections) -> Iterator[Refused]:
    """Several texts for a row are drawn: the likeliest one is but one."""
    decoding = recipe.evaluate.decoding
    if decoding.samples > 1 and (decoding.temperature == 0 or decoding.beams > 1):
        yield _refused("evaluate.decoding.samples", "config.samples_drawn", samples=decoding.samples)


def _unused(recipe: Sections) -> Iterator[Refused]:
    if recipe.data.corpus is not None and recipe.task != "retrieval":
        yield _refused("data.corpus", "config.corpus")
    if recipe.data.pairs == "apart" and recipe.task not in ("pairs", "choice"):
        yield _refused("data.pairs", "config.no_pairs")
    if recipe.train.hard_negatives and recipe.task != "retrieval":
        yield _refused("train.hard_negatives", "config.no_negatives")
    if recipe.train.task_temperature != type(recipe.train)().task_temperature and not _has_own(recipe):
        yield _refused("train.task_temperature", "config.no_task_data")
    no_validation = all(data.validation is None and data.split.validation == 0 for _, data in _data(recipe))
    if no_validation and recipe.train.early_stopping not in (None, type(recipe.train)().early_stopping):
        yield _refused("train.early_stopping", "config.no_validation")


RULES = (
    *(_tasks, _rows, _names, _given_and_split, _shares, _left_over, _ways_to_split),
    *(_scratch, _new_pieces, _reads_only, _samples, _unused),
)
