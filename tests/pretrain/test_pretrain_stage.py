"""The stage: what is new trains alone, a kill at any step changes no bit, the best look is kept, folders stay whole."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file
from tiny_study import ALONE, STEPS, TEXTS, digest, study_of

from dongcha import files
from dongcha.config.near import nearest
from dongcha.config.sections import Pretrain
from dongcha.data.features import gather
from dongcha.errors import ModelError
from dongcha.loop import Validation
from dongcha.models.kind import ENCODER
from dongcha.models.masked import has_masked_head, load_masked
from dongcha.models.vocabulary import can_be_narrowed
from dongcha.pretrain import pretrain
from dongcha.pretrain._fits import fitting
from dongcha.pretrain._study import Study
from dongcha.registry import find, names
from dongcha.testing import tiny_encoder, tiny_writer
from dongcha.types import Interval, Verdict

METHODS = names("pretrain")
OF_ENCODERS = fitting(ENCODER, task_writes=False)
WRITERS = {"causal": "llama", "span_corruption": "t5"}


@pytest.fixture(autouse=True, scope="module")
def no_flush():
    """Skip fsync: no power is cut here, and it takes most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files.os, "fsync", lambda handle: None)
        yield


@pytest.fixture(scope="module")
def folder_for(tiny_folder, tmp_path_factory):
    """Make the tiny model that a method is for."""

    def folder(method):
        if method not in WRITERS:
            return tiny_folder()
        path = tmp_path_factory.getbasetemp() / f"stage-{WRITERS[method]}"
        return path if path.is_dir() else tiny_writer(path, kind=WRITERS[method])

    return folder


class Killed(Exception):
    """Stands for a death of the process: nothing in the loop catches it."""


class Eyes:
    """A probe whose scores are given: by look, the original first."""

    metric = type("Metric", (), {"name": "accuracy", "greater_is_better": True})

    def __init__(self, scores):
        self.scores, self.looks, self.seen = scores, 0, []

    def outcome(self, module):
        self.looks += 1
        self.seen.append(digest(module))
        return self.looks - 1

    def score(self, look):
        return Validation(self.scores[look], 0.0)

    def compare(self, before, after):
        return Verdict(Interval(0.1, 0.0, 0.2), 0.5, "mcnemar", 1, 0, "even")


def stage(study, target, probe=None):
    return pretrain(study, probe=probe, general={}, target=target)


def test_no_option_of_a_method_reads_like_a_mistyped_key_of_all():
    shared = list(Pretrain.model_fields)
    for method in METHODS:
        for option in find("pretrain", method).Options.model_fields:
            assert not nearest(option, shared), f"{method} {option} would be taken for a typo"


@pytest.mark.parametrize("method", METHODS)
def test_a_kill_at_any_step_changes_no_bit(tmp_path, folder_for, method):
    folder = folder_for(method)
    straight = study_of(folder, tmp_path / "straight", method)
    stage(straight, tmp_path / "a")
    wanted = digest(straight.learner.module)
    deaths = (ALONE if straight.learner.alone_steps else 0) + STEPS
    alive = []

    def dies(moment, **facts):
        if moment == "checkpoint":
            alive.append(facts)
            raise Killed

    for _ in range(deaths + 2):
        study = study_of(folder, tmp_path / "killed", method, watch=dies)
        try:
            stage(study, tmp_path / "b")
        except Killed:
            continue
        break
    assert len(alive) == deaths, "it was killed after every step"
    assert digest(study.learner.module) == wanted
    written = [load_file(tmp_path / name / "model.safetensors") for name in "ab"]
    assert all(torch.equal(written[0][name], written[1][name]) for name in written[0])
    assert written[0].keys() == written[1].keys()


