"""R7: twelve hostile files, by content and not by name: nothing runs, nothing is started, each is refused in time."""

import json
import os
import pickle
import shutil
import subprocess
import time
import zipfile
from pathlib import Path

import joblib
import numpy as np
import pytest
import torch
from killed import CONTEXT
from small_run import TIME, no_charts, run_folder

from dongcha import files

LIMIT = TIME * 1.0  # seconds that a refusal may take


class Evil:
    """Makes a file when it is unpickled: the canary of all corpora below."""

    def __init__(self, canary):
        self.canary = str(canary)

    def __reduce__(self):
        return (os.system, (f"touch '{self.canary}'",))


def only(name):
    """Put one file in the place of the weights."""

    def makes(write):
        def into(model, canary):
            (model / "model.safetensors").unlink()
            write(model / name, canary)

        return into

    return makes


def beside(name):
    """Leave the good weights where they are and put a file beside them."""

    def makes(write):
        def into(model, canary):
            write(model / name, canary)

        return into

    return makes


def pickled(path, canary):
    path.write_bytes(pickle.dumps(Evil(canary)))


def jobs(path, canary):
    joblib.dump(Evil(canary), path)


def torches(path, canary):
    torch.save({"x": Evil(canary)}, path)


def objects(path, canary):
    with path.open("wb") as handle:
        np.save(handle, np.array([Evil(canary)], dtype=object), allow_pickle=True)


def zipped_objects(path, canary):
    with path.open("wb") as handle:
        np.savez(handle, x=np.array([Evil(canary)], dtype=object))


def onnx_outside(path, canary):
    """Write the wire form of an ONNX model whose one tensor lies outside its folder."""

    def field(number, content):
        return bytes([number << 3 | 2, len(content)]) + content

    outside = field(1, b"location") + field(2, b"../../../../etc/passwd")
    tensor = field(8, b"w") + field(13, outside) + bytes([14 << 3, 1])
    path.write_bytes(bytes([1 << 3, 8]) + field(7, field(5, tensor)))


def zip_of_code(path, canary):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Evil(canary)))
        archive.writestr("../../evil.txt", "x")


def keras_config(path, canary):
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + pickle.dumps(Evil(canary)))


CORPUS = {
    "pickle in .bin": only("pytorch_model.bin")(pickled),
    "torch.save in .bin": only("pytorch_model.bin")(torches),
    "torch.save in .pt": only("model.pt")(torches),
    "joblib": only("model.joblib")(jobs),
    "object array": only("model.npy")(objects),
    "object arrays": only("model.npz")(zipped_objects),
    "ONNX with data outside": only("model.onnx")(onnx_outside),
    "pickle named safetensors": only("model.safetensors")(pickled),
    "torch.save named safetensors": only("model.safetensors")(torches),
    "object array named safetensors": only("model.safetensors")(objects),
    "archive named safetensors": only("model.safetensors")(zip_of_code),
    "HDF5 named safetensors": only("model.safetensors")(keras_config),
}
HARMLESS = {  # beside good weights: never opened
    "pickle beside": beside("pytorch_model.bin")(pickled),
    "training arguments": beside("training_args.bin")(torches),
    "code beside": beside("modeling_evil.py")(lambda path, canary: path.write_text(f"open({str(canary)!r}, 'w')")),
    "ONNX beside": beside("model.onnx")(onnx_outside),
}


@pytest.fixture
def hostile(place, models, monkeypatch):
    """A copy of the model beside the recipe, to be spoilt; processes and files that it starts are noticed."""
    no_charts(monkeypatch)
    model = shutil.copytree(models["pooled"], place / "model")
    text = (place / "recipe.yaml").read_text(encoding="utf-8").replace(str(models["pooled"]), "model")
    (place / "recipe.yaml").write_text(text, encoding="utf-8")
    started = []

    def spoilt(into):
        into(model, place / "canary")
        for door, name in ((subprocess, "Popen"), (os, "system"), (os, "fork"), (os, "posix_spawn")):
            monkeypatch.setattr(door, name, lambda *a, **k: started.append(a) or 1)
        return model, place / "canary", started

    return spoilt


@pytest.mark.parametrize("name", CORPUS)
@pytest.mark.parametrize("verb", ["run", "check"])
def test_r07_hostile_weights_are_refused_unopened(cli, hostile, place, name, verb):
    model, canary, started = hostile(CORPUS[name])
    begun = time.monotonic()
    code, out, err = cli(verb, "recipe.yaml")
    assert time.monotonic() - begun < LIMIT
    assert (code, out) == (2, "")
    assert str(model) in err
    assert "safetensors" in err
    assert not canary.exists()
    assert started == []
    assert not list(place.glob("**/evil.txt"))


@pytest.mark.parametrize("name", HARMLESS)
def test_r07_what_lies_beside_good_weights_is_never_opened(cli, hostile, place, name):
    _, canary, started = hostile(HARMLESS[name])
    assert cli("check", "recipe.yaml", "--quiet")[0] == 0
    assert not canary.exists()
    assert started == []


@pytest.mark.parametrize("name", [name for name in CORPUS if "safetensors" in name])
@pytest.mark.parametrize("spoilt", ["model.safetensors", "head.safetensors"])
def test_r07_a_saved_model_is_looked_at_too(cli, reviews, tmp_path, name, spoilt):
    model, canary = shutil.copytree(reviews.folder / "model", tmp_path / "model"), tmp_path / "canary"
    whole = (model / "model.safetensors").read_bytes()
    CORPUS[name](model, canary)
    if spoilt != "model.safetensors":
        (model / "model.safetensors").rename(model / spoilt)
        (model / "model.safetensors").write_bytes(whole)
    code, out, err = cli("predict", model, "--text", "the room was good")
    assert (code, out) == (2, "")
    assert spoilt in err
    assert not canary.exists()


def test_r07_the_corpus_bites(tmp_path):
    """What is refused above would run if it were opened: else the canary proves nothing."""
    for name in ("pickle in .bin", "object array"):
        model = tmp_path / name
        model.mkdir()
        (model / "model.safetensors").touch()
        CORPUS[name](model, model / "canary")
        [file] = model.iterdir()
        process = CONTEXT.Process(target=_opens, args=(str(file),))
        process.start()
        process.join(60)
        assert (model / "canary").exists(), name


def _opens(path):
    if path.endswith(".npy"):
        np.load(path, allow_pickle=True)
    else:
        with Path(path).open("rb") as handle:
            pickle.load(handle)


def test_r07_our_own_folders_hold_no_pickle(cli, place, monkeypatch):
    no_charts(monkeypatch)
    assert cli("run", "recipe.yaml", "--quiet")[0] == 0
    for path in run_folder(place).rglob("*"):
        assert path.suffix in ("", ".json", ".jsonl", ".safetensors", ".parquet", ".html", ".md", ".yaml", ".txt"), path
        if path.is_file() and path.suffix == ".json" and path.name != files.DONE:
            json.loads(path.read_text(encoding="utf-8"))
