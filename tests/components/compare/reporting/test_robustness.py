from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, PackageLoader, StrictUndefined

from components.compare.reporting.report import _figure
from components.compare.reporting.robustness import show_robustness
from components.shared.records.robustness import (
    Behaviour,
    BehaviourResult,
    Failure,
    Noise,
    Point,
    Robustness,
    Skipped,
)

_ENVIRONMENT = Environment(
    loader=PackageLoader("components.compare.reporting", "templates"), autoescape=True, undefined=StrictUndefined
)
_ENVIRONMENT.filters["figure"] = _figure


def _page(robustness):
    shown = show_robustness(robustness, "macro-F1") if robustness else None
    return _ENVIRONMENT.get_template("robustness.html").render(robustness=shown, metric="macro-F1")


def _point(strength, loss, low):
    figures = {"value": 0.5 - loss, "low": 0.4 - loss, "high": 0.6 - loss}
    return Point(strength=strength, changed=strength, loss=loss, loss_low=low, loss_high=loss + 0.1, **figures)


def _found(text="It is <b>fine</b>.", passed=75):
    curve = (_point(0.0, 0.0, 0.0), _point(0.1, 0.08, 0.02), _point(0.4, 0.05, -0.05))
    failures = (Failure(text=text, changed="", got="1"),) if passed < 100 else ()
    return Robustness(
        reviews=60,
        metric="macro_f1",
        candidates=("logistic",),
        left_out=("lstm", "distilbert"),
        noises=(
            Noise(name="typos", meaning="of the words have a typo", measure="quality", curves={"logistic": curve}),
        ),
        behaviours=(
            Behaviour(
                key="plain_praise",
                name="plain praise",
                kind="minimum capability",
                expectation="the label is above the middle of the labels",
                cases=100,
                results={"logistic": BehaviourResult(passed=passed, failures=failures)},
            ),
        ),
    )


def test_the_section_has_the_picture_in_words_the_losses_and_the_pass_rates():
    page = _page(_found())
    assert 'role="img" aria-label="macro-F1 against the strength of each noise. logistic loses 0.080' in page
    assert "10% of the words have a typo" in page
    assert "75 of 100" in page
    assert "lstm, distilbert" in page


def test_the_colour_of_a_pass_rate_grows_with_what_is_not_passed():
    assert "rgba(var(--against-shade), 0.00)" in _page(_found(passed=100))
    assert "rgba(var(--against-shade), 0.45)" in _page(_found(passed=0))


def test_cases_are_listed_only_where_some_are_not_passed():
    assert "cases that it does not pass" in _page(_found())
    assert "cases that it does not pass" not in _page(_found(passed=100))


@given(st.text(alphabet="<>&\"'ab\u202e\x1b", max_size=20))
def test_text_is_escaped(text):
    page = _page(_found(text=f"<script>{text}</script>"))
    assert "<script>" not in page


def test_what_was_not_probed_is_told_with_the_reason():
    page = _page(Robustness(skipped=(Skipped(name="negation", reason="The reviews are in the language 'fr'."),)))
    assert "Not probed: negation. The reviews are in the language &#39;fr&#39;." in page
    assert "<table" not in page and "<svg" not in page


def test_without_a_record_there_is_no_section():
    assert _page(None).strip() == ""
