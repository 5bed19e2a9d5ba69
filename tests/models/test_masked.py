"""Pseudo-perplexity against a sum made by hand, and where it is offered."""

import math

import torch
import transformers

from dongcha.models.masked import has_masked_head, pseudo_perplexity
from dongcha.models.tokenizer import load_tokenizer
from dongcha.testing import tiny_encoder


def test_only_a_folder_with_such_a_head_is_asked(tmp_path):
    assert not has_masked_head(tiny_encoder(tmp_path / "plain"))


def test_each_token_is_masked_in_turn(tmp_path):
    folder = tiny_encoder(tmp_path / "masked")
    torch.manual_seed(0)
    config = transformers.AutoConfig.from_pretrained(folder)
    module = transformers.BertForMaskedLM(config).eval()
    module.save_pretrained(folder)
    assert has_masked_head(folder)
    tokenizer = load_tokenizer(folder, config)
    ids = tokenizer.ids(["the room was good"])[0]
    total = 0.0
    for place in range(1, len(ids) - 1):
        masked = torch.tensor([[tokenizer.hf.mask_token_id if i == place else token for i, token in enumerate(ids)]])
        with torch.inference_mode():
            total -= float(module(input_ids=masked).logits[0, place].log_softmax(-1)[ids[place]])
    expected = math.exp(total / (len(ids) - 2))
    assert math.isclose(pseudo_perplexity(folder, tokenizer, ["the room was good"]), expected, rel_tol=1e-4)
