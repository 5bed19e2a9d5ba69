"""Causal language modelling: texts that share a block see nothing of one another, all is asked for, it is learnt."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_study import TEXTS, study_of
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from dongcha.data.features import IGNORED, gather
from dongcha.models.heads import writer
from dongcha.models.model import build_model
from dongcha.models.tokenizer import load_tokenizer
from dongcha.pretrain import causal, pretrain
from dongcha.tasks._predict import lay_flat
from dongcha.testing import tiny_writer

KINDS = ("llama", "gpt2", "gemma3_text")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {kind: tiny_writer(tmp_path_factory.mktemp(kind), kind=kind) for kind in KINDS}


@pytest.fixture(scope="module")
def tokenizer(folders):
    return load_tokenizer(folders["llama"], AutoConfig.from_pretrained(folders["llama"]))


@pytest.mark.parametrize("kind", KINDS)
def test_the_surprise_of_each_text_in_a_pack_is_that_of_it_alone(folders, kind):
    model = build_model(folders[kind], writer.SPEC, max_tokens=None, seed=0, card={})
    texts = [text[: 30 + i] for i, text in enumerate(TEXTS[:7])]
    alone, pack = (gather([lay(texts, model.tokenizer, 0)]) for lay in (causal.apart, causal.encode))
    assert model.module.keeps_apart
    assert len(alone) == 7 > len(pack) and pack.lengths.max() <= model.tokenizer.max_tokens
    apart, together = (lay_flat(features, model.logits(features)) for features in (alone, pack))
    assert np.allclose(apart, together, atol=1e-5) and apart.max() > 1
    places = dict(pack.tokens) | {"position": np.concatenate([np.arange(n) for n in pack.lengths])}
    blind = replace(pack, tokens=places)
    assert not np.allclose(apart, lay_flat(blind, model.logits(blind)), atol=1e-3)  # the test can fail


SEEING = {  # classes whose masks or states do not part packed samples
    "opt": {
        "hidden_size": 32,
        "ffn_dim": 64,
        "word_embed_proj_dim": 32,
        "num_attention_heads": 2,
        "num_hidden_layers": 2,
    },
    "bloom": {"hidden_size": 32, "n_layer": 2, "n_head": 2},
    "mamba": {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 4},
}


def seeing(folder, kind):
    """A tiny writer of a class that reads packed samples as one."""
    tiny_writer(folder)
    ids = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    vocabulary = len(AutoTokenizer.from_pretrained(folder))
    torch.manual_seed(0)
    config = AutoConfig.for_model(kind, vocab_size=vocabulary, max_position_embeddings=160, **SEEING[kind], **ids)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("kind", SEEING)
def test_no_text_sees_another_in_models_that_would_let_it(tmp_path, kind):
    model = build_model(seeing(tmp_path / kind, kind), writer.SPEC, max_tokens=None, seed=0, card={})
    texts = [text[: 30 + i] for i, text in enumerate(TEXTS[:7])]
    alone, pack = (gather([lay(texts, model.tokenizer, 0)]) for lay in (causal.apart, causal.encode))
    apart, together = (lay_flat(features, model.logits(features)) for features in (alone, pack))
    assert not model.module.keeps_apart
    assert np.allclose(apart, together, atol=1e-5) and apart.max() > 1


texts_of_all_lengths = st.lists(st.text(st.sampled_from("ab 房间。.!"), max_size=90), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(texts=texts_of_all_lengths, most=st.integers(16, 64))
def test_packing_loses_nothing_and_asks_for_every_token_but_the_first(tokenizer, texts, most):
    import copy

    reader = copy.copy(tokenizer)
    reader.max_tokens = most
    pack, alone = causal.encode(texts, reader, 5), causal.apart(texts, reader, 5)
    assert (pack.lengths <= most).all() and pack.lengths.sum() == alone.lengths.sum()
    ids, following, place = (pack.tokens[name] for name in ("input_ids", "next", "position"))
    begins = place == 0
    assert begins.sum() == len(alone.lengths) and (ids[begins] == reader.prefix[0]).all()
    assert (following[:-1][~begins[1:]] == ids[1:][~begins[1:]]).all()
    last = np.append(begins[1:], True)[: len(ids)]
    assert (following[last] == IGNORED).all()
    inner = ids[(ids != reader.prefix[0]) & (ids != reader.end_id)]
    assert np.array_equal(inner, reader.encode(texts).ids)
    assert (ids == reader.end_id).sum() == sum(bool(text) for text in texts), "each text ends once"
    assert set(pack.units["row"].tolist()) <= set(range(5, 5 + len(texts)))


def test_blocks_are_full_where_texts_are_short(tokenizer):
    pack = causal.encode(["good room"] * 60, tokenizer, 0)
    assert pack.lengths.sum() > 0.9 * tokenizer.max_tokens * (len(pack.lengths) - 1)


def test_a_decoder_learns_its_texts_better_than_frequencies_know_them(tmp_path, folders):
    study = study_of(folders["llama"], tmp_path / "home", "causal")
    many = replace(study.settings, max_steps=150, epochs=150, validate_steps=None, checkpoint_seconds=1e9)
    study = replace(study, settings=replace(many, learning_rate=1e-2, head_learning_rate=1e-2))
    texts = causal.general(TEXTS, study.source, study.seen.tokenizer, 7)
    frequencies = causal.by_frequency(study.corpus, study.seen.tokenizer.raw.get_vocab_size())
    unigram = texts.metric.figure(texts.outcome(frequencies))
    told = pretrain(study, probe=texts, general={"own": texts}, target=tmp_path / "new").told
    before, after = told["surprise"]["own"]
    assert told["metric"] == "token_loss" and unigram < before and after < unigram - 1
    assert AutoModelForCausalLM.from_pretrained(tmp_path / "new").num_parameters() == 35232


def test_frequencies_are_those_of_what_is_asked_for(folders, tokenizer):
    corpus = gather([causal.encode(TEXTS, tokenizer, 0)])
    module = causal.by_frequency(corpus, tokenizer.raw.get_vocab_size())
    asked = corpus.tokens["next"][corpus.tokens["next"] != IGNORED]
    counts = np.bincount(asked, minlength=tokenizer.raw.get_vocab_size()) + 1
    texts = causal.general(["the room", "", "北京"], folders["llama"], tokenizer, 7)
    found = texts.outcome(module)
    wanted = [int(np.append(ids[1:], tokenizer.end_id).size) for ids in tokenizer.ids(["the room", "北京"])]
    assert found.gold.tolist() == [wanted[0], 0, wanted[1]]
    said = -np.log(counts / counts.sum())[[*tokenizer.ids(["the room"])[0][1:], tokenizer.end_id]].sum()
    assert found.predicted[0] == pytest.approx(said, rel=1e-5)
