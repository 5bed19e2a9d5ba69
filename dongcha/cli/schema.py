"""`dongcha schema`: the recipe's JSON Schema (draft 7), for editors."""

import json

import typer

from dongcha.config import json_schema
from dongcha.registry import METHODS, find, names


def schema() -> None:
    """Print the recipe's JSON Schema; name it in a recipe's first line and an editor completes keys."""
    methods = {path: {name: find(kind, name).Options for name in names(kind)} for path, kind in METHODS.items()}
    typer.echo(json.dumps(json_schema(methods), ensure_ascii=False, indent=2))
