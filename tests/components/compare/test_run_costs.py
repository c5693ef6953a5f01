"""What a run cost, step by step."""

from datetime import UTC, datetime, timedelta

import pytest

from components.compare.charts.run_costs import describe_run, draw_run_costs
from components.compare.run_costs import describe_run_costs, reckon_run
from components.shared.meter import Usage
from components.shared.need import parse_need
from components.shared.records.measurements import Power
from components.shared.records.step_usage import StepUsage

_NEED = parse_need("use_case: x\nreviews_per_day: 10\nprices: {cpu_hour_eur: 3.6, gpu_hour_eur: 36}\n")
_POWER = Power(kind="estimated", how="told so", watts_per_core=4.0, ram_watts=1.0)
_NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def _step(step, minute, **usage):
    started = _NOON + timedelta(minutes=minute)
    return StepUsage(step=step, started=started, ended=started + timedelta(seconds=30), usage=Usage(**usage))


def _steps():
    return [
        _step("clean", -60, seconds=50.0, cpu_seconds=40.0),
        _step("define", 0, seconds=10.0, cpu_seconds=5.0),
        _step("train-lstm", 1, seconds=100.0, cpu_seconds=20.0, device="gpu", gpu_share=0.5, gpu_energy_wh=2.0),
    ]


def test_each_step_is_priced_by_its_machine():
    run = reckon_run(_steps(), _POWER, _NEED)
    assert [step.cost_eur for step in run.steps] == pytest.approx([0.05, 0.01, 1.0])


def test_energy_is_of_processor_memory_and_gpu():
    run = reckon_run(_steps(), _POWER, _NEED)
    assert run.steps[1].energy_wh == pytest.approx((4 * 5 + 10) / 3600)
    assert run.steps[2].energy_wh == pytest.approx((4 * 20 + 100) / 3600 + 2.0)


def test_a_step_from_the_cache_is_shown_and_not_summed():
    run = reckon_run(_steps(), _POWER, _NEED)
    assert [step.cached for step in run.steps] == [True, False, False]
    assert (run.seconds, run.cpu_seconds, run.cost_eur) == pytest.approx((110.0, 25.0, 1.01))
    assert run.energy_wh == pytest.approx(210 / 3600 + 2.0)


@pytest.mark.parametrize("power", [None, Power(kind="unknown", how="nothing is known")])
def test_unknown_energy_is_none_and_not_zero(power):
    run = reckon_run(_steps(), power, _NEED)
    assert run.energy_wh is None
    assert {step.energy_wh for step in run.steps} == {None}
    assert describe_run_costs(run)["energy_wh"] is None


def test_without_usages_nothing_is_said():
    assert reckon_run([], _POWER, _NEED) is None
    assert describe_run_costs(None) is None
    assert draw_run_costs(()) == ""


def test_the_picture_has_a_bar_a_step_in_seconds_and_euros():
    steps = reckon_run(_steps(), _POWER, _NEED).steps
    svg = draw_run_costs(steps)
    assert svg.startswith("<svg") and "#0102" not in svg
    for text in ("clean", "define", "train-lstm", "seconds (measured)", "€ (estimated)"):
        assert text in svg
    assert svg == draw_run_costs(steps)


def test_the_words_name_what_took_longest():
    words = describe_run(reckon_run(_steps(), _POWER, _NEED).steps)
    assert words == "Of 110 seconds in 2 steps, most went to: train-lstm 91%, define 9%."
