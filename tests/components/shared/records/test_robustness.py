import json

import pytest

from components.shared.errors import UserError
from components.shared.records.robustness import (
    Behaviour,
    BehaviourResult,
    Failure,
    Noise,
    Point,
    Robustness,
    Skipped,
    read_robustness,
    write_robustness,
)

_POINT = Point(strength=0.1, changed=0.5, value=0.6, low=0.5, high=0.7, loss=0.02, loss_low=-0.01, loss_high=0.05)
_RESULT = BehaviourResult(passed=97, failures=(Failure(text="So “good”.", changed="", got="3"),))
_FOUND = Robustness(
    reviews=60,
    metric="macro_f1",
    candidates=("logistic",),
    left_out=("lstm",),
    noises=(Noise(name="typos", meaning="of the words", measure="quality", curves={"logistic": (_POINT,)}),),
    behaviours=(
        Behaviour(
            key="plain_praise",
            name="plain praise",
            kind="minimum capability",
            expectation="it is praise",
            cases=100,
            results={"logistic": _RESULT},
        ),
    ),
    skipped=(Skipped(name="negation", reason="Not English."),),
)


@pytest.mark.parametrize("robustness", [_FOUND, Robustness()], ids=["full", "empty"])
def test_what_is_written_is_read(robustness, tmp_path):
    write_robustness(tmp_path / "robustness", robustness)
    assert read_robustness(tmp_path / "robustness") == robustness


def test_a_file_of_another_version_is_a_users_mistake_in_one_line(tmp_path):
    path = tmp_path / "robustness"
    path.write_text(json.dumps(_FOUND.model_dump() | {"unheard_of": 1}))
    with pytest.raises(UserError, match=r"robustness: not readable as robustness; run probe_robustness again$"):
        read_robustness(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match="missing"):
        read_robustness(tmp_path / "missing")
