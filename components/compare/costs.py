"""What a candidate costs, in euros. Estimated: measured seconds times the need's prices."""

from components.shared.measurements import Measurement
from components.shared.need import Need

_DAYS_A_MONTH = 30.4
_SECONDS_AN_HOUR = 3600


def cost_per_month_eur(measurement: Measurement, need: Need) -> float:
    """Returns what running and retraining cost a month at the need's volume.

    A run starts the process, scores its share of the day's reviews and stops; nothing is paid in between.
    Training is paid for over the need's retraining period.
    """
    reviews_a_run = need.reviews_per_day / need.runs_per_day
    seconds_a_run = measurement.startup_seconds.median + reviews_a_run / measurement.reviews_per_second.median
    running_a_day = need.runs_per_day * seconds_a_run / _SECONDS_AN_HOUR * need.prices.cpu_hour_eur
    training_a_day = training_cost_eur(measurement, need) / need.prices.retraining_days
    return (running_a_day + training_a_day) * _DAYS_A_MONTH


def cost_per_1000_eur(measurement: Measurement, need: Need) -> float:
    """Returns the monthly cost, running and retraining, spread over the reviews of a month, for 1,000 of them."""
    return cost_per_month_eur(measurement, need) / (need.reviews_per_day * _DAYS_A_MONTH) * 1000


def training_cost_eur(measurement: Measurement, need: Need) -> float:
    """Returns what one training cost, all techniques included: as recorded, else its time at the need's prices."""
    training = measurement.training
    if training.cost_eur is not None:
        return training.cost_eur
    price = need.prices.gpu_hour_eur if training.device == "gpu" else need.prices.cpu_hour_eur
    return training.seconds / _SECONDS_AN_HOUR * price
