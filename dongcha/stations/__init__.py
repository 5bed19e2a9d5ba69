"""Bind each step of the flow to the verb it calls: from the work so far, pick what the verb wants, call it, return.

One file a stretch of the flow: `begin` (folder, data, model found), `prepare` (until the data checks), `plan` (what was
open, the forecast, the limit), `pretrain` (texts without labels read first, and `pretrain_plan`), `prove` (before,
train, after, judged, checked; what is kept of it in `kept`), `reading` (what stands for `plan` and `prove` where no
task is learnt), `measured` (what either took), `close` (report, run folder finished), `predictor` (a finished run, put
to use), `open_book` (one that reads what an index finds), `triples` (two runs together), `triple_scores` (how well they
do).
"""

from dongcha.stations.begin import begin, clear, leaving_nothing
from dongcha.stations.close import finish, stands, write
from dongcha.stations.kept import KEPT_BEFORE, KEPT_PREDICTIONS, KEPT_TRAINED
from dongcha.stations.open_book import OpenBook, load_open_book
from dongcha.stations.plan import KEPT_PLAN, decide_and_forecast
from dongcha.stations.predictor import Predictor, load_predictor
from dongcha.stations.prepare import (
    KEPT_CHECKS,
    build_model,
    check_data,
    encode_splits,
    learn_task,
    refuse_tiny_classes,
)
from dongcha.stations.pretrain import KEPT_PRETRAINED, encode_corpus, hold_out, pretrain_model, start_model
from dongcha.stations.prove import (
    evaluate_candidates,
    predict_after,
    predict_baselines,
    predict_before,
    predict_pretrained,
    prove,
    train_model,
)
from dongcha.stations.reading import (
    KEPT_READING,
    encode_texts,
    judge_reading,
    plan_reading,
    prove_reading,
    write_reading,
)
from dongcha.stations.triple_scores import TripleScores, score_triples
from dongcha.stations.triples import MAX_PAIRS, TripleFinder, load_triples

__all__ = [
    "KEPT_BEFORE",
    "KEPT_CHECKS",
    "KEPT_PLAN",
    "KEPT_PREDICTIONS",
    "KEPT_PRETRAINED",
    "KEPT_READING",
    "KEPT_TRAINED",
    "MAX_PAIRS",
    "OpenBook",
    "Predictor",
    "TripleFinder",
    "TripleScores",
    "begin",
    "build_model",
    "check_data",
    "clear",
    "decide_and_forecast",
    "encode_corpus",
    "encode_splits",
    "encode_texts",
    "evaluate_candidates",
    "finish",
    "hold_out",
    "judge_reading",
    "learn_task",
    "leaving_nothing",
    "load_open_book",
    "load_predictor",
    "load_triples",
    "plan_reading",
    "predict_after",
    "predict_baselines",
    "predict_before",
    "predict_pretrained",
    "pretrain_model",
    "prove",
    "prove_reading",
    "refuse_tiny_classes",
    "score_triples",
    "stands",
    "start_model",
    "train_model",
    "write",
    "write_reading",
]
