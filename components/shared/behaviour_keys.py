"""The behavioural tests by their keys, and how many of a test's cases a model passes; behaviour.py holds the tests.

Light, because the need names limits by these keys, and whoever checks a need has no use for numbers.
"""

from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, NonNegativeInt, PositiveInt, model_validator

#: By kind of test; what evaluate asks every candidate are the minimum capabilities.
INVARIANCES = ("neutral_typo", "another_product", "another_name", "another_number")
DIRECTIONS = ("added_complaint", "added_praise", "praise_negated", "complaint_negated")
CAPABILITIES = ("plain_praise", "plain_complaint", "negated_praise")
#: Every behavioural test.
BEHAVIOURS: tuple[str, ...] = (*INVARIANCES, *DIRECTIONS, *CAPABILITIES)
#: Whether praise and complaints are told apart, from two of the tests; see `behaviour_rate`.
TOLD_APART = "told_apart"
_TOLD_APART_OF = ("plain_praise", "plain_complaint")


class BehaviourCount(BaseModel):
    """How a model did in one behavioural test.

    Attributes:
        passed: Cases that it passes.
        cases: All of them.
        opposite: Of plain praise and plain complaints, the cases whose label lies on the other side of the middle of
            the labels: a complaint called praise. The rest, neither passed nor opposite, gets a label in the middle.
            None of every other test.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    passed: NonNegativeInt
    cases: PositiveInt
    opposite: NonNegativeInt | None = None

    @model_validator(mode="after")
    def _check_sum(self) -> Self:
        if self.passed + (self.opposite or 0) > self.cases:
            raise ValueError("more cases are passed, or told the wrong way round, than there are")
        return self

    @property
    def pass_rate(self) -> float:
        """The share of the cases that are passed, 0..1."""
        return self.passed / self.cases


def behaviour_rate(behaviours: Mapping[str, BehaviourCount], key: str) -> float | None:
    """Returns the pass rate of a test, 0..1; None if what it takes was not measured.

    Of TOLD_APART it is the mean of the pass rates of plain praise and plain complaints. Always saying the same label
    reaches 0.5 (and nothing if that label is the middle one), and so does chance between two labels: what is no
    better tells nothing apart.

    Args:
        behaviours: What was measured, by key.
        key: One of BEHAVIOURS, or TOLD_APART.

    Raises:
        KeyError: There is no such test.
    """
    if key not in (*BEHAVIOURS, TOLD_APART):
        raise KeyError(key)
    wanted = _TOLD_APART_OF if key == TOLD_APART else (key,)
    measured = [behaviours[one].pass_rate for one in wanted if one in behaviours]
    return sum(measured) / len(measured) if len(measured) == len(wanted) else None
