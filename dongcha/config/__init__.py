"""Read a recipe: file or Python -> `Recipe`, every key with its place.

Owns the keys that all methods share; a method's own options are a class in its own file, checked by `Recipe.options`.
"""

from dongcha.config.kinds import Method, Options, PerLabel
from dongcha.config.load import load_recipe
from dongcha.config.messages import help_line
from dongcha.config.recipe import Recipe
from dongcha.config.schema import help_lines, json_schema
from dongcha.config.template import recipe_template
from dongcha.config.yaml_text import flow, yaml_text

__all__ = [
    "Method",
    "Options",
    "PerLabel",
    "Recipe",
    "flow",
    "help_line",
    "help_lines",
    "json_schema",
    "load_recipe",
    "recipe_template",
    "yaml_text",
]
