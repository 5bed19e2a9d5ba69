"""R10: names and paths from outside never write a byte outside their root: 200 of them, through every door."""

import json
import shutil

import pytest
from small_run import listed, no_charts

from dongcha import files
from dongcha.errors import UserError

DOTS = (
    "..",
    "...",
    "․․",
    "‥",
    "．．",
    "%2e%2e",
    "%252e%252e",
    "..%00",
    "..;",
    ".. ",
    " ..",
    "..\t",
    ".\u200b.",
    "\u202e..",
)
SLASHES = ("/", "\\", "%2f", "%5c", "／", "＼", "∕", "⁄", "//", "/./", "\\\\", "%c0%af")
DEVICES = ("CON", "con", "PRN", "AUX", "NUL", "COM1", "com9", "LPT1", "lpt0", "nul.txt", "Con.yaml", "aux.", "COM1.a.b")
ROOTS = (
    "/etc/passwd",
    "/tmp/evil",
    "C:\\evil",
    "C:evil",
    "\\\\host\\share",
    "//host/share",
    "file:///etc/passwd",
    "~root",
)
MARKS = (
    "a#b",
    "a?b",
    "a*b",
    "a:b",
    "a|b",
    "a<b",
    "a>b",
    'a"b',
    "a'b",
    "a`b",
    "a$b",
    "a;b",
    "a&b",
    "a b",
    "a\tb",
    "a,b",
)
CONTROLS = (
    "a\nb",
    "a\rb",
    "a\x1bb",
    "a\x7fb",
    "a\u0085b",
    "a\u2028b",
    "a\u202eb",
    "\ufeffa",
    "a\u200b",
    "🙂",
    "a\u0301\u0301/",
)
LONG = ("x" * 65, "x" * 255, "x" * 5000, "长" * 65, "a/" * 2000 + "b")
HIDDEN = (".hidden", "-rf", "--fresh", ".", "", " ", "-", ".git", ".lock", ".cache")
NAMES = sorted(
    {
        *(f"{dots}{slash}{dots}{slash}evil" for dots in DOTS for slash in SLASHES),
        *(*DEVICES, *ROOTS, *MARKS, *CONTROLS, *LONG, *HIDDEN),
    }
)
ONLY_PYTHON = ("a\0b", "\ud800")


def test_r10_there_are_two_hundred():
    assert len(NAMES) >= 200


@pytest.fixture
def guarded_place(place, monkeypatch):
    """A place one folder deeper, so that what climbs out of it is seen."""
    no_charts(monkeypatch)
    inner = place / "in" / "ner"
    inner.mkdir(parents=True)
    for name in ("recipe.yaml", "rows.jsonl"):
        shutil.move(place / name, inner / name)
    monkeypatch.chdir(inner)
    return place, inner


def quoted(name):
    """A name as YAML, whatever it holds."""
    return json.dumps(name)


def test_r10_no_name_of_a_run_is_a_path(cli, guarded_place):
    root, inner = guarded_place
    before, text = listed(root), (inner / "recipe.yaml").read_text(encoding="utf-8")
    before.pop("in/ner/recipe.yaml")
    refused = 0
    for name in NAMES:
        (inner / "recipe.yaml").write_text(text.replace("name: small", f"name: {quoted(name)}"), encoding="utf-8")
        code, out, err = cli("run", "recipe.yaml", "--until", "task", "--quiet")
        assert (code, out) == (2, ""), name
        assert "recipe.yaml:1:" in err, (name, err)
        assert "name" in err
        refused += 1
        found = listed(root)
        found.pop("in/ner/recipe.yaml")
        assert found == before, name
    assert refused == len(NAMES)


def test_r10_no_name_of_a_test_set_is_a_path(cli, guarded_place):
    """The name of an extra set becomes `predictions/<name>.parquet`."""
    root, inner = guarded_place
    text = (inner / "recipe.yaml").read_text(encoding="utf-8")
    before = set(listed(root))
    for name in NAMES:
        tests = f"data: {{tests: {{{quoted(name)}: rows.jsonl}}, train:"
        (inner / "recipe.yaml").write_text(text.replace("data: {train:", tests), encoding="utf-8")
        code, _, err = cli("run", "recipe.yaml", "--until", "task", "--quiet")
        assert code == 2, (name, err)
        assert "recipe.yaml:" in err
        assert set(listed(root)) == before, name


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:40])
def test_r10_a_name_and_a_joined_path_stay_below_the_root(tmp_path, name):
    with pytest.raises(UserError):
        files.safe_name(name)
    root = files.make_folder(tmp_path / "root")
    try:
        found = files.inside(root, name)
    except (UserError, ValueError, OSError):
        return
    assert found.is_relative_to(root)