def test_a_kill_between_the_two_stretches_changes_no_bit(tmp_path, tiny_folder):
    straight = study_of(tiny_folder(), tmp_path / "straight")
    stage(straight, tmp_path / "a")
    begun = []

    def dies(moment, **facts):
        begun.extend([moment] if moment == "train_begins" else [])
        if len(begun) == 2:
            raise Killed

    with pytest.raises(Killed):
        stage(study_of(tiny_folder(), tmp_path / "killed", watch=dies), tmp_path / "b")
    again = study_of(tiny_folder(), tmp_path / "killed")
    stage(again, tmp_path / "b")
    assert digest(again.learner.module) == digest(straight.learner.module)


@pytest.mark.parametrize("method", OF_ENCODERS)
def test_pretraining_moves_the_backbone_and_the_folder_stays_a_model(tmp_path, tiny_folder, method):
    folder, target = tiny_folder(), tmp_path / "new"
    study = study_of(folder, tmp_path / "home", method)
    told = stage(study, target).told
    assert told["steps"] == STEPS
    old, new = (transformers.AutoModel.from_pretrained(place) for place in (folder, target))
    same = [torch.equal(a, b) for a, b in zip(old.parameters(), new.parameters(), strict=True)]
    assert not all(same)
    pooler = [torch.equal(p, dict(new.named_parameters())[n]) for n, p in old.named_parameters() if "pooler" in n]
    assert pooler and all(pooler), "a pooler that was not trained is carried over"
    assert (target / "1_Pooling/config.json").read_bytes() == (folder / "1_Pooling/config.json").read_bytes()
    backbone = study.learner.module.backbone.state_dict()
    loaded = new.state_dict()
    assert all(torch.equal(tensor, loaded[name]) for name, tensor in backbone.items())
    transformers.AutoTokenizer.from_pretrained(target)


@pytest.mark.parametrize("kind", ["bert", "distilbert", "electra"])
def test_a_missing_head_is_tied_and_the_table_is_never_narrowed(tmp_path, tiny_folder, kind):
    module = load_masked(tiny_folder(kind=kind), 0)
    table = module.backbone.get_input_embeddings()
    assert module.hf.get_output_embeddings().weight is table.weight
    assert module.new and all("embeddings" not in name for name in module.new)
    assert not can_be_narrowed(module, table), "the output layer reads every row"


def test_a_decoder_that_rebuilds_ties_its_table_too(tmp_path, tiny_folder):
    module = study_of(tiny_folder(), tmp_path, "tsdae").learner.module
    assert module.output.weight is module.backbone.get_input_embeddings().weight
    assert not can_be_narrowed(module, module.backbone.get_input_embeddings())
    simcse = study_of(tiny_folder(), tmp_path, "simcse").learner.module
    assert can_be_narrowed(simcse, simcse.backbone.get_input_embeddings()), "nothing but lookups reads it"


def test_what_is_new_trains_alone_first(tmp_path, tiny_folder):
    study = study_of(tiny_folder(), tmp_path)
    before = {name: p.detach().clone() for name, p in study.learner.module.named_parameters()}
    study.alone("alone")
    moved = {n for n, p in study.learner.module.named_parameters() if not torch.equal(p, before[n])}
    assert moved == set(study.learner.module.new)
    assert (tmp_path / "alone" / files.DONE).is_file()


def test_a_head_that_is_there_is_used_and_not_trained_alone(tmp_path, tiny_folder):
    stage(study_of(tiny_folder(), tmp_path / "one"), tmp_path / "with-head")
    assert has_masked_head(tmp_path / "with-head")
    again = study_of(tmp_path / "with-head", tmp_path / "two")
    assert again.learner.alone_steps == 0 and not again.learner.module.new


