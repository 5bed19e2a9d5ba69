"""In how many parts a batch is computed: by the model's shape alone, the more the larger model and batch are."""

import pytest
import transformers

from dongcha.train.forecast import parts_for

GEMMA = {"num_hidden_layers": 18, "hidden_size": 640, "intermediate_size": 2048, "num_attention_heads": 4}


@pytest.mark.parametrize(("tokens", "parts"), [(227, 1), (613, 1), (1645, 3)])
def test_a_decoder_of_167_million_needs_parts_for_long_rows_alone(tokens, parts):
    config = transformers.AutoConfig.for_model("gemma3_text", **GEMMA, head_dim=256)
    assert parts_for(config, tokens) == parts


@pytest.mark.parametrize("kind", ["llama", "gpt2", "t5", "bart"])
def test_every_shape_that_writes_is_known_and_more_tokens_never_take_fewer_parts(kind):
    config = transformers.AutoConfig.for_model(kind)
    found = [parts_for(config, tokens) for tokens in (1, 100, 1000, 10_000, 100_000)]
    assert found[0] == 1 and found == sorted(found) and found[-1] > 1
