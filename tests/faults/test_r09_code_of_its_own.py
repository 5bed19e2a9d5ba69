"""R9: a model or tokenizer that brings code is refused at any depth of any JSON file, and we never ask for code."""

import ast
import json
import random
import shutil
from pathlib import Path

import pytest

import dongcha

ROOT = Path(dongcha.__file__).parent
FILES = (
    "config.json",
    "tokenizer_config.json",
    "1_Pooling/config.json",
    "generation_config.json",
    "sub/deep/extra.json",
)
ASKS = {
    "auto_map": {"AutoModel": "modeling_evil.EvilModel"},
    "trust_remote_code": True,
    "custom_pipelines": {"evil": {"impl": "evil.Pipe"}},
    "tokenizer_class": "evil.EvilTokenizer",
    "processor_class": "someone/else--evil.EvilProcessor",
    "image_processor_class": "EvilProcessor",
}


def buried(asked, depth, rng):
    """Put a mapping below so many lists and mappings."""
    for _ in range(depth):
        asked = rng.choice([{"vision_config": asked, "a": 1}, [1, asked], {"x": {"y": [asked]}}])
    return asked if isinstance(asked, dict) else {"nested": asked}


@pytest.fixture
def model(place, models):
    """A copy of the model beside the recipe."""
    text = (place / "recipe.yaml").read_text(encoding="utf-8").replace(str(models["pooled"]), "model")
    (place / "recipe.yaml").write_text(text, encoding="utf-8")
    return shutil.copytree(models["pooled"], place / "model")


def add(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    path.write_text(json.dumps(found | values), encoding="utf-8")


@pytest.mark.parametrize("depth", [0, 1, 7])
@pytest.mark.parametrize("key", ASKS)
def test_r09_code_is_refused_at_any_depth_with_file_and_key(cli, model, key, depth):
    rng = random.Random(f"{key} {depth}")
    name = rng.choice(FILES)
    add(model / name, buried({key: ASKS[key]}, depth, rng))
    (model / "modeling_evil.py").write_text("raise SystemExit('run')", encoding="utf-8")
    code, out, err = cli("check", "recipe.yaml", "--quiet")
    assert (code, out) == (2, "")
    assert str(model / name) in err
    assert key in err
    assert "Transformers" in err


@pytest.mark.parametrize("key", ASKS)
@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json", "task.json"])
def test_r09_a_saved_model_is_looked_at_too(cli, reviews, tmp_path, key, name):
    folder = shutil.copytree(reviews.folder / "model", tmp_path / "model")
    add(folder / name, buried({key: ASKS[key]}, 2, random.Random(key)))
    code, out, err = cli("predict", folder, "--text", "the room was good")
    assert (code, out) == (2, "")
    assert str(folder / name) in err
    assert key in err


def test_r09_what_transformers_has_is_no_code(cli, model):
    own = {"tokenizer_class": "BertTokenizerFast", "processor_class": None, "auto_map": {}, "trust_remote_code": False}
    add(model / "tokenizer_config.json", own)
    add(model / "config.json", {"id2label": {"0": "business_class"}, "label2id": {"business_class": 0}})
    assert cli("check", "recipe.yaml", "--quiet")[0] == 0


def sources():
    return sorted(ROOT.rglob("*.py"))


def test_r09_every_load_says_that_no_code_may_come():
    said = [bool({k.arg for k in call.keywords} >= {"trust_remote_code", "local_files_only"}) for _, call in loads()]
    assert all(said)


def loads():
    """Every call of `from_pretrained` in our source."""
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "from_pretrained":
                yield path, node


def test_r09_we_never_ask_for_code_of_a_models_own():
    """Every `trust_remote_code` in our source is the constant False, and no load may go to the network."""
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            asked = given.get("trust_remote_code")
            assert asked is None or (isinstance(asked, ast.Constant) and asked.value is False), path
    assert len(list(loads())) >= 5
    for path, call in loads():
        assert "local_files_only" in {keyword.arg for keyword in call.keywords}, f"{path}:{call.lineno}"


UNSAFE = {
    ("pickle", "load"),
    ("pickle", "loads"),
    ("torch", "load"),
    ("joblib", "load"),
    ("marshal", "loads"),
    ("shelve", "open"),
    ("yaml", "load"),
    ("importlib", "reload"),
    ("tarfile", "open"),
    ("os", "system"),
    ("", "eval"),
    ("", "exec"),
    ("", "__import__"),
    ("", "compile"),
}


JAILED = Path(dongcha.__file__).parent / "sandbox" / "inside" / "untrusted.py"  # it runs in its namespaces alone


def test_r09_our_source_has_no_door_through_which_code_comes():
    for path in sources():
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call):
                is_attribute = isinstance(node.func, ast.Attribute)
                owner = getattr(node.func.value, "id", "?") if is_attribute else ""
                name = node.func.attr if is_attribute else getattr(node.func, "id", "")
                jailed = path == JAILED and name in ("exec", "compile")
                assert jailed or (owner, name) not in UNSAFE, f"{path}:{node.lineno} calls {owner}.{name}"
                pickles = [k for k in node.keywords if k.arg == "allow_pickle"]
                assert not any(getattr(k.value, "value", True) for k in pickles), f"{path}:{node.lineno}"
            if isinstance(node, ast.Import | ast.ImportFrom):
                modules = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
                assert not {"pickle", "joblib", "dill", "cloudpickle", "shelve", "tarfile"} & set(modules), path
        assert "extractall" not in text, path
