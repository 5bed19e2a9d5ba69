"""The tree in the READMEs is the tree on disk, in the order of the layers, in the words of the files' docstrings."""

import ast
import re

import pytest
from doc_pages import ROOT, blocks_of

MOST_WORDS = 8
LINE = re.compile(r"^( +)([\w.]+/?) +(.+)$")
SMALL = {"a", "an", "and", "as", "in", "of", "on", "one", "the", "to", "what", "with", "is", "by", "its", "for", "that"}


def tree(name):
    """The lines of a README's tree as (path, words)."""
    block = next(block for block in blocks_of(ROOT / name) if block.text.startswith("dongcha/\n"))
    lines, parents = [], ["dongcha"]
    for line in block.text.splitlines()[1:]:
        indent, entry, said = LINE.match(line).groups()
        depth = len(indent) // 2
        parents = [*parents[:depth], entry.rstrip("/")]
        lines.append(("/".join(parents), said))
    return lines


def on_disk():
    """The folders of code and the files of the package's top, without `__init__.py`."""
    top = ROOT / "dongcha"
    folders = {path.parent.relative_to(ROOT).as_posix() for path in top.rglob("__init__.py")} - {"dongcha"}
    files = {f"dongcha/{path.name}" for path in top.glob("*.py") if path.name != "__init__.py"}
    return folders | files


def docstring(path):
    file = ROOT / path
    source = file / "__init__.py" if file.is_dir() else file
    return (ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or "").lower()


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_the_tree_is_the_tree_on_disk(name):
    assert {path for path, _ in tree(name)} == on_disk()


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_the_tree_follows_the_layers(name):
    contract = (ROOT / ".importlinter").read_text(encoding="utf-8").partition("layers =")[2]
    order = re.findall(r"\w+", contract)
    shown = [path.split("/")[1].removesuffix(".py") for path, _ in tree(name) if path.count("/") == 1]
    layered = [entry for entry in shown if entry in order]
    assert layered == [entry for entry in order if entry in shown]


def test_a_line_has_at_most_eight_words_all_from_the_docstring():
    for path, said in tree("README.md"):
        words = re.findall(r"[\w-]+", said.lower())
        assert len(words) <= MOST_WORDS, path
        text = docstring(path)
        strange = [word for word in words if word not in SMALL and word.rstrip("s") not in text]
        assert not strange, f"{path}: {strange} stand not in its docstring"


def test_the_chinese_tree_is_as_short():
    for path, said in tree("README.zh.md"):
        assert len(re.findall("[\u4e00-\u9fff]|[A-Za-z]+", said)) <= 2 * MOST_WORDS, path
