"""Models that write: surprises are plain Transformers', samples do not see one another, batches change nothing."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha.config.sections import Decoding
from dongcha.data.features import IGNORED, Features, bounds, gather
from dongcha.errors import DataError, ModelError
from dongcha.models.heads import writer
from dongcha.models.model import build_model, load_model
from dongcha.models.said import cut_at
from dongcha.models.tokenizer import side_by_side
from dongcha.models.writing import Held, room_for, stream, write
from dongcha.tasks._base import Lengths
from dongcha.tasks._predict import lay_flat
from dongcha.tasks.translation import Task
from dongcha.testing import tiny_encoder, tiny_rows

KINDS = ("llama", "gpt2", "gemma3_text", "t5", "bart")
DECODERS = KINDS[:3]
ROWS = {name: [row[name] for row in tiny_rows("translation", 12)] for name in ("source", "target")}
PROMPT = "Text: {source}\nTranslation:"


def task_for(model, **changes):
    task = Task(prompt=PROMPT, writes="zh", lengths=Lengths(max_tokens=model.tokenizer.max_tokens))
    return replace(task.reading(model.tokenizer), **changes)


def features_of(model, rows=ROWS, **changes):
    return gather([task_for(model, **changes).encode(rows, model.tokenizer, 0)])


@pytest.mark.parametrize("kind", KINDS)
def test_surprises_are_those_of_plain_transformers(models, kind, tmp_path):
    model = models(kind)
    features = features_of(model)
    ours = lay_flat(features, model.logits(features))
    model.save(tmp_path / "saved")
    batch = features.batch(np.arange(len(features)), model.tokenizer.pad_id)
    theirs = writer.plain_outputs(tmp_path / "saved", batch)
    assert np.allclose(ours, theirs[batch["mask"]], atol=1e-5)
    asked = np.asarray(features.tokens["next"]) != IGNORED
    assert (ours[asked] > 0).all() and not ours[~asked].any()


@pytest.mark.parametrize("kind", KINDS)
def test_a_feature_alone_is_as_among_others(models, kind):
    model = models(kind)
    features = features_of(model)
    whole = lay_flat(features, model.logits(features))
    for row in (0, 5, 11):
        alone = features.take(np.array([row]))
        part = slice(int(features.starts[row]), int(features.starts[row + 1]))
        assert np.allclose(lay_flat(alone, model.logits(alone)), whole[part], atol=1e-5)


def end_to_end(features):
    """Put all samples of features into one."""
    units = {"row": np.zeros(1, dtype=np.int64)}
    return Features(bounds(np.array([features.lengths.sum()])), features.tokens, units, {})


@pytest.mark.parametrize("kind", DECODERS)
def test_samples_that_share_a_feature_do_not_see_one_another(models, kind):
    model = models(kind)
    features = features_of(model).take(np.arange(3))
    apart = lay_flat(features, model.logits(features))
    assert np.allclose(lay_flat(end_to_end(features), model.logits(end_to_end(features))), apart, atol=1e-5)
    joined = end_to_end(features)
    blind = replace(joined, tokens=dict(joined.tokens) | {"position": np.arange(int(joined.starts[-1]))})
    assert not np.allclose(lay_flat(blind, model.logits(blind)), apart, atol=1e-3)  # the test can fail


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_the_same_alone_and_among_others(models, kind):
    model = models(kind)
    prompts = features_of(model, {"source": ROWS["source"]})
    decoding = Decoding(max_new_tokens=9)
    among = write(model, prompts, decoding)
    assert len(among) == len(prompts) and any(len(ids) for ids in among)
    for row, ids in enumerate(among):
        alone = write(model, prompts.take(np.array([row])), decoding)
        assert np.array_equal(alone[0], ids)


def test_draws_follow_the_seed(models):
    model = models("llama")
    prompts = features_of(model, {"source": ROWS["source"]})
    drawn = Decoding(max_new_tokens=9, temperature=1.0, top_k=50, top_p=0.99, min_p=0.0)
    one, same, other = (write(model, prompts, drawn, seed=seed) for seed in (1, 1, 2))
    assert all(map(np.array_equal, one, same)) and not all(map(np.array_equal, one, other))


def test_beams_find_no_less_likely_a_text_than_greed(models):
    model = models("llama")
    task = task_for(model)
    prompts = features_of(model, {"source": ROWS["source"]})

    def surprise(beams):
        found = write(model, prompts, Decoding(max_new_tokens=6, beams=beams, length_penalty=0.0))
        whole = task.answered(prompts, [ids[:6] for ids in found], model.tokenizer)
        asked = whole.tokens["next"] != IGNORED
        ends = whole.tokens["next"] == model.tokenizer.end_id
        return float(lay_flat(whole, model.logits(whole))[asked & ~ends].sum())

    assert surprise(8) <= surprise(1) + 1e-3


@pytest.mark.parametrize("kind", KINDS)
def test_prompts_in_features_with_gold_are_those_without(models, kind):
    model = models(kind)
    found, bare = task_for(model).prompts_in(features_of(model)), features_of(model, {"source": ROWS["source"]})
    assert np.array_equal(found.starts, bare.starts)
    assert {*found.tokens} == {*bare.tokens}
    for name, column in bare.tokens.items():
        assert np.array_equal(found.tokens[name], column), name


texts = st.text(st.sampled_from("ab 房间.é"), min_size=1, max_size=90).filter(str.strip)


@settings(max_examples=60, deadline=None)
@given(sources=st.lists(texts, min_size=1, max_size=4), target=texts)
def test_answers_are_whole_and_prompts_make_room(models, sources, target):
    model = models("llama")
    task = task_for(model)
    rows = {"source": sources, "target": [target] * len(sources)}
    features = gather([task.encode(rows, model.tokenizer, 0)])
    assert int(features.lengths.max()) <= model.tokenizer.max_tokens
    for row, said in enumerate(task.perfect(features, rows)):
        if not features.facts["cut_answers"]:
            assert said.target["target"] == target.strip()
        part = slice(int(features.starts[row]), int(features.starts[row + 1]))
        text = model.tokenizer.text_of(features.tokens["input_ids"][part].tolist())
        assert text.startswith("Text:") and "\nTranslation:" in text  # the template itself is never cut


@pytest.mark.parametrize("text", ["房间很好" * 40, "é" * 150, "a房" * 60])
def test_characters_of_several_tokens_are_cut_whole(models, text):
    model = models("llama")
    features = features_of(model, {"source": [text]})
    assert int(features.lengths[0]) <= model.tokenizer.max_tokens and features.facts["cut_rows"] == 1
    read = model.tokenizer.text_of(features.tokens["input_ids"].tolist())
    kept = read.removeprefix("Text: ").removesuffix("\nTranslation:")
    assert kept and text.startswith(kept)


def test_a_prompt_without_room_for_its_text_is_refused(models):
    model = models("llama")
    with pytest.raises(DataError, match=r"data\.prompt"):
        features_of(model, prompt="x" * 200 + "{source}")


def test_room_for_answers_and_where_they_end():
    assert room_for(10) == 20
    assert cut_at("one\ntwo", ("\n",)) == "one"
    assert cut_at("one", ("\n", "x")) == "one"
    assert cut_at("a##b\nc", ("\n", "##")) == "a"


def test_an_encoder_does_not_write(tmp_path):
    with pytest.raises(ModelError, match="does not write"):
        build_model(tiny_encoder(tmp_path / "bert", pooling=None), writer.SPEC, max_tokens=None, seed=0, card={})


@given(st.lists(st.lists(st.lists(st.integers(0, 9), max_size=4), min_size=3, max_size=3), min_size=1, max_size=3))
def test_ragged_columns_are_joined_row_by_row(parts):
    rows = len(parts[0])
    given_parts = [
        (np.array([v for row in part for v in row], np.int32), np.array([len(r) for r in part])) for part in parts
    ]
    joined, lengths, owner = side_by_side(given_parts)
    wanted = [[(v, number) for number, part in enumerate(parts) for v in part[row]] for row in range(rows)]
    assert list(zip(joined.tolist(), owner.tolist(), strict=True)) == [pair for row in wanted for pair in row]
    assert lengths.tolist() == [len(row) for row in wanted]


def test_a_saved_writer_is_loaded_as_it_was(models, tmp_path):
    model = models("llama")
    task = task_for(model)
    replace(model, card=task.card()).save(tmp_path / "saved")
    again = load_model(tmp_path / "saved")
    features = features_of(model)
    assert np.array_equal(lay_flat(features, model.logits(features)), lay_flat(features, again.logits(features)))


@given(
    st.text("ab\n# ", max_size=30),
    st.lists(st.integers(0, 30), max_size=6),
    st.lists(st.sampled_from(["\n", "ab", "#\n#"])),
)
def test_pieces_told_add_up_to_the_text_before_its_stop(text, cuts, stops):
    told = []
    held = Held(told.append, stops)
    ends = [*sorted(cut for cut in cuts if cut < len(text)), len(text)]
    for start, end in zip([0, *ends], ends, strict=False):
        held(text[start:end])
        assert cut_at(text.lstrip(), stops).startswith("".join(told))
    held("", over=True)
    assert "".join(told) == cut_at(text.lstrip(), stops)


@pytest.mark.parametrize("kind", ["llama", "t5"])
def test_a_stream_is_what_is_written_at_once(models, kind):
    model = models(kind)
    prompts = features_of(model, {"source": ROWS["source"][:1]})
    decoding = Decoding(max_new_tokens=9)
    told = []
    (ids,) = stream(model, prompts, decoding, told.append)
    assert np.array_equal(ids, write(model, prompts, decoding)[0])
    assert "".join(told) == model.tokenizer.text_of(ids.tolist()).lstrip()
