"""R8: hostile headers are refused by the format's own library; shapes are held to the configuration."""

import json
import resource
import shutil
import struct

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

MOST_MEMORY = 64 << 20  # bytes by which a refusal may grow the process, beside the file's own


def header(text, body=b"", length=None):
    raw = text if isinstance(text, bytes) else text.encode()
    return struct.pack("<Q", len(raw) if length is None else length) + raw + body


def one(dtype="F32", shape=(2,), offsets=(0, 8), name="a"):
    return {name: {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}}


def stated(tensors, size=8):
    return header(json.dumps(tensors), bytes(size))


HEADERS = {
    "empty file": b"",
    "shorter than its length": b"\x01\x02",
    "length beyond the file": header("{}", length=1 << 20),
    "length of 2^64 - 1": header("{}", length=(1 << 64) - 1),
    "length over 100 MB": header("{}", length=100_000_001),
    "no JSON": header(b"\x80\x04K\x01."),
    "not an object": header("[1, 2]"),
    "does not begin with a brace": header('  {"a": 1}'),
    "not UTF-8": header(b'{"\xff\xfe": 1}'),
    "cut JSON": header('{"a": {"dtype": "F32"'),
    "deep JSON": header("[" * 100_000),
    "deep object": header('{"a":' * 100_000 + "1" + "}" * 100_000),
    "unknown type": stated(one(dtype="F33")),
    "negative shape": stated(one(shape=(-2,))),
    "shape that overflows": stated(one(shape=(1 << 62, 1 << 62))),
    "shape and bytes differ": stated(one(shape=(3,))),
    "offsets reversed": stated(one(offsets=(8, 0))),
    "negative offset": stated(one(offsets=(-8, 0))),
    "offset beyond the file": stated(one(shape=(200,), offsets=(0, 800))),
    "body longer than stated": stated(one(), 80),
    "body shorter than stated": stated(one(), 4),
    "hole": stated(one() | one(offsets=(16, 24), name="b"), 24),
    "overlap": stated(one() | one(offsets=(4, 12), name="b"), 12),
    "key said twice": header("{" + ",".join([json.dumps(one())[1:-1]] * 2) + "}", bytes(8)),
    "fraction as offset": header('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8.5]}}', bytes(8)),
    "text as shape": header('{"a":{"dtype":"F32","shape":"2","data_offsets":[0,8]}}', bytes(8)),
    "metadata that is no text": header('{"__metadata__":{"a":[1]},' + json.dumps(one())[1:], bytes(8)),
}


@pytest.fixture
def model(place, models):
    """A copy of the model beside the recipe."""
    text = (place / "recipe.yaml").read_text(encoding="utf-8").replace(str(models["pooled"]), "model")
    (place / "recipe.yaml").write_text(text, encoding="utf-8")
    return shutil.copytree(models["pooled"], place / "model")


@pytest.mark.parametrize("name", HEADERS)
def test_r08_a_hostile_header_is_refused_in_one_sentence(cli, model, name):
    (model / "model.safetensors").write_bytes(HEADERS[name])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    code, out, err = cli("check", "recipe.yaml", "--quiet")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10
    assert (code, out) == (2, "")
    assert str(model / "model.safetensors") in err or "model" in err
    assert "again" in err, "the sentence ends with what to do"
    assert len(err.strip().splitlines()) == 1
    assert grown < MOST_MEMORY + len(HEADERS[name])


@pytest.mark.parametrize("name", ["length beyond the file", "overlap", "cut JSON"])
def test_r08_in_chinese(cli, model, name):
    (model / "model.safetensors").write_bytes(HEADERS[name])
    code, _, err = cli("check", "recipe.yaml", "--quiet", "--set", "language=zh")
    assert code == 2
    assert "safetensors" in err
    assert "请" in err


def damaged(weights, how):
    """Change what the configuration asks for: a valid file all the same."""
    name = next(n for n in weights if "word_embeddings" in n)
    if how == "wider":
        weights[name] = np.concatenate([weights[name]] * 2, axis=1)
    elif how == "no dimension":
        weights[name] = np.zeros((), dtype=np.float32)
    elif how == "absent":
        del weights[name]
    elif how == "empty":
        weights[name] = np.zeros((0, weights[name].shape[1]), dtype=np.float32)
    return weights


@pytest.mark.parametrize("how", ["wider", "no dimension", "absent", "empty"])
def test_r08_shapes_are_held_to_the_configuration(cli, model, how):
    path = model / "model.safetensors"
    save_file(damaged(load_file(path), how), path, metadata={"format": "pt"})
    code, out, err = cli("check", "recipe.yaml", "--quiet")
    assert (code, out) == (2, "")
    assert "word_embeddings" in err
    assert str(model) in err


@pytest.mark.parametrize("how", ["wider", "absent"])
def test_r08_shapes_of_a_saved_model_too(cli, reviews, tmp_path, how):
    folder = shutil.copytree(reviews.folder / "model", tmp_path / "model")
    path = folder / "model.safetensors"
    save_file(damaged(load_file(path), how), path, metadata={"format": "pt"})
    code, out, err = cli("predict", folder, "--text", "the room was good")
    assert (code, out) == (2, "")
    assert "word_embeddings" in err


@pytest.mark.parametrize("shape", [(7, 32), (2, 5), (2,)])
def test_r08_the_head_too(cli, reviews, tmp_path, shape):
    folder = shutil.copytree(reviews.folder / "model", tmp_path / "model")
    head = load_file(folder / "head.safetensors")
    save_file({**head, "weight": np.zeros(shape, dtype=np.float32)}, folder / "head.safetensors")
    code, out, err = cli("predict", folder, "--text", "the room was good")
    assert (code, out) == (2, "")
    assert str(folder) in err
