"""What a candidate costs, in euros. Estimated: measured seconds times the need's prices, or a service's price."""

from components.shared.meter import Usage
from components.shared.need import Need
from components.shared.records.measurements import Measurement

DAYS_A_MONTH = 30.4
_SECONDS_AN_HOUR = 3600


def cost_per_month_eur(measurement: Measurement, need: Need) -> float:
    """Returns what running and retraining cost a month at the need's volume.

    A run starts the process, scores its share of the day's reviews and stops; nothing is paid in between.
    Training is paid for over the need's retraining period. A paid service costs its price; the process that
    calls it is left out.
    """
    reviews_a_day = need.reviews_per_day * cost_per_review_eur(measurement, need)
    return (fixed_cost_per_day_eur(measurement, need) + reviews_a_day) * DAYS_A_MONTH


def fixed_cost_per_day_eur(measurement: Measurement, need: Need) -> float:
    """Returns what a day costs before the first review: starting for each run, and its share of a training."""
    startup = measurement.startup_seconds.median if measurement.startup_seconds else 0.0
    starting = need.runs_per_day * startup / _SECONDS_AN_HOUR * need.prices.cpu_hour_eur
    return starting + training_cost_eur(measurement, need) / need.prices.retraining_days


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
