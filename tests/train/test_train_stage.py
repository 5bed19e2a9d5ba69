"""The stage as a whole on tiny models: it learns, keeps the best, goes on after a death, starts from a probe."""

import numpy as np
import pytest
import torch
from tiny_train import Parts, digest, settings_of

from dongcha.models.anatomy import without_decay
from dongcha.models.heads import token
from dongcha.models.probe import fit_probe, linear_heads, set_head, vectors_of
from dongcha.objectives.task import TaskObjective
from dongcha.tasks._predict import lay_flat, predict_rows
from dongcha.testing import tiny_rows
from dongcha.train.train import parameter_groups, validate

WAYS = [("classification", "mean"), ("classification", None), ("tagging", None)]


def score(parts):
    return validate(parts.model, parts.task, TaskObjective(parts.model.spec), parts.validation)


@pytest.mark.parametrize(("task", "pooling"), WAYS)
def test_it_learns_and_the_module_holds_the_best(tiny_folder, task, pooling):
    parts = Parts.make(tiny_folder(pooling=pooling), task)
    before = score(parts)
    trained = parts.train(settings_of(epochs=8, patience=None))
    state = trained.fitted.state
    assert before.score < 1.0
    assert state.best_score == 1.0
    after = score(parts)
    assert (after.score, after.loss) == (state.best_score, state.best_loss)
    assert after.loss < before.loss
    rows = {"text": [row["text"] for row in tiny_rows(task, 70)[60:]]}
    gold = [row[parts.task.fields[-1]] for row in tiny_rows(task, 70)[60:]]
    found = [p.target[parts.task.fields[-1]] for p in predict_rows(parts.task, parts.model, rows)]
    if task == "tagging":
        found = [[{k: v for k, v in span.items() if k != "confidence"} for span in spans] for spans in found]
    assert found == gold


@pytest.mark.parametrize(("task", "pooling"), WAYS)
def test_two_trainings_are_the_same_to_the_bit_and_a_resumed_one_too(tiny_folder, tmp_path, task, pooling):
    class Killed(Exception):
        pass

    def kill(moment, **facts):
        if moment == "checkpoint" and facts["step"] == 7:
            raise Killed

    ends = []
    for _ in range(2):
        parts = Parts.make(tiny_folder(pooling=pooling), task)
        parts.train()
        ends.append(digest(parts.model.module))
    with pytest.raises(Killed):
        Parts.make(tiny_folder(pooling=pooling), task).train(
            settings_of(checkpoint_seconds=-1.0), folder=tmp_path, watch=kill
        )
    parts = Parts.make(tiny_folder(pooling=pooling), task)
    parts.train(folder=tmp_path)
    assert [*ends, digest(parts.model.module)] == [ends[0]] * 3


def test_a_validation_label_that_training_never_saw_is_no_reason_to_fail(tiny_folder):
    """It counts as wrong in the score and is left out of the loss, with class weights too."""
    known = tiny_rows("classification", 90)[60:]
    for options in ({}, {"class_weights": "balanced"}):
        plain = Parts.make(tiny_folder(), valid_rows=known, **options)
        with_new = Parts.make(tiny_folder(), valid_rows=[*known, {"id": "n", "text": "the", "label": "new"}], **options)
        one, two = score(plain), score(with_new)
        assert two.score == pytest.approx(one.score * 30 / 31)
        assert two.loss == pytest.approx(one.loss, rel=1e-4)
    assert with_new.train(settings_of(epochs=1)).fitted.state.scores


def test_long_texts_are_learnt_from_all_their_windows(tiny_folder):
    """The word that decides stands where truncation never reads."""
    rows = [{**row, "text": f"{'the room ' * 32}{row['text']}"} for row in tiny_rows("classification", 90)]
    found = {}
    for long_texts in ("truncate", "windows"):
        data = {"long_texts": long_texts, "max_tokens": 48}
        parts = Parts.make(tiny_folder(), rows=rows[:60], valid_rows=rows[60:], data=data)
        found[long_texts] = parts.train(settings_of(epochs=8, patience=None)).fitted.state.best_score
    assert found["truncate"] < 0.7
    assert found["windows"] > 0.9


def test_without_validation_it_trains_to_the_end(tiny_folder):
    trained = Parts.make(tiny_folder()).train(settings_of(epochs=1), validated=False)
    assert trained.fitted.state.step == trained.fitted.total_steps
    assert trained.fitted.state.best_score is None


