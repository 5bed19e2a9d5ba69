"""List the real data sets that benches train on, with their tasks and what their recipes say beside `auto`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Job:
    """A data set and its task; the language of its texts is what its name ends in.

    `sections` are added to the recipe; of sources below `data:` only the file's name in the set's folder stands there.
    `versus` names a metric and two candidates whose every row is kept, so that they can be tested over seeds.
    """

    name: str
    task: str
    sections: Mapping[str, Any] = field(default_factory=dict)
    versus: tuple[str, str, str] | None = None  # metric, the one, the other

    @property
    def language(self) -> str:
        """Return `en` or `zh`."""
        return self.name.rsplit("_", 1)[-1]


QUALITY = (
    Job("conll2003_ner_en", "tagging"),
    Job("sst2_en", "classification"),
    Job("financial_phrasebank_en", "classification"),
    Job("banking77_intent_en", "classification"),
    Job("weibo_ner_zh", "tagging"),
    Job("msra_ner_zh", "tagging"),
    Job("chnsenticorp_hotel_zh", "classification"),
)
TINY = {"data": {"allow_tiny": True}}  # these sets have a label of a single row
TASKS = (
    Job("semeval2010_task8_re_en", "relation", TINY),
    Job("stsb_en", "pairs"),
    Job("cranfield_retrieval_en", "retrieval", {"data": {"corpus": "corpus.jsonl"}}, ("ndcg_10", "hybrid", "bm25")),
    Job("squad2_qa_en", "qa", {}, ("answerable_f1", "after", "overlap_sentence")),
    Job("bank_faq_en", "retrieval", {}, ("ndcg_10", "hybrid", "bm25")),
    Job("copa_commonsense_en", "choice"),
    Job("snli_counterfactual_en", "pairs"),
    Job("cmrc2018_qa_zh", "qa", {}, ("answer_f1", "after", "overlap_sentence")),
    Job("afqmc_pairs_zh", "pairs"),
    Job("ocnli_zh", "pairs"),
    Job("medical_faq_zh", "retrieval", {}, ("ndcg_10", "hybrid", "bm25")),
    Job("finre_zh", "relation", TINY),
)
