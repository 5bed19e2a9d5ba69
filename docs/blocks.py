"""Find the pages that people read, and the blocks in them that a program writes.

A block stands between `<!-- table:NAME -->` or `<!-- screen:NAME -->` and its closing `<!-- /table -->` or
`<!-- /screen -->`. In: the repository. Out: pages with their language, and a page's text with its blocks filled.
Knows no table and no screen.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENGLISH = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
_BLOCK = r"(<!-- {kind}:(\w+) -->\n).*?(<!-- /{kind} -->)"


def pairs() -> list[tuple[Path, Path]]:
    """Return each English page with its Chinese one, relative to the root; the Chinese one may be missing."""
    tops = [(Path(name), Path(name).with_suffix(".zh.md")) for name in ENGLISH]
    below = sorted(path.relative_to(ROOT / "docs" / "en") for path in (ROOT / "docs" / "en").rglob("*.md"))
    return [*tops, *((Path("docs/en") / path, Path("docs/zh") / path) for path in below)]


def pages() -> list[tuple[Path, str]]:
    """Return all pages, relative to the root, each with its language."""
    return [(page, language) for pair in pairs() for page, language in zip(pair, ("en", "zh"), strict=True)]


def filled(text: str, kind: str, makers: Mapping[str, Callable[[], str]]) -> str:
    """Return a page's text with every block of a kind made anew; a name without a maker is a KeyError."""

    def made(match: re.Match[str]) -> str:
        return match[1] + makers[match[2]]() + "\n" + match[3]

    return re.sub(_BLOCK.format(kind=kind), made, text, flags=re.DOTALL)
