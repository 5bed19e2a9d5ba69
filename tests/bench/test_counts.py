"""Operations, the matrix-product peak, shares of a profile: the arithmetic that a figure stands on."""

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from bench import _peak, _profile
from bench._rows import WARM
from dongcha.models.heads._base import HeadSpec
from dongcha.models.model import build_model
from dongcha.testing.tiny import SHAPE

SPEC = HeadSpec(name="token", num_outputs=3, loss="cross_entropy", labels=("a", "b", "c"))
WIDTH, INNER, LAYERS = SHAPE["hidden_size"], SHAPE["intermediate_size"], SHAPE["num_hidden_layers"]


@pytest.fixture(scope="module")
def module(tiny_folder):
    return build_model(tiny_folder(pooling=None), SPEC, max_tokens=None, seed=0, card={}).module


def test_parameters_outside_tables_are_those_counted_by_hand(module):
    attention = 4 * (WIDTH * WIDTH + WIDTH)
    feed_forward = 2 * WIDTH * INNER + INNER + WIDTH
    norms = 2 * 2 * WIDTH
    head = 3 * WIDTH + 3
    assert _peak.outside_tables(module) == LAYERS * (attention + feed_forward + norms) + 2 * WIDTH + head


def test_operations_are_those_counted_by_hand(module):
    lengths = np.array([3, 5])
    attention = 12 * LAYERS * WIDTH * (9 + 25)
    assert _peak.training_operations(module, lengths) == 6 * _peak.outside_tables(module) * 8 + attention


def test_operations_are_those_that_torch_counts(module):
    module.hf.set_attn_implementation("eager")
    texts, tokens = 3, 20
    ids, mask = torch.ones(texts, tokens, dtype=torch.long), torch.ones(texts, tokens, dtype=torch.bool)
    with FlopCounterMode(display=False) as counter:
        module(ids, mask).sum().backward()
    # torch counts products alone: biases and norms are what the rule adds
    found = _peak.training_operations(module, np.full(texts, tokens))
    assert found == pytest.approx(counter.get_total_flops(), rel=0.05)


def test_the_peak_is_the_best_side_by_its_median(monkeypatch):
    side_2 = (0, 9, 10, 11, 20, 22, 30, 33)  # 9 s that do not count, then 1, 2, 3 s
    side_4 = (0, 1, 10, 14, 20, 24, 30, 34)  # 4 s each
    times = iter((*side_2, *side_4))
    monkeypatch.setattr(_peak.time, "perf_counter", lambda: next(times))
    assert _peak.matrix_peak((2, 4), 3) == max(2 * 2**3 / 2, 2 * 4**3 / 4)


def test_shares_are_of_wall_time_and_the_rest_is_outside_operations():
    spent = {"aten::mm": 3.0, "aten::addmm": 1.0, "aten::gelu": 2.0, "aten::mul": 0.5, "aten::_foreach_mul_": 1.5}
    found = _profile.shares(spent, 10.0)
    assert found["operations"]["aten::mm"] == 0.3
    families = found["families"]
    assert families["products"] == pytest.approx(0.4)
    assert families["norms"] == pytest.approx(0.15)
    assert families["rest"] == pytest.approx(0.2)
    assert sum(families.values()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("operation", "family"),
    [
        ("aten::mm", "products"),
        ("aten::mul_", "elementwise"),
        ("aten::_fused_adamw_", "optimiser"),
        ("aten::_foreach_norm", "norms"),
        ("aten::embedding_dense_backward", "table"),
        ("aten::_scaled_dot_product_flash_attention_for_cpu", "attention"),
        ("aten::native_layer_norm_backward", "activations"),
        ("aten::bernoulli_", "dropout"),
        ("aten::nobody_knows", "other"),
    ],
)
def test_an_operation_has_its_family(operation, family):
    assert _profile.family(operation) == family


def test_a_profile_begins_after_the_warm_steps():
    done = []

    def stretch(num_steps, seed, told):
        for step in range(1, WARM + num_steps + 3):
            torch.mm(torch.ones(4, 4), torch.ones(4, 4)) if step > WARM else torch.erf(torch.ones(4))
            done.append(step)
            told(step)

    found = _profile.profile(stretch)
    assert len(done) == WARM + _profile.STEPS + 2
    assert "aten::mm" in found["operations"]
    assert "aten::erf" not in found["operations"]
