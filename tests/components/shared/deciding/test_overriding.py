import numpy as np
import pytest

from components.shared.deciding.decision import Candidate, Decision, Deployed, Difference, Standing
from components.shared.deciding.overriding import apply_override
from components.shared.override import Override

_CHEAP, _DEAR, _BOUGHT = (
    Candidate(name, 0.6, 0.0, 10.0, 200.0, 5.0, cost_eur=cost, bought=bought)
    for name, cost, bought in (("cheap", 1.0, False), ("dear", 2.0, False), ("service", 9.0, True))
)
_SAMPLES = {name: np.linspace(0.5, 0.7, 100) for name in ("cheap", "dear", "service")}
_GAIN = Difference(0.01, -0.01, 0.03)


def _decision(verdict="keep", chosen="cheap"):
    return Decision(
        verdict,
        ("Because.",),
        chosen,
        chosen,
        standings={"cheap": Standing(0.2, ()), "dear": Standing(0.4, ("Its size is 151 MB.",))},
        gain=_GAIN,
        more_reviews=12,
        summary=("Keep it.", "It costs little."),
    )


def _apply(override, decision=None, deployed=None):
    pool = [_CHEAP, _DEAR, _BOUGHT]
    return apply_override(decision or _decision(), override, pool, _SAMPLES, deployed or Deployed("measured"), 500)


def test_override_deploy_deploys_what_the_rules_chose():
    overridden = _apply(Override("deploy", "Ada", "the sale"))
    assert (overridden.verdict, overridden.chosen) == ("deploy", "cheap")
    assert overridden.gain == _GAIN
    assert overridden.more_reviews is None
    assert overridden.reasons[0].startswith("Ada had cheap deployed, instead of the verdict 'keep'")
    assert overridden.reasons[1:] == ("Because.",)
    assert "Ada" in overridden.summary[0] and "1.00 €" in overridden.summary[1]


def test_override_deploy_deploys_the_named_candidate_and_records_what_it_overrode():
    overridden = _apply(Override("deploy", "Ada", "the sale", "dear"))
    assert (overridden.verdict, overridden.chosen, overridden.gain) == ("deploy", "dear", None)
    assert "2.00 €" in overridden.summary[1]
    record = overridden.override
    assert record is not None
    assert (record.verdict, record.chosen, record.obstacle) == ("keep", "cheap", "")


def test_an_override_against_a_limit_says_which_first():
    overridden = _apply(Override("deploy", "Ada", "the sale", "dear"))
    assert "against the need: Its size is 151 MB." in overridden.summary[0]
    assert "against the need: Its size is 151 MB." in overridden.reasons[0]
    assert overridden.override is not None and overridden.override.objections == ("Its size is 151 MB.",)
    kept = _apply(Override("deploy", "Ada", "the sale", "cheap"))
    assert "against the need" not in kept.summary[0]


@pytest.mark.parametrize(("status", "verdict"), [("none", "none"), ("measured", "keep")])
def test_override_refuse_leaves_what_is_deployed(status, verdict):
    overridden = _apply(Override("refuse", "Ada", "not now"), _decision("deploy"), Deployed(status))
    assert (overridden.verdict, overridden.chosen) == (verdict, "cheap")
    assert overridden.reasons[0] == (
        "Ada refused a deployment, instead of the verdict 'deploy'. Reason given: not now"
    )
    assert overridden.override is not None and overridden.override.verdict == "deploy"


@pytest.mark.parametrize(
    ("candidate", "chosen", "named"),
    [
        ("typo", "cheap", "'typo' was not measured; measured are cheap, dear"),
        ("service", "cheap", "service is a paid service"),
        ("", None, "name the one to deploy with override_candidate"),
    ],
)
def test_an_override_that_cannot_be_carried_out_deploys_nothing_and_says_why(candidate, chosen, named):
    verdict = "deploy" if chosen else "none"
    overridden = _apply(Override("deploy", "Ada", "the sale", candidate), _decision(verdict, chosen))
    assert overridden.verdict == "keep"
    assert overridden.override is not None
    assert named in overridden.override.obstacle
    assert overridden.reasons[0] == overridden.override.obstacle == overridden.summary[1]
