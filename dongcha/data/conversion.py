"""Turn the columns of a file into the fields of a task.

In: record batches as a source yields them. Out: record batches with the task's fields in canonical form, then the
user's other columns untouched, then `__row__`. Tokens and tags become text, spans and `__words__`
list<{start,end}>, the characters of each token; places of relations become spans; of a dialogue's messages the last
one of the assistant becomes the reply, where the file has no other, and `__asked__` what the user said last. Knows no
format and no model.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from itertools import pairwise
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dongcha.data import tags
from dongcha.data.agreement import AGREES, check_place
from dongcha.data.cells import Cells
from dongcha.data.dataset import ASKED, OURS, ROW, WORDS
from dongcha.data.dialogue import apart, asked
from dongcha.data.entities import PLACES, spans_of
from dongcha.data.fields import FIELDS, form, known
from dongcha.data.forms.places import to_place, with_nulls
from dongcha.data.forms.plain import to_strings, to_text
from dongcha.data.origin import Origin, excerpt
from dongcha.data.sources.base import MIXED, as_json
from dongcha.locale import say

OTHER_NAMES = {  # what files often call a field, for the advice in a message
    "text": ("sentence", "content", "review", "body", "comment", "utterance", "title", "文本", "内容", "评论"),
    "label": ("category", "class", "intent", "sentiment", "target", "topic", "y", "标签", "类别"),
    "score": ("rating", "stars", "value", "y", "分数", "评分"),
    "spans": ("entities", "labels", "ner", "ner_tags", "实体"),
    "text_a": ("sentence1", "premise", "question1", "text1"),
    "text_b": ("sentence2", "hypothesis", "question2", "text2"),
    "question": ("premise", "stem", "query", "问题"),
    "choices": ("options", "alternatives", "candidates", "选项"),
    "answer": ("correct", "label", "gold", "答案"),
    "query": ("question", "text", "title", "q", "问题", "查询"),
    "positive": ("answer", "passage", "document", "text", "response", "答案", "回答"),
    "relevant": ("positives", "qrels", "docs"),
    "doc": ("id", "doc_id", "docid", "_id", "pid", "编号"),
    "head": ("subject", "e1", "entity1", "subj"),
    "tail": ("object", "e2", "entity2", "obj"),
    "messages": ("conversations", "conversation", "dialogue", "dialog", "turns", "对话"),
}

DOC = "doc"
PLACED = ("spans", *PLACES)  # fields that count characters of `text`
DIALOGUE = ("messages", "reply")  # a file may have the reply as the last message
LISTED = ("choices", "negatives")  # fields that several columns make a list of
NAMED = ("attributes",)  # fields that columns make a mapping of, by their names
LACKS = {  # by whether gold is needed, as in training, and whether a column of the file is near
    (True, True): "read.columns_near",
    (True, False): "read.columns",
    (False, True): "read.columns_asked_near",
    (False, False): "read.columns_asked",
}
LACKS_IN_MEMORY = {True: "read.rows_asked_near", False: "read.rows_asked"}  # of rows to answer, by what is near


class Conversion:
    """Convert batch after batch of one source; remembers what its first batch settled.

    `columns` maps a field to its column or columns in the file, which stay in the table under their own names too.
    `need_gold` None: each row must have gold where the file, or `columns`, has a column for it; else none has.
    """

    def __init__(
        self,
        fields: Sequence[str],
        columns: Mapping[str, str | Sequence[str]],
        origin: Origin,
        *,
        need_gold: bool | None,
    ) -> None:
        self._fields, self._origin = tuple(fields), origin
        self._need_gold, self._may_lack_gold = need_gold is not False, need_gold is None
        self._reads_gold = self._need_gold  # rows to be answered may have anything there: it stays as it is
        self._others: dict[str, str] = {}  # the field that a file may have in a field's place
        self._optional = {field.removesuffix("?") for field in fields if field.endswith("?")}
        placed = [field for field in map(form, self.fields) if field in PLACED]
        if origin.part == "first_line" and placed:
            origin.refuse("read.part_spans", field=placed[0])
        for name in columns:
            self._refuse_unknown_field(name)
        self._columns = {f: (c,) if isinstance(c, str) else tuple(c) for f, c in columns.items()}
        self._has_tokens: bool | None = None  # settled by the first batch
        self._parts_messages = False  # and so is this
        self._label_types: dict[str, pa.DataType] = {}
        self.has_tags = False
        self.evidence = np.zeros(3, dtype=np.int64)  # of the tagging scheme

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that rows may be converted to, each by its own name."""
        return tuple(name for field in self._fields for name in field.removesuffix("?").split("|"))

    def _refuse_unknown_field(self, name: str) -> None:
        if name not in {*self.fields, *FIELDS, "tokens", "tags"}:
            near = get_close_matches(name, self._fields, n=1) or [", ".join(self._fields)]
            self._origin.refuse("read.columns_key", name=name, near=near[0])

    @property
    def naming(self) -> tuple[str, ...]:
        """The columns whose values name a row: the file's own `id`, and a field `doc`."""
        return ("id", *(name for name in self._fields if name == DOC))

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the batch in canonical form; raises DataError with the first row that has none."""
        found = {name for name in batch.schema.names if name != ROW}
        if self._has_tokens is None:
            self._settle_places(found)
            self._settle_named(found)
            self._fields = tuple(self._present(field, found) for field in self._fields if self._is_there(field, found))
            self._need_gold &= not self._may_lack_gold or self._has_gold(found)
            self._has_tokens = self._settle_tokens(found)
            self._parts_messages = {*DIALOGUE} <= {*self._fields} and "reply" not in {*self._columns, *found}
            self._check_columns(found)
        elif self._may_lack_gold and not self._need_gold and self._has_gold(found):
            self._origin.refuse("read.gold_late", batch.column(ROW)[0].as_py())
        made: dict[str, pa.Array] = self._from_tokens(batch) if self._has_tokens else {}
        made |= self._from_messages(batch) if self._parts_messages else {}
        for field in self._fields:
            if field not in made and (self._is_needed(field) or self._may_read(field, found)):
                is_places = field == "spans" and self.has_places
                made[field] = self._entities(batch, made["text"]) if is_places else self._convert(field, batch)
        for field in [name for name in made if form(name) in AGREES]:
            other, agreed = AGREES[form(field)]
            if other in made and not (field == "spans" and (self._has_tokens or self.has_places)):
                made[field] = agreed(self._cells(field, batch), made[field], made[other])
        if {*DIALOGUE} <= {*self._fields}:
            made[ASKED] = asked(made["messages"])
        if self._origin.part == "first_line" and "text" in made:
            made["text"] = pc.replace_substring_regex(made["text"], r"(?s)\r?\n.*", "")
            to_text(Cells("text", made["text"], False, batch.column(ROW), self._origin, required=True))
        return self._assemble(batch, made)

    def _is_there(self, field: str, found: set[str]) -> bool:
        """Tell whether a field is to be made: one that ends in `?` only where the file has it, or is to have it."""
        name = field.removesuffix("?")
        return not field.endswith("?") or found.issuperset(self._names(name)) or self._is_asked_for(name)

    def _is_asked_for(self, field: str) -> bool:
        """Tell whether the user named columns of a field, which training rows then have to have."""
        return self._need_gold and field in self._columns

    def _has_gold(self, found: set[str]) -> bool:
        """Tell whether the file has a column of gold, or the user named one, which is then to be there."""
        gold = {name for name in self._fields if known(name).is_gold} | ({"tags"} if "spans" in self._fields else set())
        return any(name in self._columns or name in found for name in gold)

    def _present(self, field: str, found: set[str]) -> str:
        """Return which of the fields that `a|b` stands for the file has; the first where it has none."""
        named = field.removesuffix("?").split("|")
        self._others |= dict(pairwise(named))
        return next((name for name in named if found.issuperset(self._names(name))), named[0])

    def _names(self, field: str) -> tuple[str, ...]:
        return self._columns.get(field, (field,))

    def _is_needed(self, field: str) -> bool:
        if field in self._optional:
            return False
        return self._need_gold or not (field == "tags" or known(field).is_gold)

    def _may_read(self, field: str, found: set[str]) -> bool:
        return self._names(field)[0] in found and (self._reads_gold or not known(field).is_gold)

    @property
    def has_places(self) -> bool:
        """Tell whether spans are made of columns of places: for tagging alone, since a relation's rows stay apart."""
        return self._learns_spans and len(self._names("spans")) > 1

    @property
    def _learns_spans(self) -> bool:
        return {*self._fields} == {"text", "spans"}

    @property
    def merges(self) -> bool:
        """Tell whether rows of one text are to become one: each has but a part of the text's spans."""
        return self.has_places and self._need_gold

    def _settle_places(self, found: set[str]) -> None:
        """Take the places of relations as spans where a file has these, and neither spans nor tags."""
        places = tuple(name for field in PLACES for name in self._names(field))
        has_own = "spans" in self._columns or not found.isdisjoint(("spans", self._names("tags")[0]))
        if self._learns_spans and self._need_gold and not has_own and found.issuperset(places):
            self._columns["spans"] = places

    def _settle_named(self, found: set[str]) -> None:
        """Add a field's own column to those that make its mapping; rows to be answered may lack some of them."""
        for field in {*NAMED} & {*self._columns}:
            names = [name for name in self._columns[field] if self._need_gold or name in found]
            self._columns[field] = tuple(dict.fromkeys([*names, *({field} & found)])) or (field,)

    def _settle_tokens(self, found: set[str]) -> bool:
        """Tell whether text and spans are made of tokens and tags: where the file has these and not those."""
        lacks = [f for f in ("text", "spans") if f in self._fields and not found.issuperset(self._names(f))]
        wanted = bool(lacks) and (lacks == ["spans"] or "text" in lacks)
        tagged = "spans" not in lacks or not self._need_gold or self._names("tags")[0] in found
        return wanted and tagged and self._names("tokens")[0] in found

    def _check_columns(self, found: set[str]) -> None:
        made = {"text", "spans"} if self._has_tokens else {"reply"} if self._parts_messages else set()
        untagged = self._names("tokens")[0] in found and "spans" in self._fields and not self._has_tokens
        if untagged and not found.issuperset(self._names("text")):
            self._refuse_column("tags", self._names("tags")[0], found)
        for field in self._fields:
            missing = [name for name in self._names(field) if name not in found]
            if missing and field not in made and (self._is_needed(field) or self._is_asked_for(field)):
                self._refuse_column(field, missing[0], found)

    def _refuse_column(self, field: str, name: str, found: set[str]) -> NoReturn:
        free = found - {column for other in self._fields if other != field for column in self._names(other)}
        near = [o for o in OTHER_NAMES.get(form(field), ()) if o in free] or get_close_matches(name, sorted(free), n=1)
        columns = ", ".join(sorted(found)[:12]) or "-"
        asked = self._origin.by_name or (self._origin.in_memory and not self._need_gold)
        key = LACKS_IN_MEMORY[bool(near)] if asked else LACKS[self._need_gold, bool(near)]
        option = DOC if field == DOC else "text"  # the command line's word for where a field stands
        mended = near[0] if near else ""
        if len(names := self._names(field)) > 1:
            mended = f"[{', '.join(mended if other == name else other for other in names)}]"
        other = self._others.get(field)
        either = say("read.either", other=other) if other else ""
        facts: dict[str, Any] = {"either": either, "near": near[0] if near else "", "mended": mended, "option": option}
        self._origin.refuse(key, field=field, name=name, found=columns, **facts)

    def _cells(self, field: str, batch: pa.RecordBatch, name: str | None = None) -> Cells:
        name = name or self._names(field)[0]
        place = batch.schema.get_field_index(name)
        array = batch.column(place) if place >= 0 else pa.nulls(batch.num_rows)
        is_json = place >= 0 and batch.schema.field(place).metadata == MIXED
        return Cells(field, array, is_json, batch.column(ROW), self._origin, self._is_needed(field))

    def _convert(self, field: str, batch: pa.RecordBatch) -> pa.Array:
        cells = self._cells(field, batch)
        names = self._names(field)
        if field in NAMED and names != (field,):
            cells = self._named(field, batch, names)
        elif len(names) > 1 and field in LISTED:
            cells = self._listed(field, batch, names)
        elif len(names) > 1:
            cells = self._joined(field, batch, names)
        made = known(field).convert(cells)
        is_label = form(field) in ("label", "labels") and not pa.types.is_null(made.type)
        if is_label and self._label_types.setdefault(field, made.type) != made.type:
            cells.refuse("read.label_changes", pc.index(made.is_valid(), True).as_py())
        return made

    def _joined(self, field: str, batch: pa.RecordBatch, names: tuple[str, ...]) -> Cells:
        """Join several text columns by a line break, leaving out those that a row lacks."""
        if known(field).convert is not to_text:
            self._origin.refuse("read.several_columns", field=field, names=", ".join(names))
        parts = [self._cells(field, batch, name) for name in names]
        texts = [
            to_text(Cells(n, p.array, p.is_json, p.rows, p.origin, False)) for n, p in zip(names, parts, strict=True)
        ]
        rows = zip(*(text.to_pylist() for text in texts), strict=True)  # Arrow's own join drops a row that has none
        held = ([value for value in row if value is not None] for row in rows)
        joined = pa.array(["\n".join(row) if row else None for row in held], pa.string())
        return Cells(field, joined, False, batch.column(ROW), self._origin, self._is_needed(field))

    def _listed(self, field: str, batch: pa.RecordBatch, names: tuple[str, ...]) -> Cells:
        """Make a list of several text columns, leaving out those that a row lacks."""
        parts = [self._cells(field, batch, name) for name in names]
        texts = [
            to_text(Cells(n, p.array, p.is_json, p.rows, p.origin, False)) for n, p in zip(names, parts, strict=True)
        ]
        rows = zip(*(text.to_pylist() for text in texts), strict=True)
        listed = pa.array([[value for value in row if value and value.strip()] for row in rows], pa.list_(pa.string()))
        return Cells(field, listed, False, batch.column(ROW), self._origin, self._is_needed(field))

    def _named(self, field: str, batch: pa.RecordBatch, names: tuple[str, ...]) -> Cells:
        """Make a mapping of columns by their names; one of mappings, as the field's own may be, is what it holds."""
        columns = [self._cells(field, batch, name).values() for name in names]
        rows = []
        for row in zip(*columns, strict=True):
            parts = [mapping_of(name, value) for name, value in zip(names, row, strict=True)]
            rows.append(as_json({name: value for part in parts for name, value in part.items()}))
        mapped = pa.array(rows, pa.string())
        return Cells(field, mapped, True, batch.column(ROW), self._origin, self._is_needed(field))

    def _from_tokens(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        """Make text, words and, where there are tags, spans; `tokens` stay."""
        cells = self._cells("tokens", batch)
        tokens = to_strings(cells)
        empty = pc.equal(pc.list_value_length(tokens), 0)
        cells.refuse_missing(empty)
        texts, words = tags.join_column(tokens)
        if {*self._names("text")} <= {*batch.schema.names}:
            given = self._joined("text", batch, self._names("text")).array
            texts, words = self._placed(given, tokens, texts, words)
        made = {"text": texts, WORDS: words, "tokens": tokens}
        to_text(Cells("tokens", texts, False, cells.rows, cells.origin, required=True))
        if "spans" not in self._fields or self.has_places:
            return made
        if self._need_gold or (self._reads_gold and self._names("tags")[0] in batch.schema.names):
            made["spans"] = self._tagged(batch, tokens, words)
        return made

    def _placed(
        self, given: pa.Array, tokens: pa.ListArray, joined: pa.Array, words: pa.ListArray
    ) -> tuple[pa.Array, pa.ListArray]:
        """Return texts as they are given, with their tokens' places in them.

        Where tokens are not in their text, a row that is to be learnt from has the joined tokens as its text, and one
        that is to be answered keeps its text, without words.
        """
        found = tags.find_column(given, tokens)
        lost = found.is_null()
        if self._need_gold:
            return pc.if_else(lost, joined, given), pc.if_else(lost, words, found)
        return pc.coalesce(given, joined), pc.if_else(given.is_null(), words, found)

    def _from_messages(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        """Make the history, and where gold is needed the reply."""
        cells = self._cells("messages", batch)
        histories, replies = apart(cells, known("messages").convert(cells), has_reply=self._need_gold)
        return {"messages": histories} | ({"reply": replies} if self._need_gold else {})

    def _tagged(self, batch: pa.RecordBatch, tokens: pa.ListArray, words: pa.ListArray) -> pa.ListArray:
        cells = self._cells("tags", batch)
        row_tags = to_strings(cells)
        sizes = [pc.fill_null(pc.list_value_length(column), 0) for column in (tokens, row_tags)]
        unequal = pc.and_(pc.not_equal(*sizes), row_tags.is_valid())
        if pc.any(unequal).as_py():
            at = pc.index(unequal, True).as_py()
            cells.refuse("read.tag_count", at, tokens=sizes[0][at].as_py(), tags=sizes[1][at].as_py())
        try:
            spans, evidence = tags.spans_column(row_tags, words)
        except tags.UnknownTag as error:
            cells.refuse("read.unknown_tag", error.row, tag=excerpt(error.tag))
        self.has_tags = True
        self.evidence += evidence
        return with_nulls(spans, row_tags)

    def _entities(self, batch: pa.RecordBatch, texts: pa.Array) -> pa.ListArray:
        """Make spans of the columns of places, each held against the text under its own name."""
        columns = []
        for name in self._names("spans"):
            given = self._cells("spans", batch, name)
            cells = Cells(name, given.array, given.is_json, given.rows, given.origin, given.required)
            columns.append(check_place(cells, to_place(cells), texts))
        return spans_of(columns)

    def _assemble(self, batch: pa.RecordBatch, made: dict[str, pa.Array]) -> pa.RecordBatch:
        """Put fields first, then the user's other columns with their marks, then the row number."""
        fields = [pa.field(name, array.type) for name, array in made.items()]
        rest = [i for i, name in enumerate(batch.schema.names) if name not in {*made, *OURS}]
        others = [batch.schema.field(i) for i in rest]
        schema = pa.schema([*fields, *others, pa.field(ROW, pa.int64())])
        columns = [*made.values(), *(batch.column(i) for i in rest), batch.column(ROW)]
        return pa.RecordBatch.from_arrays(columns, schema=schema)


def mapping_of(name: str, value: Any) -> Mapping[str, Any]:
    """Return a cell that holds a mapping, as it is or as JSON, and else a mapping of the column's name to the cell."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        with suppress(ValueError):
            value = json.loads(value)
    return value if isinstance(value, Mapping) else {} if value is None else {name: value}
