"""Rows that single tasks refuse: pairs, relations, choices, questions; and what their models cannot predict."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from error_case import Case
from error_desk import RUN, Desk

from dongcha.sandbox import probe
from dongcha.testing import tiny_rows

ASK = ("predict", RUN, "--text", "good room")
CAT = ("predict", RUN, "-")


def then(task: str, without: tuple[str, ...] = (), **odd: Any):
    """Put a good row of a task and, as row 2, another with changed values, some left out; a recipe, a model."""

    def put(desk: Desk) -> None:
        good, other = tiny_rows(task, 2)
        changed = {name: value for name, value in (other | odd).items() if name not in without}
        learn(task, good, changed)(desk)

    return put


def learn(task: str, *rows: dict[str, Any], **data: Any):
    """Put these rows, a recipe that trains on them, and a model."""

    def put(desk: Desk) -> None:
        desk.put("rows.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
        desk.recipe(task=task, data={"train": "rows.jsonl", **data})
        desk.encoder()

    return put


def asked(task: str, **row: Any):
    """Put a finished run of a task, and a row on standard input."""

    def put(desk: Desk) -> None:
        desk.run(task)
        desk.stdin = json.dumps(row, ensure_ascii=False) + "\n"

    return put


def finished(task: str):
    """Put a finished run of a task."""
    return lambda desk: desk.run(task)


def in_windows(task: str):
    """Put good rows, and a recipe that asks for windows."""
    return learn(task, *tiny_rows(task, 24), long_texts="windows")


def without(task: str, *names: str) -> list[dict[str, Any]]:
    """Return good rows of a task, some fields left out of all of them."""
    return [{name: value for name, value in row.items() if name not in names} for row in tiny_rows(task, 4)]


def answered(*texts: str, at: tuple[int, ...]) -> dict[str, Any]:
    """Return a row's answers."""
    return {"answers": {"text": list(texts), "answer_start": list(at)}}


CONTEXT = "the key is in the red house"
WINDOWS = ("leave `data.long_texts` out", "去掉 `data.long_texts`")

PAIR_CASES = (
    Case(
        "pairs: no second text",
        ("pairs without a column `text_b`", "句对缺少 `text_b` 列"),
        ("name it in `data.columns`", "在 `data.columns` 中指明"),
        learn("pairs", *without("pairs", "text_b")),
    ),
    Case(
        "pairs: second text under another name",
        ("pairs whose second text stands in `hypothesis`", "句对的第二条在 `hypothesis` 列"),
        ("name it in `data.columns`", "在 `data.columns` 中指明"),
        learn("pairs", *({**row, "hypothesis": "good room"} for row in without("pairs", "text_b"))),
    ),
    Case(
        "pairs: blank text",
        ("a pair whose `text_b` is white space", "某一对的 `text_b` 只有空白"),
        ("fill it in, or remove the row", "补全或删去该行"),
        then("pairs", text_b="  "),
    ),
    Case(
        "pairs: nothing to learn",
        ("pairs with neither `label` nor `score`", "句对既无 `label` 也无 `score`"),
        ("add one of them, or name its column", "补上其一，或指明列名"),
        learn("pairs", *without("pairs", "label")),
    ),
    Case(
        "pairs: one label only",
        ("pairs that all have the label `same`", "所有句对的标签都是 `same`"),
        ("check the label column", "检查标签列"),
        learn("pairs", *({**row, "label": "same"} for row in tiny_rows("pairs", 24))),
    ),
    Case(
        "pairs: score is a word",
        ("a pair whose `score` is `high`", "某一对的 `score` 是 `high`"),
        ("write a number", "写数字"),
        learn("pairs", {"text_a": "a room", "text_b": "a flat", "score": "high"}),
    ),
    Case(
        "pairs: windows",
        ("`data.long_texts: windows` for pairs", "句对设 `data.long_texts: windows`"),
        WINDOWS,
        in_windows("pairs"),
    ),
    Case(
        "predict: one text for a pair",
        ("`--text` for a model of pairs", "对句对模型用 `--text`"),
        ("give both texts as a JSON line or in a table", "用 JSON 行或表格给出两条文本"),
        finished("pairs"),
        ASK,
    ),
    Case(
        "predict: half a pair",
        ("a JSON line without `text_b`, for a model of pairs", "给句对模型的 JSON 行缺少 `text_b`"),
        ("give both texts", "两条都给"),
        asked("pairs", text_a="good room"),
        CAT,
    ),
)