@pytest.mark.parametrize(("task", "pooling"), WAYS)
def test_groups_have_their_rates_and_spare_biases_and_norms(tiny_folder, task, pooling):
    parts = Parts.make(tiny_folder(pooling=pooling), task)
    adapted = parts.adapted()
    settings = settings_of(learning_rate=0.25, head_learning_rate=0.5, weight_decay=0.125)
    names = {id(p): name for name, p in parts.model.module.named_parameters()}
    seen = {}
    for group in parameter_groups(adapted, settings):
        for parameter in group["params"]:
            assert id(parameter) not in seen
            seen[id(parameter)] = (group["lr"], group["weight_decay"])
    assert {names[key] for key in seen} == set(names.values())
    spared = without_decay(parts.model.module)
    for key, found in seen.items():
        name = names[key]
        in_head = "linear" in name or "classifier" in name
        assert found == (0.5 if in_head else 0.25, 0.0 if name in spared else 0.125), name
    only_head = parameter_groups(parts.adapted("head"), settings)
    assert {group["lr"] for group in only_head} == {0.5}


def test_the_loss_on_validation_is_the_mean_over_targets(tiny_folder):
    for task, pooling in WAYS:
        parts = Parts.make(tiny_folder(pooling=pooling), task)
        features = parts.validation.features
        outputs = torch.from_numpy(lay_flat(features, parts.model.logits(features)))
        targets = features.tokens["target"] if task == "tagging" else features.units["target"]
        expected = torch.nn.functional.cross_entropy(outputs, torch.from_numpy(np.asarray(targets)))
        assert score(parts).loss == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_a_head_set_from_a_probe_gives_the_frozen_answers(tiny_folder, pooling):
    parts = Parts.make(tiny_folder(pooling=pooling))
    probe = fit_probe(parts.model, parts.features, seed=0)
    features = parts.validation.features
    frozen = probe(vectors_of(parts.model, features))
    set_head(parts.model, probe)
    outputs = lay_flat(features, parts.model.logits(features))
    np.testing.assert_allclose(outputs, frozen, rtol=1e-4, atol=1e-4)


def test_a_token_head_set_from_a_probe_gives_the_frozen_answers_on_words(tiny_folder):
    parts = Parts.make(tiny_folder(pooling=None), "tagging")
    probe = fit_probe(parts.model, parts.features, seed=0)
    features = parts.validation.features
    frozen = probe(token.vectors(parts.model, features))
    set_head(parts.model, probe)
    words = features.tokens["word"] >= 0
    outputs = lay_flat(features, parts.model.logits(features))
    np.testing.assert_allclose(outputs[words], frozen[words], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["bert", "distilbert", "electra"])
def test_a_head_with_layers_between_is_left_as_it_was_drawn(tiny_folder, kind):
    """Transformers' own sequence classes put a pooler or a dense layer between the vectors and the outputs."""
    parts = Parts.make(tiny_folder(kind, None))
    probe = fit_probe(parts.model, parts.features, seed=0)
    before = digest(parts.model.module)
    set_head(parts.model, probe)
    assert digest(parts.model.module) == before
    assert not linear_heads(parts.model)


def test_training_starts_from_the_probe_when_it_is_given_one(tiny_folder):
    still = settings_of(epochs=1, learning_rate=0.0, head_learning_rate=0.0, weight_decay=0.0)
    parts = Parts.make(tiny_folder())
    probe = fit_probe(parts.model, parts.features, seed=0)
    parts.train(still, start=probe)
    weight = parts.model.module.linear.weight.detach().numpy()
    np.testing.assert_array_equal(weight, probe.weight.astype(np.float32))
    parts = Parts.make(tiny_folder())
    drawn = parts.model.module.linear.weight.detach().clone()
    parts.train(still)
    assert torch.equal(parts.model.module.linear.weight.detach(), drawn)


def test_a_validation_scores_answers_with_the_threshold_that_they_will_have(tiny_folder):
    """A reader that does not answer well yet keeps silent; without the threshold it loses to one that always does."""
    nothing = {"answers": {"text": [], "answer_start": []}}
    rows = [row | (nothing if i % 2 else {}) for i, row in enumerate(tiny_rows("qa", 60))]
    parts = Parts.make(tiny_folder(), "qa", rows=rows[:40], valid_rows=rows[40:])
    found = validate(parts.model, parts.task, TaskObjective(parts.model.spec), parts.validation)
    assert found.score >= 0.5
