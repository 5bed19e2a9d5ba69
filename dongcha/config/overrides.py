"""Read settings from the command line, `--set train.epochs=1`.

In: `key.path=value`, the value written as in a recipe. Out: a `Document` to lay over one. Whether the keys exist is
checked with the recipe.
"""

from dongcha.config.places import Document, lookup
from dongcha.config.yaml12 import read_value, refuse


def read_setting(setting: str, base: Document) -> Document:
    """Read one setting; nothing after `=` is null. A section that `base` has keeps its place there."""
    shown = f"--set {setting}"
    name, equals, text = setting.partition("=")
    parts = tuple(part.strip() for part in name.split("."))
    if not equals or not all(parts):
        raise refuse(shown, "config.setting_form")
    if parts[0] == "extends":
        raise refuse(shown, "config.setting_extends")
    value = read_value(text, shown)
    for part in reversed(parts):
        value = {part: value}
    new = [
        parts[:length] for length in range(1, len(parts)) if not isinstance(lookup(base.value, parts[:length]), dict)
    ]
    return Document(value, dict.fromkeys([*new, parts], shown))
