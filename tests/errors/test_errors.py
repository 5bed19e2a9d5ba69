"""Every documented refusal is what the page says: message, exit code, no traceback, nothing harmed."""

import re
import sys
from pathlib import Path

import pytest
from error_case import outcome
from error_cases import ACCEPTED, GROUPS, REFUSED
from error_desk import RUN

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs"))

import errors_page  # noqa: E402  a script of docs/

LANGUAGES = ("en", "zh")
FEWEST = 60
NEXT = ("; ", ". ", ": use ", ": give ", ", such as ", "; did you mean ")  # what a next action stands behind
CODES = {1, 2, 4, 5}  # design 6; 3 would be our bug, 130 and 143 are no errors
refused = pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
accepted = pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
languages = pytest.mark.parametrize("language", LANGUAGES)


def page(language):
    return (ROOT / "docs" / language / "errors.md").read_text(encoding="utf-8")


@languages
@refused
def test_a_refusal_is_the_documented_sentence_with_its_exit_code(case, language):
    found = outcome(case, language)
    assert found.code == case.code, found.message
    assert errors_page.line(case, language) in page(language), "run: python docs/make_tables.py"


@languages
@refused
def test_a_refusal_shows_no_traceback_and_is_no_bug_of_ours(case, language):
    found = outcome(case, language)
    assert "Traceback" not in found.message + found.out
    assert found.code in CODES
    assert found.out == ""
    assert 1 <= len(found.message.splitlines()) <= 5


@refused
def test_a_refusal_harms_nothing_and_leaves_nothing(case):
    found = outcome(case, "en")
    assert found.harmed == ()
    assert [name for name in found.left if not name.startswith(case.leaves or ("-",))] == []


@languages
@accepted
def test_what_is_accepted_is_read_as_said(case, language):
    found = outcome(case, language)
    assert found.code == case.code, found.message
    assert case.holds(found), found.out[:400]
    assert found.harmed == ()
    assert errors_page.accepted_line(case, language) in page(language), "run: python docs/make_tables.py"


def test_messages_of_the_two_languages_differ():
    same = [case.name for case in REFUSED if outcome(case, "en").message == outcome(case, "zh").message]
    assert same == []


def test_a_refusal_says_what_to_do():
    """The next action stands in a clause of its own, so a message of a single clause has none."""
    for case in REFUSED:
        for line in outcome(case, "en").message.splitlines():
            assert any(mark in line for mark in NEXT), line


def test_there_are_many_and_each_has_its_own_name():
    names = [case.name for case in (*REFUSED, *ACCEPTED)]
    assert len(set(names)) == len(names)
    assert len(REFUSED) >= FEWEST
    assert all(GROUPS.values())


@pytest.mark.parametrize("case", (*REFUSED, *ACCEPTED), ids=lambda case: case.name)
def test_both_languages_name_the_same_things_in_the_same_order(case):
    english, chinese = (re.findall(r"`([^`]+)`", words) for words in case.did)
    assert english == chinese


def test_a_harmed_file_would_be_noticed(tmp_path):
    """The measure itself: a command that writes over a file is seen."""
    from error_desk import Desk, command

    desk = Desk(tmp_path)
    desk.run()
    desk.put("new.csv", "text\ngood room\n")
    desk.put("old.csv", "mine\n")
    found = command(desk, ("predict", RUN, "new.csv", "--output", "old.csv"), "en")
    assert (found.code, found.harmed) == (0, ("old.csv",))
