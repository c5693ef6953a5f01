import sqlite3
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.shared.services.answers import (
    FILE,
    AnswerStore,
    Call,
    CapReachedError,
    Caps,
    Spent,
    answer_key,
    check_caps,
)
from components.shared.services.interface import Answer, Identity

_IDENTITY = Identity("chat", "gpt-4.1-nano", "1", "https://api.openai.com/v1")
_ANSWER = Answer((0.0, 1.0), 1, "")


@pytest.fixture
def store(tmp_path):
    return AnswerStore(tmp_path / "answers")


def test_an_answer_is_found_again_by_another_process(store, tmp_path):
    store.keep(_IDENTITY, {"I love it": _ANSWER, "awful": Answer((0.5, 0.5), 0, "refused")})
    again = AnswerStore(tmp_path / "answers").find(_IDENTITY, ["awful", "unknown", "I love it"])
    assert again == {"I love it": _ANSWER, "awful": Answer((0.5, 0.5), 0, "refused")}


@pytest.mark.parametrize("field", ["service", "model", "version", "endpoint"])
def test_an_answer_stands_for_one_service_model_instruction_and_endpoint_only(store, field):
    store.keep(_IDENTITY, {"I love it": _ANSWER})
    other = Identity(**(vars(_IDENTITY) | {field: "other"}))
    assert store.find(other, ["I love it"]) == {}


def test_more_texts_than_one_statement_takes_are_found(store):
    texts = [f"review {number}" for number in range(1203)]
    store.keep(_IDENTITY, dict.fromkeys(texts, _ANSWER))
    assert len(store.find(_IDENTITY, texts)) == 1203


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_different_parts_never_have_the_same_key(some, others):
    first = [*some, "", "", "", "", ""][:5]
    second = [*others, "", "", "", "", ""][:5]
    assert (answer_key(Identity(*first[:4]), first[4]) == answer_key(Identity(*second[:4]), second[4])) == (
        first == second
    )


def test_reviews_are_not_written_down(store, tmp_path):
    store.keep(_IDENTITY, {"My name is Ada and I love it": _ANSWER})
    assert b"Ada" not in (tmp_path / "answers" / FILE).read_bytes()


def test_a_call_counts_from_before_it_is_made_until_it_is_settled(store, tmp_path):
    caps = Caps(maximum_calls=10, maximum_eur=1.0)
    number = store.reserve(_IDENTITY, 10, 0.5, caps)
    assert AnswerStore(tmp_path / "answers").spent() == Spent(1, 0.5)
    store.settle(number, 0.2, seconds=0.1, status=200)
    assert store.spent() == Spent(1, 0.2)
    assert store.answered_calls(_IDENTITY) == [Call(0.1, 10, 0.2)]


def test_a_failed_attempt_is_no_answered_call(store):
    caps = Caps(maximum_calls=10, maximum_eur=1.0)
    store.settle(store.reserve(_IDENTITY, 1, 0.1, caps), 0.0, seconds=0.1, status=429)
    store.reserve(_IDENTITY, 1, 0.1, caps)
    assert store.answered_calls(_IDENTITY) == []


@pytest.mark.parametrize("caps", [Caps(maximum_calls=2, maximum_eur=9), Caps(maximum_calls=9, maximum_eur=0.2)])
def test_a_cap_holds_for_all_services_together_and_after_a_restart(tmp_path, caps):
    for service in ("chat", "azure-language"):
        AnswerStore(tmp_path).reserve(Identity(service, "m", "1"), 1, 0.1, caps)
    with pytest.raises(CapReachedError, match="would exceed service_maximum"):
        AnswerStore(tmp_path).reserve(_IDENTITY, 1, 0.1, caps)
    assert AnswerStore(tmp_path).spent().calls == 2


def test_nothing_may_be_called_with_a_cap_of_zero(store):
    with pytest.raises(CapReachedError):
        store.reserve(_IDENTITY, 1, 0.0, Caps(maximum_calls=0, maximum_eur=1))
    with pytest.raises(CapReachedError):
        store.reserve(_IDENTITY, 1, 0.01, Caps(maximum_calls=1, maximum_eur=0))


@given(st.lists(st.floats(0, 0.4), max_size=12), st.floats(0, 1), st.integers(0, 8))
def test_whatever_is_asked_for_the_caps_are_never_exceeded(prices, maximum_eur, maximum_calls):
    caps, spent = Caps(maximum_calls=maximum_calls, maximum_eur=maximum_eur), Spent(0, 0.0)
    for eur in prices:
        try:
            check_caps(spent, 1, eur, caps)
        except CapReachedError:
            continue
        spent = Spent(spent.calls + 1, spent.eur + eur)
    assert spent.calls <= maximum_calls
    assert spent.eur <= maximum_eur + 1e-6


def test_several_threads_do_not_exceed_a_cap_together(tmp_path):
    caps = Caps(maximum_calls=5, maximum_eur=9)

    def reserve(_):
        try:
            return AnswerStore(tmp_path).reserve(_IDENTITY, 1, 0.1, caps)
        except CapReachedError:
            return None

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(reserve, range(12)))
    assert len([number for number in made if number is not None]) == 5


def test_a_process_killed_midway_leaves_what_it_bought_and_a_call_that_counts(tmp_path):
    script = f"""
        import os, signal
        from pathlib import Path
        from components.shared.services.answers import AnswerStore, Caps
        from components.shared.services.interface import Answer, Identity
        store, identity = AnswerStore(Path({str(tmp_path)!r})), Identity("chat", "m", "1")
        store.keep(identity, {{"bought": Answer((1.0,), 1)}})
        store.reserve(identity, 1, 0.3, Caps(maximum_calls=9, maximum_eur=9))
        with store._transaction() as connection:
            connection.execute("DELETE FROM answers")
            connection.execute("DELETE FROM calls")
            os.kill(os.getpid(), signal.SIGKILL)
    """
    finished = subprocess.run([sys.executable, "-c", textwrap.dedent(script)])
    assert finished.returncode == -9
    store = AnswerStore(tmp_path)
    assert store.find(Identity("chat", "m", "1"), ["bought"])["bought"].scores == (1.0,)
    assert store.spent() == Spent(1, 0.3)


def test_a_failed_write_leaves_the_store_as_it_was(store):
    store.keep(_IDENTITY, {"a": _ANSWER})
    with pytest.raises(sqlite3.Error), store._transaction() as connection:
        connection.execute("DELETE FROM answers")
        connection.execute("not SQL")
    assert store.find(_IDENTITY, ["a"]) == {"a": _ANSWER}