@pytest.mark.parametrize("name", ONLY_PYTHON, ids=ascii)
def test_r10_what_no_file_can_hold_is_refused_too(name):
    with pytest.raises(UserError):
        files.safe_name(name)


CLIMBING = ("../outside", "..", ".", "/", "", "in/../../outside", "\0", "x" * 5000)


@pytest.mark.parametrize("verb", ["show", "rm"])
@pytest.mark.parametrize("name", CLIMBING, ids=lambda name: ascii(name)[:20])
def test_r10_runs_reaches_only_runs(cli, guarded_place, verb, name):
    """A folder with a file called report.json is no run: nothing of it may go."""
    root, inner = guarded_place
    for folder in (root / "outside", root / "in", inner):
        folder.mkdir(exist_ok=True)
        (folder / "report.json").write_text("{}", encoding="utf-8")
        (folder / "precious.txt").write_text("precious", encoding="utf-8")
    before = listed(root)
    code, out, err = cli("runs", verb, name)
    assert (code, out) == (2, ""), err
    assert err.strip()
    assert listed(root) == before


def test_r10_an_empty_name_is_not_every_run(cli, guarded_place):
    root, _ = guarded_place
    assert cli("run", "recipe.yaml", "--quiet")[0] == 0
    before = listed(root)
    code, _, err = cli("runs", "rm", "")
    assert code == 2, err
    assert listed(root) == before


METHODS = ("../../evil", "/tmp/evil", "os", "evil.py", "..full", "full/../full", "__init__", "_base", "a\\b", "%2e%2e")


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("key", ["adapt.method", "train.optimizer", "train.schedule"])
def test_r10_a_method_is_one_of_those_that_there_are(cli, place, key, name):
    code, _, err = cli("run", "recipe.yaml", "--set", f"{key}={quoted(name)}", "--quiet")
    assert code == 2, err
    assert "one of" in err or "there is no" in err.lower()


@pytest.mark.parametrize("path", ["../../../../etc", "..", "/etc", "model/../../.."])
def test_r10_a_packages_folder_is_left_by_no_path(cli, place, path):
    for key in ("model", "data.train"):
        code, _, err = cli("check", "recipe.yaml", "--quiet", "--set", f"{key}=package:dongcha/{path}")
        assert code == 2
        assert any(said in err for said in ("outside", "leads out", "is not in", "there is no")), err


@pytest.mark.parametrize("shard", ["../secret.safetensors", "/etc/passwd", "..\\x", "a/../../b.safetensors", "\0"])
def test_r10_shards_lie_in_their_folder(cli, place, models, shard):
    model = shutil.copytree(models["pooled"], place / "model")
    (model / "model.safetensors").rename(place / "secret.safetensors")
    index = {"metadata": {}, "weight_map": {"a": shard}}
    (model / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    code, _, err = cli("check", "recipe.yaml", "--quiet", "--set", "model=model")
    assert code == 2
    assert "index.json" in err or "outside" in err, err


def test_r10_a_link_that_leaves_the_root_is_not_followed(tmp_path):
    """The link is put in place between two looks: what is returned has been resolved."""
    root, outside = files.make_folder(tmp_path / "root"), files.make_folder(tmp_path / "outside")
    for link in (root / "link", root / "deep"):
        link.symlink_to(outside)
        for parts in (("link",), ("link", "x"), ("deep", "..", "outside", "x")):
            with pytest.raises(UserError, match="outside"):
                files.inside(root, parts[0], *parts[1:]) if link.name == parts[0] else files.inside(root, "..", "x")
        link.unlink()
    (root / "within").symlink_to(root / "real")
    assert files.inside(root, "within", "x") == root / "real" / "x"


def test_r10_a_run_folder_that_is_a_link_is_written_where_it_points_and_nowhere_else(cli, guarded_place):
    root, inner = guarded_place
    (root / "elsewhere").mkdir()
    (inner / "runs").symlink_to(root / "elsewhere")
    assert cli("run", "recipe.yaml", "--quiet", "--until", "task")[0] == 0
    assert {path.parts[0] for path in map(type(root), listed(root))} <= {"in", "elsewhere"}
