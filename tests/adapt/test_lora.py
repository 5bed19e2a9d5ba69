"""Low-rank changes: they begin at nothing, alone they learn, and what is saved is what was trained."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from dongcha.adapt import adapt, finish, release
from dongcha.adapt.lora import HANDLE, MARK, Options
from dongcha.data.features import gather
from dongcha.errors import UserError
from dongcha.loop import LoopSettings
from dongcha.loop.placement import place
from dongcha.models.heads._base import HeadSpec
from dongcha.models.model import build_model
from dongcha.tasks import classification, translation
from dongcha.tasks._base import Lengths
from dongcha.tasks._predict import lay_flat
from dongcha.testing import tiny_encoder, tiny_rows, tiny_writer
from dongcha.train import train
from dongcha.types import silent

SETTINGS = LoopSettings(seed=0, epochs=2, batch_tokens=200, learning_rate=1e-2, head_learning_rate=1e-2)


def reader(folder):
    """A classifier of texts with a head of its own."""
    task = classification.Task(labels=("bad", "good"), lengths=Lengths())
    spec = HeadSpec(name="sequence", num_outputs=2, loss="cross_entropy", labels=task.labels)
    rows = {name: [row[name] for row in tiny_rows("classification", 16)] for name in ("text", "label")}
    return task, build_model(tiny_encoder(folder), spec, max_tokens=None, seed=0, card=task.card()), rows


def writer(kind):
    def made(folder):
        task = translation.Task(prompt="{source}\n", lengths=Lengths(max_tokens=100))
        rows = {name: [row[name] for row in tiny_rows("translation", 16)] for name in ("source", "target")}
        spec = HeadSpec(name="writer", num_outputs=1, loss="next_token")
        model = build_model(tiny_writer(folder, kind=kind), spec, max_tokens=None, seed=0, card=task.card())
        return task.reading(model.tokenizer), model, rows

    return made


MAKERS = {"bert": reader} | {kind: writer(kind) for kind in ("llama", "gpt2", "t5")}


@pytest.fixture(params=list(MAKERS))
def parts(request, tmp_path):
    task, model, rows = MAKERS[request.param](tmp_path / "base")
    return task, model, gather([task.encode(rows, model.tokenizer, 0)])


def outputs(model, features):
    return lay_flat(features, model.logits(features))


def weights(model):
    return {name: tensor.clone() for name, tensor in model.module.state_dict().items()}


def trained(parts, folder=None, **options):
    task, model, features = parts
    adapted = adapt(model, "lora", Options(**options), seed=3)
    placement = place("cpu", 1)
    train(adapted, task, features, None, SETTINGS, start=None, placement=placement, folder=folder, watch=silent)
    return adapted


def test_changes_begin_at_nothing_and_go_as_they_came(parts):
    _, model, features = parts
    before, were = outputs(model, features), weights(model)
    adapted = adapt(model, "lora", Options(rank=2), seed=3)
    assert np.array_equal(outputs(model, features), before)
    assert any(MARK in name for name in adapted.trained)
    assert all(MARK in name or name in adapted.head for name in adapted.trained)
    release(model, "lora")
    assert {*weights(model)} == {*were} and HANDLE not in vars(model.module)
    assert all(torch.equal(tensor, were[name]) for name, tensor in weights(model).items())


def test_the_seed_draws_the_changes_whatever_was_drawn_before(parts):
    _, model, _ = parts

    def drawn(seed):
        adapt(model, "lora", Options(), seed=seed)
        found = {name: tensor.clone() for name, tensor in model.module.named_parameters() if "lora_A" in name}
        release(model, "lora")
        torch.rand(7)
        return found

    one, same, other = drawn(1), drawn(1), drawn(2)
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not any(torch.equal(one[name], other[name]) for name in one)


def test_nothing_but_the_changes_and_the_head_moves(parts):
    _, model, _ = parts
    were = weights(model)
    adapted = trained(parts)
    for name, tensor in weights(model).items():
        plain = name.replace(".base_layer", "")
        if plain in were and plain not in adapted.head:
            assert torch.equal(tensor, were[plain]), name
    assert any(float(p.detach().abs().max()) > 0 for n, p in model.module.named_parameters() if "lora_B" in n)


PLAIN = """
import json, sys
import numpy as np, torch, transformers
from peft import PeftModel
base, adapter, kind, ids = json.loads(sys.argv[1])
model = getattr(transformers, kind).from_pretrained(base)
model = PeftModel.from_pretrained(model, adapter).eval()
with torch.inference_mode():
    given = {"decoder_input_ids": torch.tensor([ids])} if "Seq2Seq" in kind else {}
    out = model(input_ids=torch.tensor([ids]), **given)
found = out.last_hidden_state if kind == "AutoModel" else out.logits
print(json.dumps(found[0].tolist()))
"""


def test_what_is_saved_is_what_was_trained(parts, tmp_path):
    task, model, features = parts
    trained(parts)
    apart = outputs(model, features)
    finish(model, "lora", tmp_path / "adapter")
    merged = outputs(model, features)
    assert np.allclose(merged, apart, atol=1e-4) and not any(MARK in name for name in model.module.state_dict())
    ids = features.tokens["input_ids"][: int(features.starts[1])].tolist()
    two_sided = model.tokenizer.two_sided
    kind = "AutoModel" if task.name == "classification" else "AutoModelForCausalLM"
    kind = "AutoModelForSeq2SeqLM" if two_sided else kind
    asked = json.dumps([str(tmp_path / "base"), str(tmp_path / "adapter"), kind, ids])
    done = subprocess.run([sys.executable, "-c", PLAIN, asked], capture_output=True, text=True, check=True)
    model.module.eval()
    with torch.inference_mode():
        given = {"decoder_input_ids": torch.tensor([ids])} if two_sided else {}
        out = model.module.hf(input_ids=torch.tensor([ids]), **given)
    ours = out.last_hidden_state if kind == "AutoModel" else out.logits
    assert np.allclose(np.array(json.loads(done.stdout)), ours[0].numpy(), atol=1e-4)
    assert (tmp_path / "adapter" / "head.safetensors").is_file() == (task.name == "classification")


def test_targets_are_chosen_by_the_end_of_their_names(tmp_path):
    _, model, _ = writer("llama")(tmp_path / "base")
    adapted = adapt(model, "lora", Options(targets=["q_proj", "v_proj"]))
    assert adapted.trained and all("q_proj" in name or "v_proj" in name for name in adapted.trained)
    release(model, "lora")
    with pytest.raises(UserError, match=r"adapt\.targets: .*q_prj.*q_proj"):
        adapt(model, "lora", Options(targets=["q_prj"]))
