"""Turn what is wrong with a recipe into our own sentences, each with its place, at most five at a time.

In: pydantic's list of errors, or our own `Refused`, with the recipe as it was written. Out: one RecipeError. Knows the
keys only through a `Shape`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pydantic import ValidationError

from dongcha.config.kinds import Refused
from dongcha.config.near import nearest
from dongcha.config.places import NOTHING, Document, KeyPath, dotted, lookup
from dongcha.config.shape import Shape
from dongcha.errors import RecipeError
from dongcha.locale import LANGUAGES, say, speaking

MAX_SHOWN = 5
_KINDS = ((bool, "boolean"), (Mapping, "object"), (list, "array"), (tuple, "array"), (type(None), "null"))


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, where, and pydantic's word for it."""

    path: KeyPath
    sentence: str
    kind: str = "value_error"


def problems_of(error: ValidationError, document: Document, shape: Shape, prefix: KeyPath = ()) -> list[Problem]:
    """Say each of pydantic's errors in our words; of several about one key, the one that helps most is kept.

    `prefix` is where the checked value stands in the document; `shape` begins at that prefix.
    """
    value = lookup(document.value, prefix)
    found: dict[KeyPath, Problem] = {}
    for detail in error.errors(include_url=False):
        path = _real_path(detail["loc"], value, detail["type"])
        cause = detail.get("ctx", {}).get("error")
        if isinstance(cause, Refused):
            path = (*path, *cause.path)
            problem = refused(cause, (*prefix, *path))
        else:
            problem = _say(detail, path, value, shape, prefix)
        found.setdefault(path, problem)
    return _most_helpful(list(found.values()))


def refused(cause: Refused, path: KeyPath) -> Problem:
    """Say a refusal of our own; its message may use `path` and `version`."""
    return Problem(path, say(cause.key, **{"path": dotted(path), "version": our_version(), **cause.values}))


def unknown_key(path: KeyPath, known: Sequence[str], shape: Shape | None = None) -> Problem:
    """Say that a key does not exist: with the nearest one, else the section that has it, else all there are."""
    word = str(path[-1])
    near = nearest(word, known)
    if not near and shape is not None:
        near = tuple(dotted(key) for key in shape.paths if key[-1] == word)[:3]
    if near:
        sentence = say("config.unknown_near", path=dotted(path), near=say("config.or").join(near))
    elif known:
        sentence = say("config.unknown", path=dotted(path), known=", ".join(known))
    else:
        sentence = say("config.unknown_none", path=dotted(path))
    return Problem(path, sentence, "extra_forbidden")


def raise_all(problems: Iterable[Problem], document: Document) -> None:
    """Raise one RecipeError of all problems, the first five shown, one a line; without problems, do nothing."""
    lines = []
    ranks = {path: rank for rank, path in enumerate(document.where)}
    for problem in sorted(problems, key=lambda problem: ranks.get(document.stated(problem.path), 0)):
        place = document.place(problem.path)
        lines.append(f"{place}: {problem.sentence}" if place else problem.sentence)
    if len(lines) > MAX_SHOWN:
        lines[MAX_SHOWN:] = [say("config.more", count=len(lines) - MAX_SHOWN)]
    if lines:
        raise RecipeError("\n".join(lines))


def help_line(path: KeyPath) -> str:
    """Say in one line what a key is for, in the language in force."""
    return say(f"config.help.{dotted(path)}")


@contextmanager
def its_language(sections: Mapping[str, Any]) -> Iterator[None]:
    """Speak the recipe's own language about the recipe, when it names one."""
    language = sections.get("language")
    if language in LANGUAGES:
        with speaking(language):
            yield
    else:
        yield


def our_version() -> str:
    """Return the installed version of dongcha, for "not built yet in version X"."""
    try:
        return version("dongcha")
    except PackageNotFoundError:
        return "0.1.0"


def found_phrase(value: Any) -> str:
    """Say in words what was found: the value itself when it is short, else its kind."""
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:59] + "…")
    for kind, name in _KINDS:
        if isinstance(value, kind):
            return str(value).lower() if kind is bool else say(f"config.found_{name}")
    text = str(value)
    return text if isinstance(value, int | float) and len(text) <= 60 else f"<{type(value).__name__}>"


def _say(detail: Mapping[str, Any], path: KeyPath, value: Any, shape: Shape, prefix: KeyPath) -> Problem:
    kind, reason = detail["type"], detail["msg"]
    full = (*prefix, *path)
    if kind == "extra_forbidden":
        return unknown_key(full, shape.keys(path[:-1]), shape if not prefix else None)
    if kind in ("value_error", "assertion_error"):
        return Problem(full, say("config.method_says", path=dotted(full), reason=reason.partition(", ")[2]), kind)
    wanted = shape.wanted(path)
    in_list = any(isinstance(step, int) for step in path)
    if kind == "missing" and not prefix and not in_list and path[-1] != "per_label":
        return Problem(full, say("config.missing_key", path=dotted(full), help=help_line(full)), kind)
    if kind == "missing":
        return Problem(full, say("config.missing", path=dotted(full), wanted=wanted), kind)
    found = found_phrase(lookup(value, path))
    return Problem(full, say("config.wrong", path=dotted(full), found=found, wanted=wanted), kind)


def _real_path(location: Sequence[str | int], value: Any, kind: str) -> KeyPath:
    """Drop the names of union branches that pydantic puts into a location: only what the recipe holds is a step."""
    path: KeyPath = ()
    for number, step in enumerate(location, 1):
        if lookup(value, (*path, step)) is not NOTHING or (kind == "missing" and number == len(location)):
            path = (*path, step)
    return path


def _most_helpful(problems: list[Problem]) -> list[Problem]:
    """Leave out what a deeper problem explains, and a missing key whose typo is there."""
    explained = {problem.path[:length] for problem in problems for length in range(len(problem.path))}
    typos: dict[KeyPath, list[str]] = {}
    for problem in problems:
        if problem.kind == "extra_forbidden":
            typos.setdefault(problem.path[:-1], []).append(str(problem.path[-1]))
    return [
        problem
        for problem in problems
        if problem.path not in explained and not (problem.kind == "missing" and _mistyped(problem.path, typos))
    ]


def _mistyped(path: KeyPath, typos: Mapping[KeyPath, list[str]]) -> bool:
    return any(nearest(typo, [str(path[-1])]) for typo in typos.get(path[:-1], ()))
