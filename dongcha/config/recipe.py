"""Be the recipe: what a run was asked to do, checked before any work, with the place of every key.

In: sections from Python (`Recipe(...)`) or from a file (`load_recipe`). Out: one frozen value. Knows no methods: their
names are the registry's, their options their own files'. In-memory rows are carried as they are.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, PrivateAttr, ValidationError

from dongcha.config.conflicts import conflicts
from dongcha.config.kinds import Method
from dongcha.config.messages import its_language, problems_of, raise_all, refused, unknown_key
from dongcha.config.places import Document, KeyPath, dotted, overlay
from dongcha.config.sections import Sections
from dongcha.config.shape import Shape
from dongcha.config.yaml_text import flow
from dongcha.files import hash_value
from dongcha.types import NO_TASK

# What a run's hash leaves out: names, words for people, and where texts lie (their content is hashed with the run).
UNHASHED: tuple[KeyPath, ...] = (
    *(("name",), ("language",), ("report",)),
    *(("data", key) for key in ("train", "validation", "test", "tests", "corpus")),
    *(("tasks", "*", "data", key) for key in ("train", "validation", "test")),
    ("pretrain", "corpus"),
)
_NO_DEFAULT: tuple[KeyPath, ...] = (("name",), ("task",), ("model",))

OptionsClass = TypeVar("OptionsClass", bound=BaseModel)


class Recipe(Sections):
    """What a run was asked to do, section by section; relative paths in it start at `folder`.

    `Recipe(task="classification", data={"train": rows_or_path}, model=...)`; rows may be a list of dicts, an Arrow
    table or a pandas frame. Raises RecipeError, of up to five sentences.
    """

    _document: Document = PrivateAttr()
    _folder: Path = PrivateAttr()

    def __init__(self, /, *, folder: Path | str | None = None, **sections: Any) -> None:
        self._fill(Document(_copied(sections)), Path(folder) if folder is not None else Path.cwd())

    @classmethod
    def of(cls, document: Document, folder: Path) -> "Recipe":
        """Check a document and make it a recipe; relative paths start at `folder`."""
        recipe = cls.__new__(cls)
        recipe._fill(document, folder)
        return recipe

    def _fill(self, document: Document, folder: Path) -> None:
        with its_language(document.value):
            try:
                BaseModel.__init__(self, **document.value)
            except ValidationError as error:
                raise_all(problems_of(error, document, recipe_shape()), document)
            raise_all([refused(cause, cause.path) for cause in conflicts(self)], document)
        self._document, self._folder = document, folder.absolute()

    @property
    def folder(self) -> Path:
        """The folder that relative paths start at: the recipe file's own, or where Python runs."""
        return self._folder

    def place(self, key_path: str) -> str:
        """Return where a key was written, `recipe.yaml:7:3` (or its section's place); from Python, the key path."""
        path: KeyPath = tuple(int(part) if part.isdigit() else part for part in key_path.split("."))
        return self._document.place(path) or key_path

    def at(self, key_path: str, sentence: str) -> str:
        """Put the place of a key, where it was written in a file, before a sentence that names the key itself."""
        place = self.place(key_path)
        return sentence if place == key_path else f"{place}: {sentence}"

    def given(self, key_path: str) -> str:
        """Name a key for a message about its value: `recipe.yaml:7:3: data.train`; from Python, the key alone."""
        return self.at(key_path, key_path)

    @property
    def task_name(self) -> str:
        """What is learnt: the task, or several joined, "classification + tagging"; without any, "pretraining"."""
        return self.task or " + ".join(entry.task for entry in self.tasks or ()) or NO_TASK

    def resolved(self) -> dict[str, Any]:
        """Return every key with its value, as plain JSON; rows in memory are shown as the word "memory"."""
        return self.model_dump(mode="json")

    def differs(self) -> tuple[str, ...]:
        """List where the recipe differs from the defaults, as "train.epochs 10"."""
        return tuple(_differences(self.resolved(), _defaults(), ()))

    @property
    def hash(self) -> str:
        """SHA-256 of the resolved recipe without what does not change the model (`UNHASHED`)."""
        return hash_value(_without(self.resolved(), UNHASHED))

    def replace(self, values: Mapping[str, Any] | None = None, /, **sections: Any) -> "Recipe":
        """Return the recipe with other values: `replace({"train.epochs": 10})`, `replace(train={"epochs": 10})`.

        Mappings are merged and all else replaced, as by `extends`; the result is checked like any recipe.
        """
        document = self._document
        for key, value in {**(values or {}), **sections}.items():
            for part in reversed(key.split(".")):
                value = {part: value}  # noqa: PLW2901
            document = overlay(document, Document(_copied(value)))
        return Recipe.of(document, self._folder)

    def options(self, path: str, options: type[OptionsClass]) -> OptionsClass:
        """Check what was written beside the method at a path (`adapt`, `train.optimizer`) by that method's own class.

        Raises RecipeError with the place and the nearest option.
        """
        prefix = tuple(path.split("."))
        chosen: Any = self
        for part in prefix:
            chosen = getattr(chosen, part)
        assert isinstance(chosen, Method), f"{path} chooses no method"
        document = Document(self.resolved(), self._document.where)
        with its_language(document.value):
            return _checked(chosen, options, prefix, document)


