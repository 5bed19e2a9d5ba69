"""Dialogues: the assistant's turns alone are learnt, the newest are kept, a model's own template is used."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha.checks import labels_aligned
from dongcha.config.sections import Decoding
from dongcha.data.dataset import ASKED
from dongcha.data.features import IGNORED, gather
from dongcha.data.load import ReadOptions, load
from dongcha.errors import DataError, ModelError
from dongcha.models.chat import Lines, Template, Turn, layout_of
from dongcha.models.heads._base import HeadSpec
from dongcha.models.model import build_model
from dongcha.models.writing import write
from dongcha.stations.plan import longest_answer
from dongcha.tasks._base import Lengths
from dongcha.tasks._laid import answers_in
from dongcha.tasks._predict import lay_flat, predict_rows
from dongcha.tasks.dialogue import Task
from dongcha.testing import tiny_rows, tiny_writer
from dongcha.testing.conformance import conform

SPEC = HeadSpec(name="writer", num_outputs=1, loss="next_token")
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
STRICT = (  # as Gemma's: no system, strict turns, content trimmed
    "{{ bos_token }}{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}<{{ m.role }}>{{ m.content | trim }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
FORGETFUL = (  # what the assistant said before is rewritten, as with thoughts
    "{% for m in messages %}[{{ m.role }}]{{ m.content if m.role == 'user' or loop.last else '...' }};{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}"
)
TEMPLATES = {"lines": None, "chatml": CHATML, "strict": STRICT}


def U(content):
    return {"role": "user", "content": content}


def A(content):
    return {"role": "assistant", "content": content}


def S(content):
    return {"role": "system", "content": content}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    made = {}

    def model_of(kind="llama", template=None, max_tokens=400):
        key = (kind, template, max_tokens)
        if key not in made:
            folder = tiny_writer(tmp_path_factory.mktemp(kind), kind=kind, max_tokens=max_tokens)
            made[key] = build_model(folder, SPEC, max_tokens=None, seed=0, card={})
            made[key].tokenizer.hf.chat_template = template
        return made[key]

    return model_of


def task_for(model, **changes):
    task = Task(stop=("\n",), lengths=Lengths(max_tokens=model.tokenizer.max_tokens))
    return replace(task, **changes).reading(model.tokenizer)


def features_of(model, rows, **changes):
    return gather([task_for(model, **changes).encode(rows, model.tokenizer, 0)])


def rows_of(*dialogues):
    return {"messages": [list(d[:-1]) for d in dialogues], "reply": [d[-1]["content"] for d in dialogues]}


def stretches(model, features, row=0):
    """Return the texts that are asked for, special tokens shown."""
    part = slice(int(features.starts[row]), int(features.starts[row + 1]))
    wanted, found, open_stretch = np.asarray(features.tokens["next"])[part], [], False
    for token in wanted.tolist():
        if token != IGNORED:
            found = [*found[:-1], [*found[-1], token]] if open_stretch else [*found, [token]]
        open_stretch = token != IGNORED
    return [model.tokenizer.hf.decode(ids) for ids in found]


def shown(model, features, row=0):
    part = slice(int(features.starts[row]), int(features.starts[row + 1]))
    return model.tokenizer.hf.decode(np.asarray(features.tokens["input_ids"])[part].tolist())


TALK = (S("be kind"), U("hi"), A("hello"), U("where?"), A("in paris"))
WANTED = {
    "lines": [" hello</s>", " in paris</s>"],
    "chatml": ["hello<|im_end|>", "in paris<|im_end|></s>"],
    "strict": ["hello</s>", "in paris</s>"],
}
PROMPTS = {
    "lines": "<s>System: be kind\nUser: hi\nAssistant: hello</s>\nUser: where?\nAssistant:",
    "chatml": "<s><|im_start|>system\nbe kind<|im_end|>\n<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"
    "hello<|im_end|>\n<|im_start|>user\nwhere?<|im_end|>\n<|im_start|>assistant\n",
    "strict": "<s><user>be kind\n\nhi</s><assistant>hello</s><user>where?</s><assistant>",
}


@pytest.mark.parametrize("form", TEMPLATES)
def test_the_assistants_turns_are_asked_for_and_no_one_elses(models, form):
    model = models(template=TEMPLATES[form])
    features = features_of(model, rows_of(TALK))
    assert stretches(model, features) == WANTED[form]
    assert shown(model, features) == PROMPTS[form] + WANTED[form][-1]
    bare = features_of(model, {"messages": [list(TALK[:-1])]})
    assert shown(model, bare) == PROMPTS[form] and not stretches(model, bare)


said = st.text(st.sampled_from("ab 房间.\n:é"), min_size=1, max_size=9).filter(str.strip)
turns = st.lists(st.builds(dict, role=st.sampled_from(["system", "user", "assistant"]), content=said), max_size=6)


@pytest.mark.parametrize("form", ["lines", "chatml"])
@settings(max_examples=60, deadline=None)
@given(dialogues=st.lists(st.tuples(turns, said, said), min_size=1, max_size=3), language=st.sampled_from(["en", "zh"]))
def test_exactly_the_assistants_turns_and_their_ends_are_asked_for(models, form, dialogues, language):
    model = models(template=TEMPLATES[form], max_tokens=1200)
    rows = rows_of(*([*before, U(asked), A(reply)] for before, asked, reply in dialogues))
    features = features_of(model, rows, writes=language)
    assert features.facts["last_reply_only"] == features.facts["cut_rows"] == 0
    for row, (before, _, reply) in enumerate(dialogues):
        own = [turn["content"].strip() for turn in [*before, A(reply)] if turn["role"] == "assistant"]
        end = "</s>" if form == "lines" else "<|im_end|>"
        found = stretches(model, features, row)
        assert [text.removesuffix("</s>").removesuffix(end).strip() for text in found] == own
        assert all(end in text for text in found) and found[-1].endswith("</s>")
    answers = [p.target["reply"] for p in task_for(model, writes=language, stop=()).perfect(features, rows)]
    assert answers == [reply.strip() for _, _, reply in dialogues]


def test_an_encoder_reads_the_history_and_the_reply_alone_is_written(models):
    model = models("t5")
    features = features_of(model, rows_of(TALK))
    assert stretches(model, features) == ["in paris</s>"]
    assert shown(model, features).startswith(
        "System: be kind\nUser: hi\nAssistant: hello\nUser: where?\nAssistant:</s>"
    )


def test_only_the_last_reply_is_judged(models):
    model = models(template=CHATML)
    task = task_for(model)
    features = features_of(model, rows_of(TALK, TALK[1:]))
    surprise = np.where(answers_in(features), 0.5, 9.0)[:, None]
    found = task.decode(surprise, features, rows_of(TALK, TALK[1:]), 0)
    assert [p.target["reply"] for p in found] == ["in paris"] * 2
    assert [p.confidence for p in found] == pytest.approx([np.exp(-0.5)] * 2)
    assert stretches(model, task.judged(features), 1) == WANTED["chatml"][-1:]
    assert longest_answer(features) == len("in paris<|im_end|>") + 1


@pytest.mark.parametrize("form", TEMPLATES)
def test_prompts_in_features_with_gold_are_those_without(models, form):
    model = models(template=TEMPLATES[form])
    rows = rows_of(TALK, TALK[1:3], TALK[1:])
    found, bare = (
        task_for(model).prompts_in(features_of(model, rows)),
        features_of(model, {"messages": rows["messages"]}),
    )
    assert np.array_equal(found.starts, bare.starts)
    assert all(np.array_equal(found.tokens[name], column) for name, column in bare.tokens.items())


@pytest.mark.parametrize("form", TEMPLATES)
def test_batched_equals_single(models, form):
    model = models(template=TEMPLATES[form])
    task = task_for(model, decoding=Decoding(max_new_tokens=9))
    rows = {"messages": [list(TALK[:-1]), [U("hi")], [U("hi"), A("hello"), U("a longer question than before")]]}
    among = predict_rows(task, model, rows)
    for i, one in enumerate(among):
        alone = predict_rows(task, model, {"messages": [rows["messages"][i]]})[0]
        assert alone.target == one.target and alone.confidence == pytest.approx(one.confidence, abs=1e-5)
    features = features_of(model, rows_of(TALK, TALK[1:3]))
    whole, one = lay_flat(features, model.logits(features)), features.take(np.array([1]))
    assert np.allclose(lay_flat(one, model.logits(one)), whole[features.starts[1] :], atol=1e-5)


def test_what_is_too_old_is_left_out_and_the_system_stays(models):
    model = models(max_tokens=120)
    dialogue = [
        S("be kind"),
        *(t for i in range(9) for t in (U(f"question {i}"), A(f"answer {i}"))),
        U("last"),
        A("so"),
    ]
    features = features_of(model, rows_of(dialogue))
    text = shown(model, features)
    assert text.startswith("<s>System: be kind\nUser: question 8\nAssistant: answer 8</s>\nUser: last\nAssistant:")
    assert stretches(model, features) == [" answer 8</s>", " so</s>"]
    assert features.facts["cut_rows"] == 1 and features.facts["cut_tokens"] > 100 and not features.facts["cut_answers"]


@settings(max_examples=60, deadline=None)
@given(before=turns, word=said, long=st.integers(1, 12), reply=said)
def test_the_newest_is_kept_and_a_reply_is_whole(models, before, word, long, reply):
    model = models(max_tokens=96)
    history = [*before, U((word * long) + "END")]
    rows = {"messages": [history], "reply": [reply]}
    features = features_of(model, rows)
    text = shown(model, features)
    assert int(features.lengths.max()) <= 96 and "END\nAssistant:" in text
    assert task_for(model, stop=()).perfect(features, rows)[0].target["reply"] == reply.strip()
    if history[0]["role"] == "system":
        assert text.removeprefix("<s>System:").strip()[:1] == history[0]["content"].strip()[:1]


def test_the_oldest_turn_that_is_left_loses_its_beginning(models):
    model = models(max_tokens=80)
    features = features_of(model, {"messages": [[U("old"), A("older"), U("x" * 90 + "the end")]]})
    assert shown(model, features).endswith("xxxthe end\nAssistant:")
    assert int(features.lengths[0]) <= 80 and "old" not in shown(model, features)


def test_a_long_word_of_the_system_gets_its_share(models):
    model = models(max_tokens=160)
    features = features_of(model, {"messages": [[S("s" * 300), U("u" * 200 + "end")]]})
    text = shown(model, features)
    assert 55 <= text.count("s" * 1) - text.count("Assistant") * 3 <= 70 and text.endswith("uend\nAssistant:")


def test_a_frame_without_room_is_refused(models):
    model = models(template="{{ 'x' * 300 }}" + CHATML)
    with pytest.raises(DataError, match=r"^data\.max_tokens"):
        features_of(model, {"messages": [[U("hi")]]})


def test_what_a_template_rewrites_is_not_learnt_and_counted(models):
    model = models(template=FORGETFUL)
    features = features_of(model, rows_of(TALK[1:], TALK[1:3]))
    assert features.facts["last_reply_only"] == 1
    assert [len(stretches(model, features, row)) for row in (0, 1)] == [1, 1]


@pytest.mark.parametrize(("template", "status"), [(FORGETFUL, "warned"), (None, "passed")])
def test_what_a_template_rewrites_is_told_by_a_proof(models, template, status):
    model, rows = models(template=template), rows_of(TALK[1:], TALK[1:3])
    task, features = task_for(model), features_of(model, rows)
    claims = {"model": SimpleNamespace(spec=SPEC, tokenizer=model.tokenizer), "splits": SimpleNamespace(unlabelled=0)}
    evidence = SimpleNamespace(task=task, features={"train": features}, sample=lambda split: (rows, features), **claims)
    found = labels_aligned.check(evidence)
    assert (found.status, found.figures["wrong"]) == (status, 0)
    assert ("1 of 2 dialogues only the last reply is learnt" in found.message) == (status == "warned")


def test_a_template_that_takes_no_dialogue_is_refused(models):
    model = models(template="{{ raise_exception('no') }}")
    with pytest.raises(ModelError, match="chat template does not take a dialogue"):
        features_of(model, {"messages": [[U("hi")]]})


def test_a_strict_template_is_given_an_alternation(models):
    model = models(template=STRICT)
    features = features_of(model, rows_of([A("welcome"), U("one"), U("two"), A("three")]))
    assert shown(model, features) == "<s><user>one\n\ntwo</s><assistant>three</s>"


@pytest.mark.parametrize("form", TEMPLATES)
def test_a_reply_is_over_where_its_form_says(models, form):
    model = models(template=TEMPLATES[form])
    assert task_for(model).stop == {"lines": ("\n",), "chatml": ("<|im_end|>",), "strict": ()}[form]
    asked = task_for(model, stop=("##",), decoding=Decoding(stop=("##",))).reading(model.tokenizer)
    assert asked.stop == {"lines": ("##",), "chatml": ("##", "<|im_end|>"), "strict": ("##",)}[form]
    assert asked.reading(model.tokenizer).card() == asked.card()


@pytest.mark.parametrize(("language", "wanted"), [("en", ("\nSystem:", "\nUser:", "\nAssistant:")), ("zh", None)])
def test_lines_inside_a_turn_do_not_open_one(language, wanted):
    layout = layout_of(None, language)
    word = layout.words[1]
    prompt = layout.text([Turn("user", f"one\n{word} two"), Turn("assistant", "three")])
    assert prompt.count(f"\n{word}") == 0 and f"\n {word}" in prompt
    assert layout.stops == (wanted or ("\n系统：", "\n用户：", "\n助手："))


def test_forms_are_chosen_by_the_tokenizer(models):
    assert isinstance(layout_of(models().tokenizer, "en"), Lines)
    found = layout_of(models(template=CHATML).tokenizer, "en")
    assert isinstance(found, Template) and (found.end, found.last) == ("<|im_end|>", "<|im_end|>")
    strict = layout_of(models(template=STRICT).tokenizer, "en")
    assert (strict.end, strict.last, strict.stops) == ("</s>", "", ())


def learnt(rows, **changes):
    rows = load(rows, ("messages", "reply"), base=None, options=ReadOptions(), cache=None)
    return Task.learn(rows, Lengths(**changes))


@pytest.mark.parametrize(
    ("dialogue", "stop"),
    [
        ([U("a\nb"), A("c")], ("\n",)),
        ([U("a"), A("b\nc")], ("\nSystem:", "\nUser:", "\nAssistant:")),
        ([U("a"), A("b\nc"), U("d"), A("e")], ("\nSystem:", "\nUser:", "\nAssistant:")),
        ([U("你好"), A("你好\n请问")], ("\n系统：", "\n用户：", "\n助手：")),
    ],
)
def test_where_replies_end_is_learnt_from_all_turns(dialogue, stop):
    assert learnt([{"messages": dialogue}]).stop == stop


def test_the_recipes_prompt_is_what_the_system_says(models):
    model = models()
    rows = {"messages": [[U("hi")], [S("be short"), U("hi")]]}
    features = features_of(model, rows, prompt="be kind")
    assert shown(model, features).startswith("<s>System: be kind\nUser: hi")
    assert shown(model, features, 1).startswith("<s>System: be short\nUser: hi")


def read(rows, **options):
    found = load(rows, ("messages", "reply"), base=None, options=ReadOptions(), cache=None, **options)
    return found.rows(range(len(found)))


def test_the_last_turn_of_the_assistant_is_the_reply():
    [row] = read([{"messages": [U("a"), A("b"), U("c"), A("d"), U("e")]}])
    assert row["messages"] == [U("a"), A("b"), U("c")] and (row["reply"], row[ASKED]) == ("d", "c")


def test_rows_to_answer_are_taken_whole_but_for_a_last_reply():
    one, other = read([{"messages": [U("a"), A("b"), U("c")]}, {"messages": [U("a"), A("b")]}], need_gold=False)
    assert one["messages"] == [U("a"), A("b"), U("c")] and other["messages"] == [U("a")]
    assert "reply" not in one


def test_a_file_may_have_its_replies_apart():
    [row] = read([{"messages": [U("a"), A("b")], "reply": "c"}])
    assert row["messages"] == [U("a"), A("b")] and row["reply"] == "c"


@pytest.mark.parametrize(("human", "machine"), [("human", "gpt"), ("User", "BOT"), ("user", "model")])
def test_other_names_of_speakers_are_known(human, machine):
    [row] = read([{"messages": [{"from": human, "value": "a"}, {"from": machine, "value": "b"}]}])
    assert row["messages"] == [U("a")] and row["reply"] == "b"


def test_a_tables_cell_holds_json(tmp_path):
    (tmp_path / "talk.csv").write_text(
        'messages\n"[{""role"": ""user"", ""content"": ""a""}, {""role"": ""assistant"", ""content"": ""b""}]"\n'
    )
    data = load("talk.csv", ("messages", "reply"), base=tmp_path, options=ReadOptions(), cache=tmp_path / "cache")
    assert data.column("messages") == [[U("a")]] and data.column("reply") == ["b"]


@pytest.mark.parametrize(
    ("messages", "message"),
    [
        ([U("a")], r"none is the assistant's \(roles found: user\)"),
        ([A("a")], "needs a message before it"),
        ([], "missing or blank"),
        ([{"role": "asistant", "content": "a"}], "Did you mean assistant"),
        ([{"role": "tool", "content": "a"}], "wanted one of: system, user, assistant"),
        ([{"content": "a"}], "message 1 has the role null"),
        ([U("a"), A(" ")], 'message 2 has " " for its content'),
        ([{"role": "user", "content": 5}], "message 1 has 5 for its content"),
        ([U("a\0")], "NUL"),
        ("hi", "wanted a list of messages"),
        (["hi"], "wanted a message"),
    ],
)
def test_bad_messages_are_refused_with_their_row(messages, message):
    with pytest.raises(DataError, match=message) as caught:
        read([{"messages": [U("a"), A("b")]}, {"messages": messages}])
    assert "row 2" in str(caught.value)


def test_a_text_by_itself_is_what_a_user_says(models):
    model = models()
    task = task_for(model, decoding=Decoding(max_new_tokens=4))
    assert task.texts({"messages": [task.opened("hi")]})[0] == ["User: hi\nAssistant:"]
    prompts = features_of(model, {"messages": [task.opened("hi")]})
    assert len(write(model, prompts, task.writes_by)[0]) <= 4


def test_dialogues_in_a_models_own_template_keep_every_promise(tmp_path, monkeypatch, no_charts):
    from dongcha.testing import conformance

    def with_template(folder, **options):
        made = tiny_writer(folder, **options)
        (made / "chat_template.jinja").write_text(CHATML)
        return made

    monkeypatch.setattr(conformance, "tiny_writer", with_template)
    report = conform("dialogue", tiny_rows("dialogue", 48), tmp_path)
    assert "<|im_start|>user" in report.samples[0]["text"]
