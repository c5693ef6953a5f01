import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.shared.services.vader import EMOJI, LEXICON, Vader, package_directory

_VADER = Vader()


@pytest.mark.parametrize(
    ("text", "verdict"),
    [("I love this dress, it is perfect!", 1), ("Awful, itchy and cheap.", -1), ("It is a shirt.", 0), ("", 0)],
)
def test_the_verdict_follows_the_published_thresholds(text, verdict):
    (answer,) = _VADER.ask([text])
    assert answer.verdict == verdict


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_a_text_without_words_has_the_scores_of_a_text_without_opinion(text):
    assert _VADER.ask([text]) == _VADER.ask(["It is a shirt."])


def test_the_scores_are_the_compound_and_its_parts():
    (answer,) = _VADER.ask(["VADER is smart, handsome, and funny."])
    assert answer.scores == (0.0, 0.254, 0.746, 0.8316)  # the example of the package's authors
    assert len(_VADER.columns) == 4


@given(st.text(max_size=200))
@settings(max_examples=50)
def test_any_text_has_bounded_scores_that_do_not_depend_on_the_others(text):
    answer, _ = _VADER.ask([text, "awful"])
    assert all(-1 <= score <= 1 for score in answer.scores)
    assert _VADER.ask([text]) == [answer]


def test_a_lexicon_elsewhere_is_the_one_that_counts(tmp_path):
    (tmp_path / LEXICON).write_text("frumious\t3.0\t0.5\t[3]\n", encoding="utf-8")
    (tmp_path / EMOJI).write_bytes((package_directory() / EMOJI).read_bytes())
    own = Vader(tmp_path)
    assert own.ask(["so frumious"])[0].verdict == 1
    assert own.ask(["I love it"])[0].verdict == 0


def test_it_costs_nothing_and_needs_no_network_library():
    assert _VADER.price_eur("x" * 5000) == 0
    script = (
        "import sys; from components.shared.services.vader import Vader; Vader().ask(['fine']); "
        "sys.exit(str([name for name in ('requests', 'openai', 'azure', 'tensorflow') if name in sys.modules] or ''))"
    )
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert finished.stderr.strip() == ""