@cache
def recipe_shape() -> Shape:
    """Return the shape of the shared keys, `extends` among them."""
    schema = Sections.model_json_schema()
    return Shape({**schema, "properties": {"extends": {"type": "string"}, **schema["properties"]}})


def _checked(chosen: Method, options: type[OptionsClass], path: KeyPath, document: Document) -> OptionsClass:
    known = [field.alias or name for name, field in options.model_fields.items()]
    shared = [name for name in type(chosen).model_fields if name != "method"]
    raise_all([unknown_key((*path, key), [*known, *shared]) for key in chosen.options if key not in known], document)
    try:
        return options.model_validate(chosen.options)
    except ValidationError as error:
        raise_all(problems_of(error, document, Shape(options.model_json_schema()), path), document)
        raise


def _copied(value: Any) -> Any:
    """Copy nested mappings, so that a later change outside changes no recipe; rows and tables are not copied."""
    if isinstance(value, BaseModel):
        value = dict(value)
    return {key: _copied(item) for key, item in value.items()} if isinstance(value, Mapping) else value


@cache
def _defaults() -> dict[str, Any]:
    defaults = Sections.model_validate({"task": "classification", "data": {"train": "-"}, "model": "-"})
    return _without(defaults.model_dump(mode="json"), (("data", "train"),))


def _differences(value: Mapping[str, Any], default: Mapping[str, Any], path: KeyPath) -> Iterator[str]:
    for key, item in value.items():
        here, usual = (*path, key), default.get(key)
        if isinstance(item, dict) and isinstance(usual, dict) and usual:
            yield from _differences(item, usual, here)
        elif isinstance(item, dict) and usual is None:  # a section that is not there by default: what it leaves open is
            stated = {name: part for name, part in item.items() if part not in ("auto", None)}
            yield f"{dotted(here)} {flow(stated)}"
        elif item != usual and here not in _NO_DEFAULT:
            yield f"{dotted(here)} {item if isinstance(item, str) else flow(item)}"


def _without(value: Mapping[str, Any], paths: tuple[KeyPath, ...], path: KeyPath = ()) -> dict[str, Any]:
    """Leave keys out; in a path `*` stands for every item of a list."""
    kept = {key: item for key, item in value.items() if (*path, key) not in paths}
    return {key: _thinned(item, paths, (*path, key)) for key, item in kept.items()}


def _thinned(value: Any, paths: tuple[KeyPath, ...], path: KeyPath) -> Any:
    if isinstance(value, list):
        return [_thinned(item, paths, (*path, "*")) for item in value]
    return _without(value, paths, path) if isinstance(value, dict) else value
