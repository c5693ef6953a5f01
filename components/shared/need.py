"""The need: what the model is for, how much of it is wanted, and what it may cost.

It is stage 1 of a project, "define the use case", as a small YAML file. `need_clothing_shop.yaml` beside
this module is the default.
"""

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    ValidationError,
)

from components.shared.behaviour_keys import BEHAVIOURS, TOLD_APART
from components.shared.errors import UserError
from components.shared.price_list import machine_price

#: The qualities that may decide; of all of them, more is better.
Metric = Literal["macro_f1", "accuracy", "weighted_f1", "macro_recall", "quadratic_kappa"]
#: How the model runs: started for each run and stopped after it, or never stopped.
Mode = Literal["batch", "always_on"]

DEFAULT_NEED = Path(__file__).with_name("need_clothing_shop.yaml")


def _listed(price: object) -> object:
    """Returns the price of a machine that is named; anything else as it is."""
    return machine_price(price) if isinstance(price, str) else price


def _by_name(shares: object) -> object:
    """Returns a mapping with its keys as text: YAML reads the label 1 as a number."""
    return {str(key): value for key, value in shares.items()} if isinstance(shares, dict) else shares


def _check_behaviours(shares: dict[str, float]) -> dict[str, float]:
    known = (TOLD_APART, *BEHAVIOURS)
    for key in shares:
        if key not in known:
            raise ValueError(f"unknown behaviour '{key}'; known are {', '.join(known)}")
    return shares


_Share = Annotated[float, Field(ge=0, le=1)]
_SharesByLabel = Annotated[dict[str, _Share], BeforeValidator(_by_name)]
_SharesByBehaviour = Annotated[dict[str, _Share], AfterValidator(_check_behaviours)]

#: Euros an hour; in YAML a number, or the name of a machine in the price list.
_HourPrice = Annotated[float, BeforeValidator(_listed), Field(gt=0, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Quality(_Strict):
    """Which quality decides, and by how much two candidates may differ before it matters.

    Attributes:
        metric: The quality that is maximised; "quadratic_kappa" needs labels that go from worst to best.
        margin: A candidate worse than the best by no more than this is good enough (same unit as metric).
    """

    metric: Metric = "macro_f1"
    margin: float = Field(default=0.02, ge=0, lt=1)


class Constraints(_Strict):
    """Hard limits; a candidate that breaks one is not offered. None means no limit.

    Attributes:
        minimum_quality: Lowest acceptable value of the deciding metric, on the select split.
        minimum_recall: Label to the least share of its reviews that must be found, on the select split.
        minimum_behaviour: Behavioural test to the least share of its cases that must be passed; "told_apart" is the
            mean of plain praise and plain complaints, where 0.5 is chance. See `behaviour_keys`.
        maximum_average_error: Largest acceptable error of the average sentiment, in label units.
        maximum_p95_latency_ms: 95 % quantile of the time for one review.
        maximum_memory_mb: Peak memory of a process that loads the bundle and scores.
        maximum_size_mb: Size of the bundle on disk.
        maximum_cost_per_month_eur: Running, in the need's mode, and retraining at the need's volume.
    """

    minimum_quality: float | None = Field(default=None, ge=0, le=1)
    minimum_recall: _SharesByLabel = {}
    minimum_behaviour: _SharesByBehaviour = {}
    maximum_average_error: PositiveFloat | None = None
    maximum_p95_latency_ms: PositiveFloat | None = None
    maximum_memory_mb: PositiveFloat | None = None
    maximum_size_mb: PositiveFloat | None = None
    maximum_cost_per_month_eur: PositiveFloat | None = None


class Weights(_Strict):
    """How much each burden counts when the cheapest good-enough candidate is sought.

    A candidate's burden is the weighted sum of its shares of the limits (0.5 = half of what is allowed).
    With cost alone, the default, "cheapest" means euros.
    """

    cost: float = Field(default=1.0, ge=0)
    latency: float = Field(default=0.0, ge=0)
    memory: float = Field(default=0.0, ge=0)
    size: float = Field(default=0.0, ge=0)


class Prices(_Strict):
    """What the machines cost, in euros an hour. They are inputs: every euro shown is an estimate from them.

    A need states a number, or names a machine of prices.yaml, which becomes its number.

    Attributes:
        cpu_hour_eur: A machine like the one that will serve.
        gpu_hour_eur: A machine like the one that trains on a GPU.
        retraining_days: Training cost is spread over this many days.
    """

    cpu_hour_eur: _HourPrice
    gpu_hour_eur: _HourPrice
    retraining_days: PositiveInt = 90


class ServicePrices(_Strict):
    """What sentiment services charge you, where it is not what prices.yaml lists. None means as listed.

    Attributes:
        azure_language_per_1000_records_eur: Azure AI Language, for 1,000 text records.
        chat_input_million_eur, chat_output_million_eur: The chat model, for a million tokens; both or none.
    """

    azure_language_per_1000_records_eur: float | None = Field(default=None, ge=0)
    chat_input_million_eur: float | None = Field(default=None, ge=0)
    chat_output_million_eur: float | None = Field(default=None, ge=0)


class Need(_Strict):
    """A use case with its volume, its limits and what counts.

    Attributes:
        use_case: In a sentence.
        reviews_per_day, runs_per_day: The volume, and in how many runs it comes.
        mode: "batch": the model is started for each run and stopped after it; "always_on": it never stops. Limits on
            cost, the choice and the deployment all speak of this mode.
        worthwhile_saving_eur: Candidates whose costs differ by less than this a month cost the same: nothing is
            chosen, replaced or waited for because of less.
    """

    use_case: str = Field(min_length=1)
    reviews_per_day: PositiveInt
    runs_per_day: PositiveInt = 1
    mode: Mode = "batch"
    quality: Quality = Quality()
    constraints: Constraints = Constraints()
    weights: Weights = Weights()
    worthwhile_saving_eur: float = Field(default=1.0, ge=0)
    prices: Prices
    services: ServicePrices = ServicePrices()


def parse_need(text: str, source: str = "need") -> Need:
    """Returns the validated need written in YAML.

    Args:
        text: YAML text; empty means the default need, the clothing shop's.
        source: Name of the file, for error messages.

    Raises:
        UserError: Not YAML, an unknown key, or a value out of range; names the first problem.
    """
    if not text.strip():
        text, source = DEFAULT_NEED.read_text(encoding="utf-8"), DEFAULT_NEED.name
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UserError(f"{source}: not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise UserError(f"{source}: expected keys such as use_case and reviews_per_day, found none")
    try:
        return Need.model_validate(content)
    except ValidationError as error:
        # A misspelt key often stands behind a missing one, so it is told first.
        first = min(error.errors(), key=lambda problem: problem["type"] != "extra_forbidden")
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise UserError(f"{source}: unknown key '{key}'; remove it or correct its spelling") from error
        message = first["msg"].removeprefix("Value error, ")
        raise UserError(f"{source}: key '{key}': {message}") from error
