"""What a candidate costs, in euros. Estimated: measured seconds times the need's prices, or a service's price."""

import math
from dataclasses import dataclass

from components.shared.meter import Usage
from components.shared.need import Need
from components.shared.records.measurements import Measurement

DAYS_A_MONTH = 30.4
_SECONDS_AN_HOUR, _SECONDS_A_DAY, _HOURS_A_DAY = 3600, 86400, 24
#: A part decides what something costs if it is at least this share of it.
_DECISIVE_SHARE = 0.8


@dataclass(frozen=True)
class MonthlyCost:
    """What a month costs, in euros, part by part.

    Attributes:
        machine: Of a machine that is never stopped; 0 in batch.
        starting: Of starting the process for each run; 0 if it is always on.
        scoring: Of the reviews: the machine's seconds in batch, or a service's price.
        training: A month's share of one training, all techniques included, over the need's retraining period.
    """

    machine: float = 0.0
    starting: float = 0.0
    scoring: float = 0.0
    training: float = 0.0

    @property
    def running(self) -> float:
        """All but training."""
        return self.machine + self.starting + self.scoring

    @property
    def total(self) -> float:
        """All parts together."""
        return self.running + self.training

    @property
    def decisive_part(self) -> str:
        """Which part nearly all of it is, such as "97 % start-up"; empty if no part is."""
        parts = {
            "the machine, always on": self.machine,
            "start-up": self.starting,
            "scoring": self.scoring,
            "training": self.training,
        }
        name = max(parts, key=lambda part: parts[part])
        if not self.total or parts[name] < _DECISIVE_SHARE * self.total or parts[name] == self.total:
            return ""
        return f"{parts[name] / self.total:.0%} {name}".replace("%", " %")


def monthly_cost(measurement: Measurement, need: Need) -> MonthlyCost:
    """Returns what running and retraining cost a month at the need's volume, in the need's mode."""
    return always_on_cost(measurement, need) if need.mode == "always_on" else batch_cost(measurement, need)


def batch_cost(measurement: Measurement, need: Need) -> MonthlyCost:
    """Returns what a month costs if the process is started for each run, scores its share and stops.

    Nothing is paid in between. A paid service costs its price; the process that calls it is left out.
    """
    return MonthlyCost(
        starting=starting_per_day_eur(measurement, need) * DAYS_A_MONTH,
        scoring=need.reviews_per_day * cost_per_review_eur(measurement, need) * DAYS_A_MONTH,
        training=training_per_month_eur(measurement, need),
    )


def always_on_cost(measurement: Measurement, need: Need) -> MonthlyCost:
    """Returns what a month costs if the machine is never stopped.

    Where one machine has not time enough for a day's reviews, there are as many as it takes. A paid service runs on
    machines of others: it costs what it costs in batch.
    """
    if measurement.price_per_1000_eur is not None:
        return batch_cost(measurement, need)
    busy_share = need.reviews_per_day / measurement.reviews_per_second.median / _SECONDS_A_DAY
    machines = max(1, math.ceil(busy_share))
    return MonthlyCost(
        machine=machines * _HOURS_A_DAY * DAYS_A_MONTH * need.prices.cpu_hour_eur,
        training=training_per_month_eur(measurement, need),
    )


def cost_noise_eur(measurement: Measurement, need: Need) -> float:
    """Returns by how much the monthly cost differs between two measurings: by the spread of what is timed."""
    if need.mode == "always_on" or measurement.price_per_1000_eur is not None:
        return 0.0
    startup, rate = measurement.startup_seconds, measurement.reviews_per_second
    starting = need.runs_per_day * (startup.high - startup.low if startup else 0.0)
    scoring = need.reviews_per_day * (1 / rate.low - 1 / rate.high)
    return (starting + scoring) / _SECONDS_AN_HOUR * need.prices.cpu_hour_eur * DAYS_A_MONTH


def training_per_month_eur(measurement: Measurement, need: Need) -> float:
    """Returns a month's share of one training, all techniques included, over the need's retraining period."""
    return training_cost_eur(measurement, need) / need.prices.retraining_days * DAYS_A_MONTH


def fixed_cost_per_day_eur(measurement: Measurement, need: Need) -> float:
    """Returns what a day costs before the first review: the machine or starting it, and its share of a training."""
    running = (
        _HOURS_A_DAY * need.prices.cpu_hour_eur
        if need.mode == "always_on"
        else starting_per_day_eur(measurement, need)
    )
    return running + training_cost_eur(measurement, need) / need.prices.retraining_days


def starting_per_day_eur(measurement: Measurement, need: Need) -> float:
    """Returns what starting the process for each run of a day costs."""
    startup = measurement.startup_seconds.median if measurement.startup_seconds else 0.0
    return need.runs_per_day * startup / _SECONDS_AN_HOUR * need.prices.cpu_hour_eur


def cost_per_review_eur(measurement: Measurement, need: Need) -> float:
    """Returns what one review takes: the machine for its share of a second, or a service's price."""
    if measurement.price_per_1000_eur is not None:
        return measurement.price_per_1000_eur / 1000
    return need.prices.cpu_hour_eur / _SECONDS_AN_HOUR / measurement.reviews_per_second.median


def cost_per_1000_eur(measurement: Measurement, need: Need) -> float:
    """Returns the monthly cost, running and retraining, spread over the reviews of a month, for 1,000 of them."""
    return monthly_cost(measurement, need).total / (need.reviews_per_day * DAYS_A_MONTH) * 1000


def training_cost_eur(measurement: Measurement, need: Need) -> float:
    """Returns what one training cost, all techniques included."""
    return usage_cost_eur(measurement.training, need)


def usage_cost_eur(usage: Usage, need: Need) -> float:
    """Returns what a piece of work cost: as recorded, else its time at the need's prices."""
    if usage.cost_eur is not None:
        return usage.cost_eur
    price = need.prices.gpu_hour_eur if usage.device == "gpu" else need.prices.cpu_hour_eur
    return usage.seconds / _SECONDS_AN_HOUR * price
