"""All documented cases: what is refused, and what is accepted."""

from cases_accepted import ACCEPTED
from cases_data import DATA_CASES
from cases_index import INDEX_CASES
from cases_machine import MACHINE_CASES
from cases_model import MODEL_CASES
from cases_pretrain import PRETRAIN_CASES
from cases_recipe import RECIPE_CASES
from cases_search import APART_CASES, SEARCH_CASES
from cases_tasks import TASK_CASES
from cases_triples import TRIPLE_CASES
from cases_writing import WRITING_CASES
from cases_zero_shot import ZERO_SHOT_CASES

GROUPS = {
    "recipes": RECIPE_CASES,
    "data": DATA_CASES,
    "tasks": (*TASK_CASES, *APART_CASES, *SEARCH_CASES, *TRIPLE_CASES),
    "writing": WRITING_CASES,
    "zero_shot": ZERO_SHOT_CASES,
    "models": MODEL_CASES,
    "index": INDEX_CASES,
    "pretraining": PRETRAIN_CASES,
    "machine": MACHINE_CASES,
}
REFUSED = tuple(case for group in GROUPS.values() for case in group)
__all__ = ["ACCEPTED", "GROUPS", "REFUSED"]
