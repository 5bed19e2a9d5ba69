"""Bring dialogues to their one form, and part what is read from the reply.

In: a column of messages, as lists or as JSON text. Out: list<{role,content}> with the roles system, user, assistant; a
history and a reply. ShareGPT's `from` and `value` are taken for `role` and `content`, its names of speakers for roles.
Knows no task and no model.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

import pyarrow as pa

from dongcha.data.cells import Cells, parsed
from dongcha.data.origin import excerpt
from dongcha.data.sources.base import as_json

SYSTEM, USER, ASSISTANT = ROLES = ("system", "user", "assistant")
OTHER_ROLES = {"human": USER, "gpt": ASSISTANT, "chatgpt": ASSISTANT, "bot": ASSISTANT, "model": ASSISTANT}
MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
Message = Mapping[str, str]
SPEAKER, SAID = ("role", "from"), ("content", "value")  # keys that messages have for these, the usual ones first


def to_messages(cells: Cells) -> pa.Array:
    """Return list<{role,content}>, other keys left out; refuses unknown roles and messages that say nothing."""
    made = []
    for i, value in enumerate(parsed(cells, "messages")):
        if value is not None and not isinstance(value, list):
            cells.refuse_kind(i, value, "messages")
        made.append([_message(one, number, i, cells) for number, one in enumerate(value or (), 1)])
    cells.refuse_missing(pa.array([not messages for messages in made]))
    return pa.array(made, MESSAGES)


def _message(value: Any, number: int, position: int, cells: Cells) -> Message:
    if not isinstance(value, Mapping):
        cells.refuse_kind(position, value, "message")
    role, content = (_first(value, *keys) for keys in (SPEAKER, SAID))
    said = excerpt(as_json(content) or "null")
    if not isinstance(content, str) or not content.strip():
        cells.refuse("read.no_content", position, number=number, found=said)
    if "\0" in content:
        cells.refuse("read.nul", position)
    return {"role": _role(role, number, position, cells), "content": content}


def _first(value: Mapping[str, Any], *keys: str) -> Any:
    """Return what stands under the first of some keys that a message has."""
    return next((value[key] for key in keys if value.get(key) is not None), None)


def _role(value: Any, number: int, position: int, cells: Cells) -> str:
    named = value.strip().lower() if isinstance(value, str) else ""
    role = OTHER_ROLES.get(named, named)
    if role not in ROLES:
        near = get_close_matches(named, [*ROLES, *OTHER_ROLES], n=1)
        facts = {"number": number, "found": excerpt(as_json(value) or "null"), "all": ", ".join(ROLES)}
        cells.refuse("read.role_near" if near else "read.role", position, near=near[0] if near else "", **facts)
    return role


def apart(cells: Cells, dialogues: pa.ListArray, *, has_reply: bool) -> tuple[pa.ListArray, pa.Array]:
    """Return the history that is read in each row, and the assistant's message behind it, None where there is none.

    Where each row has a reply, that is the assistant's last message, and what follows it is left out. Else a history is
    taken whole, but for a last message of the assistant.
    """
    histories, replies = [], []
    for i, messages in enumerate(dialogues.to_pylist()):
        spoken = [at for at, message in enumerate(messages) if message["role"] == ASSISTANT]
        if has_reply and not spoken:
            roles = ", ".join(dict.fromkeys(message["role"] for message in messages))
            cells.refuse("read.no_reply", i, found=roles)
        ends = has_reply or messages[-1]["role"] == ASSISTANT
        at = spoken[-1] if ends else len(messages)
        if at == 0:
            cells.refuse("read.nothing_before", i)
        histories.append(messages[:at])
        replies.append(messages[at]["content"] if ends else None)
    return pa.array(histories, MESSAGES), pa.array(replies, pa.string())


def asked(histories: pa.ListArray) -> pa.Array:
    """Return what the user said last in each history, "" for nothing."""
    return pa.array([_last_of(USER, history) for history in histories.to_pylist()], pa.string())


def _last_of(role: str, history: Iterable[Message]) -> str:
    return next((message["content"] for message in reversed([*history]) if message["role"] == role), "")


def is_dialogue(value: Any) -> bool:
    """Tell whether a value is a list of messages."""
    return isinstance(value, list) and bool(value) and all(map(_is_message, value))


def _is_message(value: Any) -> bool:
    return isinstance(value, Mapping) and said(value) != value and _first(value, *SPEAKER) is not None


def said(message: Any) -> Any:
    """Return what a message says; anything else as it is."""
    found = _first(message, *SAID) if isinstance(message, Mapping) else None
    return message if found is None else found


def lines_of(messages: Iterable[Message]) -> list[str]:
    """Return messages as people read them: who speaks, and what."""
    return [f"{message['role']}: {message['content']}" for message in messages]