RELATION_CASES = (
    Case(
        "relation: place outside its text",
        ("a `head` that ends behind the text", "`head` 的终点超出文本"),
        ("count characters", "按字符计数"),
        then("relation", head={"start": 4, "end": 900}),
    ),
    Case(
        "relation: empty place",
        ("a `tail` that ends where it begins", "`tail` 的起点与终点相同"),
        ("let `end` be the character behind the last", "`end` 应为最后一个字符的下一位"),
        then("relation", tail={"start": 5, "end": 5}),
    ),
    Case(
        "relation: place in words",
        ('a `head` of `{"start": "4", "end": "8"}`', '`head` 写成 `{"start": "4", "end": "8"}`'),
        ("write whole numbers", "写整数"),
        then("relation", head={"start": "4", "end": "8"}),
    ),
    Case(
        "relation: place as a list",
        ("a `tail` of `[16, 23]`", "`tail` 写成 `[16, 23]`"),
        ("write `start` and `end`", "写明 `start` 与 `end`"),
        then("relation", tail=[16, 23]),
    ),
    Case(
        "relation: no head",
        ("relations without `head`", "关系数据缺少 `head`"),
        ("name its column in `data.columns`", "在 `data.columns` 中指明列名"),
        learn("relation", *without("relation", "head")),
    ),
    Case(
        "relation: row without a label",
        ("a relation without `label`", "某一行关系没有 `label`"),
        ("fill it in, or remove the row", "补全或删去该行"),
        then("relation", without=("label",)),
    ),
    Case(
        "relation: type that is no text",
        ("a `type` of `7`", "`type` 为 `7`"),
        ("write a text, or leave it out", "写文本或去掉"),
        then("relation", head={"start": 4, "end": 8, "type": 7}),
    ),
    Case(
        "relation: windows",
        ("`data.long_texts: windows` for relations", "关系任务设 `data.long_texts: windows`"),
        WINDOWS,
        in_windows("relation"),
    ),
    Case(
        "predict: relation without places",
        ("`--text` for a model of relations", "对关系模型用 `--text`"),
        ("give JSON lines with both places", "用 JSON 行给出两处"),
        finished("relation"),
        ASK,
    ),
    Case(
        "predict: place outside its text",
        ("a JSON line whose `tail` ends behind the text", "JSON 行中 `tail` 的终点超出文本"),
        ("count characters", "按字符计数"),
        asked("relation", text="the door", head={"start": 0, "end": 3}, tail={"start": 4, "end": 12}),
        CAT,
    ),
)

