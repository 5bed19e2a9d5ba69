"""The cloze head on a tiny random masked language model: against sums made by hand, saved, loaded, refused."""

import numpy as np
import pytest
import torch
import transformers
from finished_runs import tiny_roberta
from tiny_models import built

from dongcha.errors import ModelError
from dongcha.models.heads import cloze
from dongcha.models.heads.cloze import answers
from dongcha.models.model import load_model
from dongcha.models.vectors import texts_as_features
from dongcha.tasks._cloze import set_words, template_of
from dongcha.tasks._described import ZeroShot
from dongcha.tasks._predict import lay_flat
from dongcha.testing import tiny_encoder

ROWS = ["the room was clean", "bad service", "in paris the room was noisy and dirty", "good"]
LABELS = ("bad", "good", "中")
WORDS = {"bad": ["dirty", "noisy"], "good": "good", "中": "a b"}
SUFFIX, PREFIX = "{text} it was {mask}.", "{mask} it was: {text}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tiny_encoder(tmp_path_factory.mktemp("cloze") / "tiny", pooling=None)
    torch.manual_seed(0)
    transformers.BertForMaskedLM(transformers.AutoConfig.from_pretrained(folder)).save_pretrained(folder)
    return folder


def asked(folder, template=SUFFIX, **options):
    model = built(folder, "cloze", template=template)
    features = texts_as_features(model, ROWS)
    set_words(model, LABELS, features, ZeroShot(by="cloze", descriptions=WORDS, **options))
    return model, features


@pytest.mark.parametrize("template", [SUFFIX, PREFIX])
def test_an_output_is_the_log_of_the_summed_probability_of_the_labels_words(folder, template):
    model, features = asked(folder, template, calibrate=False)
    plain = transformers.BertForMaskedLM.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    found = lay_flat(features, model.logits(features))
    for row, text in enumerate(ROWS):
        ids = tokenizer(template.format(text=text, mask="[MASK]"), return_tensors="pt")["input_ids"]
        with torch.inference_mode():
            scores = plain(input_ids=ids).logits[0, (ids[0] == tokenizer.mask_token_id).nonzero().item()]
        log_probs = scores.log_softmax(-1)
        at = {
            word: float(log_probs[tokenizer.convert_tokens_to_ids(word)])
            for word in ("dirty", "noisy", "good", "a", "b")
        }
        wanted = [np.log(np.exp(at["dirty"]) + np.exp(at["noisy"])), at["good"], (at["a"] + at["b"]) / 2]
        np.testing.assert_allclose(found[row], wanted, atol=1e-4)


def test_calibration_makes_every_labels_mean_the_same(folder):
    model, features = asked(folder)
    np.testing.assert_allclose(lay_flat(features, model.logits(features)).mean(axis=0), 0.0, atol=1e-5)


def test_the_order_of_labels_and_words_does_not_matter():
    scores = torch.randn(5, 40, generator=torch.Generator().manual_seed(0))
    pieces, label = torch.tensor([[3, -1], [4, 5], [6, -1]]), torch.tensor([0, 1, 1])
    plain = answers(scores, pieces, label, torch.zeros(2))
    turned = answers(scores, pieces[[2, 0, 1]], torch.tensor([0, 1, 0]), torch.zeros(2))
    torch.testing.assert_close(turned, plain[:, [1, 0]])


def test_saved_equals_loaded(folder, tmp_path):
    model, features = asked(folder)
    model.save(tmp_path / "saved")
    loaded = load_model(tmp_path / "saved")
    again = texts_as_features(loaded, ROWS)
    assert np.array_equal(again.tokens["input_ids"], features.tokens["input_ids"])
    np.testing.assert_array_equal(lay_flat(again, loaded.logits(again)), lay_flat(features, model.logits(features)))


@pytest.fixture(scope="module")
def byte_level(tmp_path_factory):
    return tiny_roberta(tmp_path_factory.mktemp("cloze") / "byte-level")


TEMPLATES = [
    *(SUFFIX, PREFIX, "{text} {mask}", "{mask} {text}", " it was:{mask}, {text} "),
    *("{text}: it was {mask}, or not", "{text} 是关于{mask}的。"),
]


@pytest.mark.parametrize("kind", ["folder", "byte_level"])
@pytest.mark.parametrize("template", TEMPLATES)
def test_plain_transformers_reads_the_template_alike_and_the_words_as_they_stand_in_it(kind, template, request):
    model, _ = asked(request.getfixturevalue(kind), template, calibrate=False)
    plain = transformers.AutoTokenizer.from_pretrained(request.getfixturevalue(kind))
    rows = [*ROWS, "", " good", "bad.", "(good)", "它很好"]
    features = texts_as_features(model, rows)
    for row, text in enumerate(rows):
        ids = plain(cloze.plain_text(model.module, model.tokenizer, text))["input_ids"]
        own = np.asarray(features.tokens["input_ids"])[features.starts[row] : features.starts[row + 1]].tolist()
        assert own == ids and own.index(plain.mask_token_id) == model.module.place % len(own)
    filled = plain(model.module.template.format(text="a", mask="good"))["input_ids"]
    pieces = [piece for piece in model.module.pieces[2].tolist() if piece >= 0]
    assert any(filled[at : at + len(pieces)] == pieces for at in range(len(filled)))


def test_texts_behind_a_blank_have_their_places_as_given(byte_level):
    tokenizer = asked(byte_level, PREFIX)[0].tokenizer
    found = tokenizer.encode(["good room", " bad"])
    room, bad = (slice(*found.starts[row : row + 2]) for row in (0, 1))
    assert (found.begin[room][0], found.end[room][-1]) == (0, len("good room"))
    assert (found.begin[bad][0], found.end[bad][-1]) == (0, len(" bad"))


def test_a_long_text_is_cut_and_the_template_is_not(folder):
    model, _ = asked(folder)
    features = texts_as_features(model, ["the room was good and " * 60])
    assert int(features.lengths[0]) == model.tokenizer.max_tokens
    assert (np.asarray(features.tokens["input_ids"]) == model.tokenizer.hf.mask_token_id).sum() == 1


def test_few_scores_at_once_give_the_same(folder, monkeypatch):
    model, features = asked(folder)
    whole = lay_flat(features, model.logits(features))
    monkeypatch.setattr(cloze, "MOST_SCORES", 1)
    np.testing.assert_allclose(lay_flat(features, model.logits(features)), whole, atol=1e-5)


def test_a_model_without_such_a_head_is_refused(tmp_path):
    with pytest.raises(ModelError, match="masked-language-model head"):
        built(tiny_encoder(tmp_path / "plain"), "cloze", template=SUFFIX)


def test_the_template_is_in_the_language_of_the_words():
    assert "about {mask}" in template_of(ZeroShot(by="cloze"), ("good",))
    assert "关于{mask}" in template_of(ZeroShot(by="cloze"), ("好评",))
    assert template_of(ZeroShot(by="cloze", templates=[SUFFIX]), LABELS) == SUFFIX
