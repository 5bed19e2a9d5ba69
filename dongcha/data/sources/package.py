"""Find a folder or file inside an installed package, without importing the package.

In: `package:NAME/sub/folder`, NAME being the import name. Out: a path inside the package's own folder. Code of the
package never runs: the import system is only asked where the package stands.
"""

import importlib.util
from difflib import get_close_matches
from importlib.metadata import packages_distributions
from pathlib import Path

from dongcha import files
from dongcha.data.origin import nearest
from dongcha.errors import DataError, UserError
from dongcha.locale import say

PREFIX = "package:"


def package_path(spec: str, given: str) -> Path:
    """Return the path that `package:NAME/sub` means; raises DataError when the package or the path is not there.

    `given` is the key or option that the path was given in, for messages.
    """
    name, _, below = spec.removeprefix(PREFIX).partition("/")
    root = _root(name)
    if root is None:
        raise DataError(_unknown_package(spec, name, given))
    try:
        path = files.inside(root, *below.split("/"))
    except UserError:
        raise DataError(say("read.package_outside", given=given, source=spec, name=name)) from None
    if not path.exists():
        raise DataError(say("read.package_path", given=given, source=spec, near=nearest(path), root=root))
    return path


def _root(name: str) -> Path | None:
    """Return the folder of a top-level package; None when there is none (a dotted name would import its parent)."""
    if not name.isidentifier():
        return None
    spec = importlib.util.find_spec(name)
    places = list(spec.submodule_search_locations or []) if spec else []
    return Path(places[0]) if places else None


def _unknown_package(spec: str, name: str, given: str) -> str:
    """Say which import name was meant: the nearest one, or that of a distribution of this name."""
    by_import = packages_distributions()
    for module, distributions in by_import.items():
        if name.lower() in (d.lower() for d in distributions):
            return say("read.package_near", given=given, source=spec, name=name, near=module)
    near = get_close_matches(name, list(by_import), n=1, cutoff=0.8)
    if near:
        return say("read.package_near", given=given, source=spec, name=name, near=near[0])
    return say("read.package", given=given, source=spec, name=name)
