"""Each method trains exactly what it names, and after a step nothing else has moved."""

import numpy as np
import pyarrow as pa
import pytest
import torch

from dongcha.adapt import adapt
from dongcha.config import Recipe
from dongcha.data.dataset import Dataset
from dongcha.data.features import gather
from dongcha.data.splits import Splits
from dongcha.errors import RecipeError
from dongcha.loop import LoopSettings
from dongcha.loop.placement import place
from dongcha.models.source import Source
from dongcha.registry import find, names
from dongcha.tasks._model import learn, model_for
from dongcha.tasks._predict import encode
from dongcha.testing import tiny_rows
from dongcha.train import train
from dongcha.types import silent

WAYS = [("bert", "classification", "mean"), ("bert", "classification", None), ("distilbert", "tagging", None)]
WAYS += [("electra", "classification", None)]


def is_head(name):
    return "linear." in name or ("classifier" in name and "hf." in name)


def in_layer(name, nth):
    return f".layer.{nth}." in name


# A second account of what each method trains, by the names that these architectures happen to have.
EXPECTED = {
    ("full", ()): lambda n: True,
    ("head", ()): is_head,
    ("no_embeddings", ()): lambda n: "embeddings" not in n,
    ("last_layers", (("layers", 1),)): lambda n: is_head(n) or in_layer(n, 1) or "pooler" in n,
    ("last_layers", ()): lambda n: "embeddings" not in n,
    ("last_layers", (("layers", 9),)): lambda n: "embeddings" not in n,
    ("lora", ()): lambda n: ".lora_" in n or is_head(n),
}


@pytest.fixture(params=WAYS, ids=lambda p: "-".join(map(str, p)))
def parts(request, tiny_folder):
    kind, task_name, pooling = request.param
    rows = tiny_rows(task_name, 12)
    dataset = Dataset("train", "memory", pa.Table.from_pylist(rows))
    recipe = Recipe(task=task_name, data={"train": rows}, model="m")
    task = learn(recipe, Splits({"train": dataset}, frozenset(), 0))
    model = model_for(recipe, task, Source("tiny", tiny_folder(kind, pooling), ""), dataset)
    return task, model, gather(encode(task, model, dataset))


def adapted_by(model, method, options=(), watch=silent):
    return adapt(model, method, find("adapt", method).Options(**dict(options)), watch=watch)


@pytest.mark.parametrize(("method", "options"), EXPECTED)
def test_a_method_marks_exactly_what_it_names(parts, method, options):
    _, model, _ = parts
    adapted_by(model, "head")  # marks of before are forgotten
    adapted = adapted_by(model, method, options)
    wanted = EXPECTED[method, options]
    every = [name for name, _ in model.module.named_parameters()]
    assert list(adapted.trained) == [name for name in every if wanted(name)]
    assert adapted.head == {name for name in every if is_head(name)}
    assert {name for name, p in model.module.named_parameters() if p.requires_grad} == set(adapted.trained)


@pytest.mark.parametrize(("method", "options"), EXPECTED)
def test_after_a_step_only_that_has_moved(parts, method, options):
    task, model, features = parts
    adapted = adapted_by(model, method, options)
    before = {name: p.detach().clone() for name, p in model.module.named_parameters()}
    settings = LoopSettings(
        seed=0, epochs=1, batch_tokens=10**6, learning_rate=0.1, head_learning_rate=0.1, weight_decay=0.5, warmup=0.0
    )
    rest = {"start": None, "placement": place("cpu", 1), "folder": None, "watch": silent}
    train(adapted, task, features, None, settings, **rest)
    moved = {name for name, p in model.module.named_parameters() if not torch.equal(p, before[name])}
    unmoved = set(adapted.trained) - moved
    assert moved <= set(adapted.trained)
    assert all(name.endswith("key.bias") or "k_lin.bias" in name for name in unmoved), "which no softmax feels"
    if method != "full":
        frozen = dict(model.module.named_parameters()).keys() - set(adapted.trained)
        assert frozen
        assert all(dict(model.module.named_parameters())[name].grad is None for name in frozen)


def test_every_method_is_tried_here():
    assert {method for method, _ in EXPECTED} == set(names("adapt")) - {"zero_shot", "in_context"}  # see the next test


@pytest.mark.parametrize("method", ["zero_shot", "in_context"])
def test_some_train_not_even_the_head(parts, method):
    _, model, _ = parts
    assert adapted_by(model, method).trained == ()
    assert not any(parameter.requires_grad for parameter in model.module.parameters())


def test_what_is_trained_is_told_and_an_unknown_method_refused(parts):
    _, model, _ = parts
    told = []
    adapted_by(model, "head", watch=lambda moment, **facts: told.append((moment, facts)))
    [(moment, facts)] = told
    assert (moment, facts["method"]) == ("adapted", "head")
    assert facts["trained"] == sum(is_head(name) for name, _ in model.module.named_parameters())
    with pytest.raises(RecipeError, match="last_layers"):
        adapted_by(model, "last_layer")


def test_the_size_of_what_trains_grows_with_the_method(parts):
    _, model, _ = parts
    sizes = {name: p.numel() for name, p in model.module.named_parameters()}
    order = [("head", ()), ("last_layers", (("layers", 1),)), ("no_embeddings", ()), ("full", ())]
    counts = [sum(sizes[n] for n in adapted_by(model, method, options).trained) for method, options in order]
    assert counts == sorted(counts)
    assert len(set(counts)) == 4
    assert np.isclose(counts[-1], model.num_parameters)
