"""Run what pages tell people to run: recipes, commands, Python, on a tiny encoder in place of the real model.

The blocks of a page are run from top to bottom in one folder, as a reader would. What is fenced as `text` is not run:
installing (needs a package index), `make` (sets up an environment), layouts and screens.
"""

import contextlib
import csv
import importlib
import io
import json
import re
import shlex
import sys
import tomllib

import blocks
import pytest
from doc_pages import ROOT, blocks_of, with_tiny_model

RUN = ("yaml", "console", "python", "toml", "jsonl", "csv")
NOT_RUN = ("text",)
RUNS_PROGRAMS = ("code",)  # pages whose commands score code
EXIT = re.compile(r"#.*?\b(?:exit|退出码) (\d+)")
PAGES = [pytest.param(page, language, id=str(page)) for page, language in blocks.pages()]
BASE = "task: classification\nmodel: {model}\ndata: {{train: docs/data/reviews.csv}}\n"


@pytest.fixture(autouse=True)
def strangers(monkeypatch):
    """Let the registry look anew, before and after a page that adds methods by entry points."""
    from dongcha import registry

    def forget():
        registry.names.cache_clear()
        registry.find.cache_clear()
        importlib.invalidate_caches()

    monkeypatch.setattr(sys, "path", list(sys.path))
    forget()
    yield
    forget()


@pytest.mark.parametrize(("page", "language"), PAGES)
def test_a_page_runs_as_it_stands(page, language, desks, tiny_folder, writer_folder, monkeypatch, one_core, request):
    if page.stem in RUNS_PROGRAMS:
        request.getfixturevalue("runs_programs")
    desk = desks(language)
    monkeypatch.chdir(desk)
    monkeypatch.setenv("DONGCHA_LANG", language)
    model = tiny_folder()
    for block in blocks_of(ROOT / page):
        place = f"{page}:{block.line}"
        assert block.kind in RUN + NOT_RUN, f"{place}: a block of kind {block.kind!r} is neither run nor listed"
        if block.kind in RUN:
            RUNNERS[block.kind](block, with_tiny_model(block.text, model, writer_folder), desk, model, place)


def run_yaml(block, text, desk, model, place):
    """A block that names its file is written there; another one is a piece of a recipe, laid over a whole one."""
    from dongcha.config import load_recipe

    if block.file:
        (desk / block.file).write_text(text, encoding="utf-8")
        assert load_recipe(desk / block.file)
        return
    (desk / "base.yaml").write_text(BASE.format(model=model), encoding="utf-8")
    (desk / "piece.yaml").write_text(f"extends: base.yaml\n{text}", encoding="utf-8")
    assert load_recipe(desk / "piece.yaml"), place


def run_python(block, text, desk, model, place):
    """A block that names its file is a module to import; another one is run."""
    if block.file:
        (desk / block.file).write_text(text, encoding="utf-8")
        sys.path.insert(0, str(desk))
        compile(text, place, "exec")
        return
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(text, place, "exec"), {"__name__": "__main__"})


def run_toml(block, text, desk, model, place):
    """A pyproject is installed as far as entry points go."""
    project = tomllib.loads(text)["project"]
    folder = desk / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    folder.mkdir(exist_ok=True)
    points = [
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
        for group, entries in project["entry-points"].items()
    ]
    (folder / "entry_points.txt").write_text("\n".join(points), encoding="utf-8")
    about = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (folder / "METADATA").write_text(about, encoding="utf-8")


def run_jsonl(block, text, desk, model, place):
    """Each line is JSON."""
    assert all(isinstance(json.loads(line), dict) for line in text.splitlines())


def run_csv(block, text, desk, model, place):
    """All rows are as wide as the first."""
    widths = {len(row) for row in csv.reader(text.splitlines())}
    assert len(widths) == 1, place


def run_console(block, text, desk, model, place):
    """Lines that open with `$ ` are run; `# exit N` says which exit code is meant to come."""
    for line in text.splitlines():
        assert line.startswith("$ "), f"{place}: a console block shows commands only, not {line!r}"
        wanted = EXIT.search(line)
        code, said = run_line(line[2:], desk)
        assert code == int(wanted[1] if wanted else 0), f"{place}: {line}\n{said}"


def run_line(line, desk):
    """Run a shell line: `dongcha ...`, alone or after `cat FILE |` or `echo TEXT |`; return exit code and stderr."""
    parts = [shlex.split(part, comments=True) for part in split_pipe(line)]
    typed = ""
    for words in parts[:-1]:
        assert words[0] in ("cat", "echo"), f"a test cannot run {words[0]}"
        is_file = words[0] == "cat"
        typed += (desk / words[1]).read_text(encoding="utf-8") if is_file else " ".join(words[1:]) + "\n"
    words = parts[-1]
    assert words[0] == "dongcha", f"a test cannot run {words[0]}"
    return dongcha([one for word in words[1:] for one in expanded(word, desk)], typed)


def split_pipe(line):
    """Cut a line at the pipes that stand outside of quotes."""
    return re.findall(r"""(?:"[^"]*"|'[^']*'|[^|"'])+""", line)


def expanded(word, desk):
    """Return what a shell makes of a word: the paths that a star fits."""
    if "*" not in word:
        return [word]
    found = sorted(str(path.relative_to(desk)) for path in desk.glob(word))
    assert len(found) == 1, f"{word} fits {found}"
    return found


def dongcha(arguments, typed):
    """Run the command line in this process; return its exit code and what it said on stderr."""
    from dongcha.cli import app
    from dongcha.cli._door import guarded

    out, err = io.StringIO(), io.StringIO()
    before = sys.stdin
    sys.stdin = io.StringIO(typed)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = guarded(app, arguments)
    finally:
        sys.stdin = before
    return code, err.getvalue() + out.getvalue()


RUNNERS = {name: globals()[f"run_{name}"] for name in RUN}


def test_a_wrong_command_is_noticed(desks, tiny_folder, monkeypatch, one_core):
    monkeypatch.chdir(desks("en"))
    code, said = run_line("dongcha check no-such-recipe.yaml", desks("en"))
    assert code == 2 and "no-such-recipe.yaml" in said


@pytest.mark.parametrize("line", ["cat a.txt | dongcha predict m -", "dongcha predict m --text 'a | b'"])
def test_pipes_are_cut_outside_of_quotes(line):
    assert len(split_pipe(line)) == 1 + (" | d" in line)