CHOICE_CASES = (
    Case(
        "choice: one choice",
        ("a question with one choice", "某个问题只有一个选项"),
        ("add another", "再补一个"),
        then("choice", choices=["clean"], answer="clean"),
    ),
    Case(
        "choice: answer among no choices",
        ("an `answer` that is none of the choices", "`answer` 不在选项之中"),
        ("write one of them, or its number", "写其中之一或其序号"),
        then("choice", choices=["clean", "dirty"], answer="quiet"),
    ),
    Case(
        "choice: number too large",
        ("an `answer` of `2` among two choices", "只有两个选项，`answer` 却是 `2`"),
        ("count from 0", "从 0 数起"),
        then("choice", choices=["clean", "dirty"], answer="2"),
    ),
    Case(
        "choice: a number that is a choice",
        ('choices `"1"` and `"2"`, and the number 2 as `answer`', '选项是 `"1"` 和 `"2"`，`answer` 写成数字 2'),
        ('count from 0, or write `"2"`', '从 0 数起，或写成 `"2"`'),
        then("choice", choices=["1", "2"], answer=2),
    ),
    Case(
        "choice: empty choice",
        ("a choice that is empty", "某个选项是空的"),
        ("fill it in, or leave it out", "补全或去掉"),
        then("choice", choices=["clean", ""], answer="clean"),
    ),
    Case(
        "choice: blank choice",
        ("a choice that is white space", "某个选项只有空白"),
        ("fill it in, or take it out", "补全或去掉该项"),
        then("choice", choices=["clean", " "], answer="clean"),
    ),
    Case(
        "choice: blank question",
        ("a `question` of white space", "`question` 只有空白"),
        ("fill it in, or remove the row", "补全或删去该行"),
        then("choice", question=" "),
    ),
    Case(
        "choice: choices in one text",
        ("`choices` written as `clean, dirty`", "`choices` 写成 `clean, dirty`"),
        ("write a list", "写成列表"),
        then("choice", choices="clean, dirty", answer="clean"),
    ),
    Case(
        "choice: answer that is a fraction",
        ("an `answer` of `0.5`", "`answer` 为 `0.5`"),
        ("write the text of a choice, or its number", "写某个选项的文本或序号"),
        learn("choice", {"question": "was it quiet", "choices": ["clean", "dirty"], "answer": 0.5}),
    ),
    Case(
        "choice: no answer",
        ("a question without `answer`", "某个问题没有 `answer`"),
        ("fill it in, or remove the row", "补全或删去该行"),
        then("choice", without=("answer",)),
    ),
    Case(
        "choice: windows",
        ("`data.long_texts: windows` for choices", "选择任务设 `data.long_texts: windows`"),
        WINDOWS,
        in_windows("choice"),
    ),
    Case(
        "predict: nothing to choose from",
        ("`--text` for a model of choices", "对选择模型用 `--text`"),
        ("give JSON lines with the choices", "用 JSON 行给出选项"),
        finished("choice"),
        ASK,
    ),
)

QA_CASES = (
    Case(
        "qa: answer beside its place",
        ("an `answer_start` that is one too small", "`answer_start` 少了 1"),
        ("take the place that the message names", "改为消息中的位置"),
        then("qa", context=CONTEXT, **answered("the red house", at=(13,))),
    ),
    Case(
        "qa: answer not in the text",
        ("an answer that the context does not have", "答案不在文本中"),
        ("write it as the context has it", "照原文抄写"),
        then("qa", context=CONTEXT, **answered("the blue house", at=(14,))),
    ),
    Case(
        "qa: negative place",
        ("an `answer_start` of `-1`", "`answer_start` 为 `-1`"),
        ("count characters from 0; for no answer give empty lists", "从 0 数起；没有答案时给空列表"),
        then("qa", context=CONTEXT, **answered("the red house", at=(-1,))),
    ),
    Case(
        "qa: lists of unequal length",
        ("two answers and one `answer_start`", "两个答案、一个 `answer_start`"),
        ("give each answer its place", "每个答案给一个位置"),
        then("qa", context=CONTEXT, **answered("the red house", "red", at=(14,))),
    ),
    Case(
        "qa: answers that are no object",
        ("`answers` of `1784`", "`answers` 写成 `1784`"),
        ("write `text` and `answer_start`", "写明 `text` 与 `answer_start`"),
        then("qa", context="built in 1784", answers="1784"),
    ),
    Case(
        "qa: empty answer",
        ("an answer of no characters", "某个答案是空文本"),
        ("for no answer give empty lists", "没有答案时给空列表"),
        then("qa", context=CONTEXT, **answered("", at=(0,))),
    ),
    Case(
        "qa: blank context",
        ("a `context` of white space", "`context` 只有空白"),
        ("fill it in, or remove the row", "补全或删去该行"),
        then("qa", context="\n", **answered(at=())),
    ),
    Case(
        "qa: no answers",
        ("questions without `answers`", "问答数据缺少 `answers`"),
        ("name its column in `data.columns`", "在 `data.columns` 中指明列名"),
        learn("qa", *without("qa", "answers")),
    ),
    Case(
        "qa: row without answers",
        ("a question whose `answers` is `null`", "某个问题的 `answers` 为 `null`"),
        ("for no answer give empty lists", "没有答案时给空列表"),
        then("qa", answers=None),
    ),
    Case(
        "predict: question without a text",
        ("`--text` for a model of questions", "对问答模型用 `--text`"),
        ("give JSON lines with question and context", "用 JSON 行给出问题与文本"),
        finished("qa"),
        ASK,
    ),
    Case(
        "predict: question without its context",
        ("a JSON line without `context`", "JSON 行缺少 `context`"),
        ("give it", "补上它"),
        asked("qa", question="was it noisy"),
        CAT,
    ),
)