@pytest.mark.parametrize(
    ("scores", "best"),
    [((0.5, 0.4, 0.7, 0.6), 4), ((0.5, 0.4, 0.5, 0.3), 0), ((0.5, 0.6, 0.7, 0.8), 6)],
)
def test_the_best_look_is_kept_the_original_among_them(tmp_path, tiny_folder, scores, best):
    eyes = Eyes([*scores, 0.0])
    study = study_of(tiny_folder(), tmp_path / "home")
    told = stage(study, tmp_path / "new", eyes).told
    assert told["best_step"] == best
    assert [score for _, score in told["scores"]] == list(scores)
    assert [step for step, _ in told["scores"]] == [0, 2, 4, 6]
    kept = digest(study.learner.module)
    assert kept == eyes.seen[-1]
    if best:
        assert kept == eyes.seen[best // 2]
    else:
        old, new = (transformers.AutoModel.from_pretrained(p) for p in (study.source, tmp_path / "new"))
        assert all(torch.equal(a, b) for a, b in zip(old.parameters(), new.parameters(), strict=True))


@pytest.mark.parametrize(("every", "steps"), [(4, [0, 4, 6]), (10, [0, 6]), (3, [0, 3, 6])])
def test_the_last_step_is_looked_at_however_far_apart_looks_are(tmp_path, tiny_folder, every, steps):
    study = study_of(tiny_folder(), tmp_path / "home", validate_steps=every)
    rising = Eyes([0.1 * look for look in range(len(steps) + 1)])
    told = stage(study, tmp_path / "new", rising).told
    assert [step for step, _ in told["scores"]] == steps and told["best_step"] == 6


def test_it_stops_when_the_task_no_longer_gains(tmp_path, tiny_folder):
    eyes = Eyes([0.5, 0.6, 0.6, 0.0])
    study = study_of(tiny_folder(), tmp_path / "home")
    study = replace(study, settings=replace(study.settings, patience=1))
    told = stage(study, tmp_path / "new", eyes).told
    assert (told["steps"], told["best_step"], told["early"]) == (4, 2, True)


def test_a_kill_between_looks_forgets_no_best(tmp_path, tiny_folder):
    scores = (0.5, 0.4, 0.3, 0.2, 0.5)
    straight = study_of(tiny_folder(), tmp_path / "straight")
    stage(straight, tmp_path / "a", Eyes(scores))

    def dies(moment, **facts):
        if moment == "checkpoint" and facts["step"] == 5:
            raise Killed

    with pytest.raises(Killed):
        stage(study_of(tiny_folder(), tmp_path / "killed", watch=dies), tmp_path / "b", Eyes(scores))
    again = study_of(tiny_folder(), tmp_path / "killed")
    told = stage(again, tmp_path / "b", Eyes((0.5, 0.2, 0.5))).told
    assert told["best_step"] == 0 and [score for _, score in told["scores"]] == [0.5, 0.4, 0.3, 0.2]
    assert digest(again.learner.module) == digest(straight.learner.module)


def test_mlm_learns_its_texts(tmp_path, tiny_folder):
    from dongcha.pretrain._surprise import LOSS, General

    study: Study = study_of(tiny_folder(), tmp_path / "home")
    many = replace(study.settings, max_steps=60, epochs=60, validate_steps=None, checkpoint_seconds=1e9)
    study = replace(study, settings=many)
    texts = General(study.corpus, study.learner.objective, 0, 7)
    module = study.learner.module
    before = LOSS.figure(texts.outcome(module))
    random = torch.get_rng_state()
    assert LOSS.figure(texts.outcome(module)) == before, "the same masks each time"
    assert torch.equal(torch.get_rng_state(), random)
    found = pretrain(study, probe=None, general={"own": texts}, target=tmp_path / "new").told
    start, end = found["surprise"]["own"]
    assert start <= before and end < start - 0.3
    assert np.isfinite(end)


def test_what_is_forgotten_is_told_by_a_new_head_where_the_method_has_none(tmp_path, tiny_folder):
    from dongcha.pretrain import mlm
    from dongcha.pretrain._surprise import General

    study = study_of(tiny_folder(), tmp_path / "home", "simcse")
    masking = mlm.masking_of(study.source, study.seen.tokenizer)
    texts = General(study.corpus, mlm.MaskedObjective(masking), 0, 7)
    found = pretrain(study, probe=None, general={"own": texts}, target=tmp_path / "new").told["surprise"]["own"]
    assert found[0] != found[1]
    assert all(0 < value < 10 for value in found)


@pytest.mark.parametrize("kind", ["bert", "distilbert", "electra"])
def test_a_head_that_came_with_the_model_is_no_measure_of_what_is_saved_without_it(tmp_path, tiny_folder, kind):
    from dongcha.pretrain import mlm

    stage(study_of(tiny_folder(kind=kind), tmp_path / "one"), tmp_path / "with-head")
    still = {"learning_rate": 0.0, "weight_decay": 0.0}
    study = study_of(tmp_path / "with-head", tmp_path / "home", "simcse", **still)
    texts = mlm.general([TEXTS[0], TEXTS[1]], study.source, study.seen.tokenizer, 7)
    start, end = pretrain(study, probe=None, general={"own": texts}, target=tmp_path / "new").told["surprise"]["own"]
    assert start == end, "nothing moved, so nothing was forgotten"


def test_texts_of_one_token_are_no_blocks_of_spans(tmp_path, folder_for):
    folder = folder_for("span_corruption")
    study = study_of(folder, tmp_path / "home", "span_corruption")
    method, tokenizer = find("pretrain", "span_corruption"), study.seen.tokenizer
    chunk = method.encode(["a", "b", "", "ab", TEXTS[0]], tokenizer, 3)
    assert set(chunk.units["row"].tolist()) == {6, 7} and chunk.lengths.sum() == len(chunk.tokens["input_ids"])
    assert len(gather([method.encode(["a", "b"], tokenizer, 0)])) == 0


def test_two_passes_differ_in_models_made_without_dropout_too(tmp_path):
    folder = tiny_writer(tmp_path / "llama")
    study = study_of(folder, tmp_path / "home", "simcse")
    module = study.learner.module.train()
    batch = study.corpus.batch(np.arange(2), 0)
    ids, mask = (torch.from_numpy(batch[name]) for name in ("input_ids", "mask"))
    assert not torch.equal(module(ids, mask), module(ids, mask))
    stage(study, tmp_path / "new")
    assert transformers.AutoConfig.from_pretrained(tmp_path / "new").attention_dropout == 0.0


def test_a_model_without_any_dropout_is_refused(tmp_path):
    folder = tiny_writer(tmp_path / "m")
    config = transformers.MambaConfig(vocab_size=260, hidden_size=16, num_hidden_layers=1, state_size=4)
    transformers.MambaModel(config).save_pretrained(folder)
    with pytest.raises(ModelError, match="no dropout"):
        study_of(folder, tmp_path / "home", "simcse")


@pytest.mark.parametrize("kind", ["albert", "electra"])
def test_tables_narrower_than_the_model_are_rebuilt_from_too(tmp_path, kind):
    folder = tiny_encoder(tmp_path / "m")
    shape = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    size = len(transformers.AutoTokenizer.from_pretrained(folder))
    config = transformers.AutoConfig.for_model(kind, vocab_size=size, embedding_size=16, **shape)
    transformers.AutoModel.from_config(config).save_pretrained(folder)
    study = study_of(folder, tmp_path / "home", "tsdae")
    assert stage(study, tmp_path / "new").told["steps"] == STEPS
    assert {name.split(".")[0] for name in study.learner.module.new} >= {"wider", "narrower"}


def test_a_native_model_keeps_what_its_class_needs(tmp_path):
    folder = tiny_encoder(tmp_path / "native", pooling=None)
    stage(study_of(folder, tmp_path / "home"), tmp_path / "new")
    _, info = transformers.AutoModelForSequenceClassification.from_pretrained(
        tmp_path / "new", output_loading_info=True
    )
    assert set(info["missing_keys"]) == {"classifier.weight", "classifier.bias"}
