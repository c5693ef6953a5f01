"""Tables without any signal deploy next to nothing, tables with one do: a small version of the benchmark."""

import numpy as np
import pytest

from benchmarks.decision_stability import simulate_noise
from benchmarks.simulated_tables import decide_on, draw_table, label_shares
from components.shared.deciding.bootstrap import METRICS, figure_on
from components.shared.deciding.skill import guess

_TABLES = 30


def _noise(labels, balanced, reviews=150, candidates=12):
    generator = np.random.default_rng(labels + 10 * balanced)
    return [draw_table(reviews, label_shares(labels, balanced), candidates, 0.0, generator) for _ in range(_TABLES)]


@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize("labels", [2, 5])
def test_noise_is_hardly_ever_deployed_though_the_best_of_it_mostly_looks_better_than_guessing(labels, balanced):
    tables = _noise(labels, balanced)
    verdicts = [decide_on(table, seed)["macro_f1"].verdict for seed, table in enumerate(tables)]
    # One in 40 is what the rule allows; with 30 tables, 4 or more have a chance of 1 in 100 then.
    assert verdicts.count("deploy") <= 3
    lucky = [
        max(figure_on(table.truth, said, labels, "macro_f1") for said in table.predictions.values())
        > guess(table.truth, table.train_shares.tolist(), "macro_f1").best
        for table in tables
    ]
    assert np.mean(lucky) > 0.5


@pytest.mark.parametrize("metric", METRICS)
def test_a_signal_is_deployed_for_every_metric(metric):
    table = draw_table(600, label_shares(3, balanced=True), 12, 0.3, np.random.default_rng(1))
    decision = decide_on(table, 0, (metric,))[metric]
    assert decision.verdict == "deploy"
    # Only the first family knows anything.
    assert decision.chosen in {f"c{number}" for number in range(10)}
    assert all(decision.standings[name].objections for name in ("c10", "c11"))


def test_a_signal_that_few_reviews_do_not_show_is_shown_by_more():
    shares = label_shares(2, balanced=True)
    few = [draw_table(100, shares, 12, 0.15, np.random.default_rng(seed)) for seed in range(10)]
    many = [draw_table(2000, shares, 12, 0.15, np.random.default_rng(seed)) for seed in range(10)]
    shown = [
        sum(decide_on(table, 0, ("accuracy",))["accuracy"].verdict == "deploy" for table in tables)
        for tables in (few, many)
    ]
    assert shown[0] < 5
    assert shown[1] == 10


def test_the_simulation_tells_a_share_for_every_metric_and_all_together():
    rows = list(simulate_noise(2, seed=1))
    assert [row[0].split(", ")[1] for row in rows[:-1]] == list(METRICS)
    assert all(asked == "at most 2.5%" and reached.endswith("%") for _, asked, reached in rows)