@contextmanager
def no_namespaces(desk: Desk) -> Iterator[None]:
    """Let the system refuse what a sandbox is made of."""
    with patch.object(probe, "_trouble", lambda: "unshare: Operation not permitted"):
        yield


def tested(**odd: Any):
    """Put good rows of code, and a test set whose row 2 has changed values."""

    def put(desk: Desk) -> None:
        learn("code", *FUNCTIONS, test="test.jsonl")(desk)
        rows = (FUNCTIONS[0], FUNCTIONS[1] | odd)
        desk.put("test.jsonl", "".join(json.dumps(row) + "\n" for row in rows))

    return put


FUNCTIONS = tiny_rows("code", 24)
TESTED = ("fill it in, or give test rows of their own", "补全，或另给测试数据")

CODE_CASES = (
    Case(
        "code: no solution",
        ("code without a column `solution`", "代码数据缺少 `solution` 列"),
        ("name it in `data.columns`", "在 `data.columns` 中指明"),
        learn("code", *without("code", "solution")),
    ),
    Case(
        "code: blank prompt",
        ("a `prompt` of white space", "`prompt` 只有空白"),
        ("fill it in, or remove the row", "补全或删去该行"),
        then("code", prompt="\n"),
    ),
    Case(
        "code: nothing to judge by",
        ("code without `test`, from which test rows are cut", "代码数据没有 `test`，却要从中划出测试集"),
        TESTED,
        learn("code", *({name: row[name] for name in ("prompt", "solution")} for row in FUNCTIONS)),
    ),
    Case(
        "code: test row without a function",
        ("a test row without `entry_point`", "某行测试数据没有 `entry_point`"),
        TESTED,
        tested(entry_point=None),
    ),
    Case(
        "code: function with its call",
        ("an `entry_point` of `plus_1(2)`", "`entry_point` 写成 `plus_1(2)`"),
        ("write the name alone", "只写函数名"),
        tested(entry_point="plus_1(2)"),
    ),
    Case(
        "code: test that is a list",
        ("a `test` that is a list", "`test` 写成列表"),
        ("write one program as a text", "写成一段程序文本"),
        then("code", test=["assert plus_1(1) == 2"]),
    ),
    Case(
        "code: samples that are all the same",
        ("`evaluate.decoding.samples: 5` and no temperature", "`evaluate.decoding.samples: 5` 却没有设温度"),
        ("set a temperature", "设置温度"),
        lambda desk: desk.recipe(task="code", evaluate={"decoding": {"samples": 5}}),
    ),
    Case(
        "code: windows",
        ("`data.long_texts: windows` for code", "代码任务设 `data.long_texts: windows`"),
        WINDOWS,
        in_windows("code"),
    ),
    Case(
        "code: no sandbox",
        ("test rows of code, on a system that gives no sandbox", "在不提供沙箱的系统上给代码打分"),
        ("allow user namespaces, or score on another machine", "允许用户命名空间，或换一台机器评分"),
        learn("code", *FUNCTIONS),
        code=4,
        around=no_namespaces,
    ),
)


def talk(*said: tuple[str, Any]) -> dict[str, Any]:
    """Return a row's messages."""
    return {"messages": [{"role": role, "content": content} for role, content in said]}


