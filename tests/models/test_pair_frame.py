"""Two texts in one frame: the very ids, types and cuts that Transformers gives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoConfig

from dongcha.models.tokenizer import frame_pairs, load_tokenizer, shares

KINDS = (("bert", "mean", False), ("distilbert", None, False), ("electra", None, False), ("bert", "mean", True))
text = st.text("the room was good 房间很好北京 ", min_size=1, max_size=120).filter(str.strip)


@pytest.fixture(params=KINDS, ids=["-".join(map(str, kind)) for kind in KINDS], scope="module")
def tokenizer(request, tiny_folder):
    kind, pooling, joins = request.param
    folder = tiny_folder(kind=kind, pooling=pooling, joins_cjk=joins)
    return load_tokenizer(folder, AutoConfig.from_pretrained(folder))


@settings(max_examples=60, deadline=None)
@given(pairs=st.lists(st.tuples(text, text), min_size=1, max_size=5))
def test_ids_types_and_cuts_are_those_of_transformers(tokenizer, pairs):
    first, second = (list(side) for side in zip(*pairs, strict=True))
    lengths, columns, missing = frame_pairs(tokenizer, tokenizer.encode(first), tokenizer.encode(second))
    theirs = tokenizer.hf(first, second, truncation=True, max_length=tokenizer.max_tokens)
    uncut = tokenizer.hf(first, second)["input_ids"]
    assert lengths.tolist() == [len(ids) for ids in theirs["input_ids"]]
    assert columns["input_ids"].tolist() == [i for ids in theirs["input_ids"] for i in ids]
    assert missing.tolist() == [len(a) - len(b) for a, b in zip(uncut, theirs["input_ids"], strict=True)]
    if "token_type_ids" in tokenizer.hf.model_input_names:
        assert columns["token_type_ids"].tolist() == [i for ids in theirs["token_type_ids"] for i in ids]
    else:
        assert "token_type_ids" not in columns


def test_a_model_with_types_gets_them(tiny_folder):
    folder = tiny_folder(kind="bert")
    assert load_tokenizer(folder, AutoConfig.from_pretrained(folder)).pair.types == (0, 1)


def test_a_model_without_types_gets_none(tiny_folder):
    folder = tiny_folder(kind="distilbert", pooling=None)
    assert load_tokenizer(folder, AutoConfig.from_pretrained(folder)).pair.types == (0, 0)


@settings(max_examples=300, deadline=None)
@given(first=st.integers(0, 90), second=st.integers(0, 90), room=st.integers(2, 61))
def test_the_longer_text_is_cut_first(first, second, room):
    one, two = (int(kept[0]) for kept in shares(np.array([first]), np.array([second]), room))
    assert one <= first and two <= second
    assert one + two == min(first + second, room)
    if first + second > room:
        assert abs(one - two) <= 1 or min(one, two) == min(first, second)
