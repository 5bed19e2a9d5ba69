"""Make tiny models that write what a test wants: each token follows from the one before it, whatever came earlier."""

from itertools import pairwise

import torch
import transformers

from dongcha.models.heads import writer
from dongcha.models.model import build_model
from dongcha.testing import tiny_writer


def chained(folder, *texts, tokenizer=None):
    """Return the model that goes on from the first letter of each text to its next ones, and ends behind the last.

    A letter is a byte, and the same one follows it in all texts that go on; `tokenizer` is written over the usual one.
    """
    tiny_writer(folder)
    if tokenizer is not None:
        tokenizer.save_pretrained(folder)
    read = transformers.AutoTokenizer.from_pretrained(folder)
    end, pad = read.eos_token_id, read.pad_token_id
    hf = transformers.AutoModelForCausalLM.from_pretrained(folder)
    hf.config.eos_token_id = hf.generation_config.eos_token_id = end
    hf.config.pad_token_id = hf.generation_config.pad_token_id = pad
    with torch.no_grad():
        for name, weight in hf.named_parameters():
            if name.endswith(("o_proj.weight", "down_proj.weight")):  # nothing is added to a token's own vector
                weight.zero_()
        torch.nn.init.normal_(hf.get_input_embeddings().weight, generator=torch.Generator().manual_seed(0))
        vectors = torch.nn.functional.normalize(hf.get_input_embeddings().weight, dim=1)
        hf.lm_head.weight.zero_()
        parts = [read(text, add_special_tokens=False).input_ids for text in texts]
        follows = {ids[-1]: end for ids in parts} | {one: other for ids in parts for one, other in pairwise(ids)}
        for token, following in follows.items():
            hf.lm_head.weight[following] += 5 * vectors[token]
    hf.save_pretrained(folder)
    return build_model(folder, writer.SPEC, max_tokens=None, seed=0, card={})
