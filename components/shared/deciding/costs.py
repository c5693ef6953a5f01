"""What a candidate costs, in euros. Estimated: measured seconds times the need's prices, or a service's price."""

import math

from components.shared.meter import Usage
from components.shared.need import Need
from components.shared.records.measurements import Measurement

DAYS_A_MONTH = 30.4
_SECONDS_AN_HOUR, _SECONDS_A_DAY = 3600, 86400


def cost_per_month_eur(measurement: Measurement, need: Need) -> float:
    """Returns what running and retraining cost a month at the need's volume.

    A run starts the process, scores its share of the day's reviews and stops; nothing is paid in between.
    Training is paid for over the need's retraining period. A paid service costs its price; the process that
    calls it is left out.
    """
    return running_per_month_eur(measurement, need) + training_per_month_eur(measurement, need)


def running_per_month_eur(measurement: Measurement, need: Need) -> float:
    """Returns what starting, scoring and stopping cost a month, or a service's price."""
    reviews_a_day = need.reviews_per_day * cost_per_review_eur(measurement, need)
    return (starting_per_day_eur(measurement, need) + reviews_a_day) * DAYS_A_MONTH


def training_per_month_eur(measurement: Measurement, need: Need) -> float:
    """Returns a month's share of one training, all techniques included, over the need's retraining period."""
    return training_cost_eur(measurement, need) / need.prices.retraining_days * DAYS_A_MONTH


def always_on_per_month_eur(measurement: Measurement, need: Need) -> float | None:
    """Returns what it costs a month if the machine is never stopped, retraining included; None for a paid service.

    Where one machine has not time enough for a day's reviews, there are as many as it takes.
    """
    if measurement.price_per_1000_eur is not None:
        return None
    busy_share = need.reviews_per_day / measurement.reviews_per_second.median / _SECONDS_A_DAY
    machines = max(1, math.ceil(busy_share))
    hours = machines * 24 * DAYS_A_MONTH
    return hours * need.prices.cpu_hour_eur + training_per_month_eur(measurement, need)


def fixed_cost_per_day_eur(measurement: Measurement, need: Need) -> float:
    """Returns what a day costs before the first review: starting for each run, and its share of a training."""
    training = training_cost_eur(measurement, need) / need.prices.retraining_days
    return starting_per_day_eur(measurement, need) + training


def starting_per_day_eur(measurement: Measurement, need: Need) -> float:
    """Returns what starting the process for each run of a day costs."""
    startup = measurement.startup_seconds.median if measurement.startup_seconds else 0.0
    return need.runs_per_day * startup / _SECONDS_AN_HOUR * need.prices.cpu_hour_eur


def cost_per_review_eur(measurement: Measurement, need: Need) -> float:
    """Returns what one more review costs: the machine for its share of a second, or a service's price."""
    if measurement.price_per_1000_eur is not None:
        return measurement.price_per_1000_eur / 1000
    return need.prices.cpu_hour_eur / _SECONDS_AN_HOUR / measurement.reviews_per_second.median


def cost_per_1000_eur(measurement: Measurement, need: Need) -> float:
    """Returns the monthly cost, running and retraining, spread over the reviews of a month, for 1,000 of them."""
    return cost_per_month_eur(measurement, need) / (need.reviews_per_day * DAYS_A_MONTH) * 1000


def training_cost_eur(measurement: Measurement, need: Need) -> float:
    """Returns what one training cost, all techniques included."""
    return usage_cost_eur(measurement.training, need)


def usage_cost_eur(usage: Usage, need: Need) -> float:
    """Returns what a piece of work cost: as recorded, else its time at the need's prices."""
    if usage.cost_eur is not None:
        return usage.cost_eur
    price = need.prices.gpu_hour_eur if usage.device == "gpu" else need.prices.cpu_hour_eur
    return usage.seconds / _SECONDS_AN_HOUR * price