DIALOGUE_CASES = (
    Case(
        "dialogue: no turn of the assistant",
        ("messages of the user alone", "只有用户的消息"),
        ("add the reply, or remove the row", "补上回复或删去该行"),
        then("dialogue", **talk(("user", "where is it"))),
    ),
    Case(
        "dialogue: role misspelt",
        ("a `role` of `asistant`", "`role` 写成 `asistant`"),
        ("write the role that the message names", "改为消息中的角色"),
        then("dialogue", **talk(("user", "where is it"), ("asistant", "up"))),
    ),
    Case(
        "dialogue: role of a tool",
        ("a `role` of `tool`", "`role` 为 `tool`"),
        ("write one of the three roles, or delete the message", "写三种角色之一，或删去该消息"),
        then("dialogue", **talk(("user", "where is it"), ("tool", "{}"), ("assistant", "up"))),
    ),
    Case(
        "dialogue: empty message",
        ("a message whose `content` is empty", "某条消息的 `content` 为空"),
        ("write what was said, or delete the message", "写明所说的话，或删去该消息"),
        then("dialogue", **talk(("user", ""), ("assistant", "up"))),
    ),
    Case(
        "dialogue: no messages",
        ("`messages` of `[]`", "`messages` 为 `[]`"),
        ("fill it in, or remove the row", "补全或删去该行"),
        then("dialogue", messages=[]),
    ),
    Case(
        "dialogue: messages as a text",
        ("`messages` written as `hi there`", "`messages` 写成 `hi there`"),
        ("write a list of `{role, content}`", "写成 `{role, content}` 的列表"),
        then("dialogue", messages="hi there"),
    ),
    Case(
        "dialogue: nothing to reply to",
        ("a dialogue that is one message of the assistant", "对话只有助手的一条消息"),
        ("add what came before", "补上之前的话"),
        then("dialogue", **talk(("assistant", "up"))),
    ),
    Case(
        "dialogue: a model that only reads",
        ("dialogues with an encoder as `model`", "对话任务的 `model` 是编码器"),
        ("name a model that writes", "改用会生成文本的模型"),
        learn("dialogue", *tiny_rows("dialogue", 24)),
    ),
)

GENERATION_CASES = (
    Case(
        "generation: a rule that there is not",
        ("a rule of a text that there is not", "一条不存在的文本规则"),
        ("use these: must_include", "请使用：must_include"),
        then("generation", constraints={"must_contain": ["sea"]}),
    ),
    Case(
        "generation: one phrase where a list stands",
        ("a phrase to include that is no list", "要包含的短语不是列表"),
        ("give one, or leave the rule out", "请改正，或去掉该规则"),
        then("generation", constraints={"must_include": "sea"}),
    ),
    Case(
        "generation: a length below 0",
        ("a length of a text below 0", "文本长度小于 0"),
        ("give one, or leave the rule out", "请改正，或去掉该规则"),
        then("generation", constraints={"must_include": ["sea"], "max_length": -3}),
    ),
    Case(
        "generation: a broken regular expression",
        ("a regular expression that is broken", "正则表达式有误"),
        ("mend it, or leave the rule out", "请改正，或去掉该规则"),
        then("generation", constraints={"regex": "(a"}),
    ),
    Case(
        "generation: a broken JSON Schema",
        ("a JSON Schema that is none", "并非有效的 JSON Schema"),
        ("mend it, or leave the rule out", "请改正，或去掉该规则"),
        then("generation", constraints={"json_schema": '{"type": "text"}'}),
    ),
    Case(
        "generation: rules that are no mapping",
        ("rules of a text that are no mapping", "文本规则不是映射"),
        ("a mapping of rules", "规则的映射"),
        then("generation", constraints="at most 3 words"),
    ),
    Case(
        "generation: attributes that are no mapping",
        ("attributes of a text that are no mapping", "文本属性不是映射"),
        ("a mapping of attributes", "属性的映射"),
        then("generation", attributes="warm"),
    ),
    Case(
        "generation: a prompt that asks for no attribute",
        ("a prompt that leaves out all attributes of its rows", "提示没有用到行的任何属性"),
        ("write one of {attributes}, {tone}", "{attributes}、{tone} 之一"),
        learn(
            "generation",
            *({**row, "attributes": {"tone": "warm"}} for row in tiny_rows("generation", 24)),
            prompt="Say: {prompt}",
        ),
    ),
    Case(
        "generation: a field in the prompt that there is not",
        ("a prompt with a field that there is not", "提示中有不存在的字段"),
        ("write {prompt}", "请写 {prompt}"),
        learn("generation", *tiny_rows("generation", 24), prompt="Say: {promt}"),
    ),
)

TASK_CASES = (
    *(*PAIR_CASES, *RELATION_CASES, *CHOICE_CASES, *QA_CASES),
    *(*CODE_CASES, *DIALOGUE_CASES, *GENERATION_CASES),
)
