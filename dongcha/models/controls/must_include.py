"""Bring phrases in: a text does not end while one is missing, and those that fit its room stand in it at the end.

A begun phrase is favoured, a missing one a little; where the model would end without them they are written then; and
where the room that is left is no more than they need, they are written token by token. Which tokens write a phrase is
tried out on the decoded text by the metric's own rule: behind a blank, without one, or on from what was begun.
Close to lexically constrained decoding (Hokamp and Liu 2017), greedy and with a fixed room.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dongcha.metrics._rules import holds
from dongcha.metrics._words import is_chinese, words
from dongcha.models.controls._base import Control, Draft, Pen
from dongcha.models.tokenizer import Tokenizer

GO_ON = 5.0  # added to the logit of what continues a begun phrase
BEGIN = 1.0  # and of what begins a missing one


@dataclass(frozen=True)
class Way:
    """Tokens that would write what is missing, and the words of the whole text then."""

    ids: tuple[int, ...]
    words: int


@dataclass(frozen=True)
class Included(Control):
    """Phrases that are to stand in a text; `spelt` holds for each the ways to write it, `most` words have room.

    `plans` has the rest of each way that was found, by the draft that has taken its first token: once on its way, a
    draft is never told that there is none, though looked for anew it might be longer.
    """

    phrases: tuple[str, ...]
    spelt: dict[str, tuple[tuple[int, ...], ...]]
    most: int | None
    plans: dict[tuple[int, ...], Way] = field(default_factory=dict, repr=False, compare=False)

    def missing(self, text: str) -> list[str]:
        """Return the phrases that a text lacks."""
        return [phrase for phrase in self.phrases if not holds(text, phrase)]

    def admits(self, draft: Draft, after: Draft) -> bool:
        """Tell whether what is missing still fits behind the longer text; one that ended may lack nothing."""
        missing = self.missing(after.text)
        if after.over or not missing:
            return not missing
        tokens = sum(max(map(len, self.spelt[phrase])) for phrase in missing)
        if tokens <= after.left and self._has_words(len(words(after.text)) + _words_of(missing)):
            return True  # as surely as can be: no need to try
        way = self.way(after, missing)
        return way is not None and len(way.ids) <= after.left and self._has_words(way.words)

    def favours(self, draft: Draft) -> dict[int, float]:
        """Favour what continues a begun phrase, or begins a missing one."""
        found: dict[int, float] = {}
        for phrase in self.missing(draft.text):
            for spelt in self.spelt[phrase]:
                begun = _begun(draft, spelt, phrase)
                token, gain = spelt[begun], GO_ON if begun else BEGIN
                found[token] = max(gain, found.get(token, 0.0))
        return found

    def hint(self, draft: Draft, *, ending: bool) -> int | None:
        """Return the next token of what is missing, where the model would end, or there is only just room."""
        missing = self.missing(draft.text)
        if not missing:
            return None
        tokens = sum(max(map(len, self.spelt[phrase])) for phrase in missing)
        is_tight = tokens >= draft.left or not self._has_words(len(words(draft.text)) + _words_of(missing) + 1)
        way = self.way(draft, missing) if ending or is_tight else None
        return way.ids[0] if way and way.ids else None

    def way(self, draft: Draft, missing: Sequence[str]) -> Way | None:
        """Find tokens that write what is missing behind a draft; None where a phrase cannot be written there."""
        ways = [way for way in (self.plans.get(draft.ids), self._found(draft, missing)) if way is not None]
        if not ways:
            return None
        way = min(ways, key=lambda one: len(one.ids))
        if way.ids:
            self.plans[(*draft.ids, way.ids[0])] = Way(way.ids[1:], way.words)
        return way

    def _found(self, draft: Draft, missing: Sequence[str]) -> Way | None:
        begun = {one: max(_begun(draft, spelt, one) for spelt in self.spelt[one]) for one in missing}
        so_far = draft
        for phrase in sorted(missing, key=lambda one: (-begun[one], -len(one), one)):
            if not holds(so_far.text, phrase):
                found = self._with(so_far, phrase)
                if found is None:
                    return None
                so_far = found
        return Way(so_far.ids[len(draft.ids) :], len(words(so_far.text)))

    def _with(self, draft: Draft, phrase: str) -> Draft | None:
        """Return a draft with a phrase behind it that lacks no phrase which it had; None where there is no way."""
        had = set(self.missing(draft.text))
        for rest in _continuations(draft, self.spelt[phrase], phrase):
            longer = Draft(draft.pen, (*draft.ids, *rest), draft.left - len(rest))
            missing = self.missing(longer.text)
            if phrase not in missing and had.issuperset(missing):
                return longer
        return None

    def _has_words(self, count: int) -> bool:
        return self.most is None or count <= self.most


def _words_of(phrases: Sequence[str]) -> int:
    return sum(len(words(phrase)) for phrase in phrases)


def _begun(draft: Draft, spelt: tuple[int, ...], phrase: str) -> int:
    """Return how many tokens of a phrase end a draft, so that the others would complete it."""
    for count in range(min(len(spelt) - 1, len(draft.ids)), 0, -1):
        if draft.ids[-count:] == spelt[:count]:
            whole = Draft(draft.pen, (*draft.ids, *spelt[count:]), draft.left)
            if holds(whole.text, phrase):
                return count
    return 0


def _continuations(draft: Draft, spellings: Sequence[tuple[int, ...]], phrase: str) -> Iterator[tuple[int, ...]]:
    """Yield tokens that may write a phrase behind a draft: what was begun first, blanks where the script has them."""
    begun = [(count, spelt) for spelt in spellings if (count := _begun(draft, spelt, phrase))]
    for count, spelt in sorted(begun, key=lambda one: len(one[1]) - one[0]):
        yield spelt[count:]
    apart = bool(draft.text) and not draft.raw[-1:].isspace() and not is_chinese(draft.text[-1] + phrase[0])
    yield from reversed(spellings) if apart else spellings


def spellings_of(tokenizer: Tokenizer, phrase: str) -> tuple[tuple[int, ...], ...]:
    """Return the tokens of a phrase, and those of it behind a blank."""
    plain = " ".join(phrase.split())
    found = (tuple(one) for one in tokenizer.plain_ids([plain, f" {plain}"]))
    return tuple(dict.fromkeys(one for one in found if one))


def control(phrases: Sequence[str], pen: Pen, room: int, *, most: int | None, without: Sequence[str]) -> Control:
    """Return what brings phrases into a text of at most `room` tokens and `most` words that is `without` others.

    Those that do not fit together are left out, the longest first; so are those that no text could have.
    """
    spelt = {phrase: spellings_of(pen.tokenizer, phrase) for phrase in phrases}
    empty = Draft(pen, (), room)
    kept = Included((), spelt, most)
    for phrase in sorted(spelt, key=lambda one: (max(map(len, spelt[one]), default=0), one)):
        more = Included((*kept.phrases, phrase), spelt, most)
        if not spelt[phrase] or any(holds(phrase, one) for one in without):
            continue
        way = more.way(empty, more.phrases)
        if way is not None and len(way.ids) <= room and more._has_words(way.words):
            kept = more
    return kept
