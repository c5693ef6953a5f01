"""The dry run's estimates follow what was asked for."""

import re
from pathlib import Path
from typing import Any

from components.define.preflight import make_plan
from components.probe_robustness.noises import NOISES
from pipelines import arguments
from pipelines.estimate import _PROBE_PASSES, describe


def _described(**parameters: Any) -> str:
    every = arguments.defaults() | parameters
    names = ("need", "labels", "models", "techniques", "language", "embeddings", "lstm_embedding_training")
    return describe(make_plan(**{name: every[name] for name in names}), every)


def _minutes(text: str) -> int:
    found = re.search(r": (\d+) minutes", text)
    assert found
    return int(found.group(1))


def test_the_plan_names_each_candidate_its_fate_and_that_figures_are_estimates() -> None:
    text = _described()
    assert re.search(r"^  distilbert-prune-dynamic +changes Embedding, Dense: ", text, re.MULTILINE)
    assert re.search(r"Not built, because a linear model .*: .*logistic-int8", text)
    assert "Estimated on two cores" in text and "€" in text and "MB of disk" in text


def test_more_rows_take_more_time_and_the_file_is_counted(tmp_path: Path) -> None:
    table = tmp_path / "reviews.csv"
    table.write_text("Rating,Review Text\n" + "5,good\n" * 40000, encoding="utf-8")
    text = _described(data=str(table))
    assert "Reviews: 40,000" in text
    assert _minutes(text) > _minutes(_described())
    assert "Reviews: 500" in _described(data=str(table), sample_rows=500)


def test_rows_that_cannot_be_counted_are_said_to_be_assumed() -> None:
    assert "(assumed" in _described(data="gs://bucket/reviews.csv")


def test_fewer_techniques_take_less_time() -> None:
    assert _minutes(_described(techniques=["dynamic"])) < _minutes(_described())


def test_training_fewer_layers_takes_less_time_and_a_trimmed_vocabulary_less_disk() -> None:
    few, many = (_described(techniques=["layers"], models=["distilbert"], kept_layers=kept) for kept in (1, 5))
    assert _seconds(few, "shrink distilbert") < _seconds(many, "shrink distilbert")
    trimmed, whole = (_described(techniques=[chain], models=["distilbert"]) for chain in ("trim+dynamic", "dynamic"))
    megabytes = [int(text.split(" MB of disk")[0].rsplit(" ", 1)[1]) for text in (trimmed, whole)]
    # Beside the trained model itself, its trimmed copy, and a quarter of that instead of a quarter of the whole.
    assert megabytes == [round(180 + 180 * 0.65 + 90 * 0.65 * 0.25), round(180 + 90 * 0.25)]


def test_scanning_more_reviews_takes_more_time_and_none_takes_none() -> None:
    few, many = (_described(sensitivity_reviews=reviews) for reviews in (10, 1000))
    assert _seconds(few, "scan sensitivity") < _seconds(many, "scan sensitivity")
    assert "scan sensitivity" not in _described(sensitivity_reviews=0)
    assert "scan sensitivity" not in _described(techniques=[])


def test_probing_more_reviews_takes_more_time_and_none_takes_none() -> None:
    few, many = (_described(robustness_reviews=reviews) for reviews in (10, 1000))
    assert _seconds(few, "probe robustness") < _seconds(many, "probe robustness")
    assert "probe robustness" not in _described(robustness_reviews=0)


def test_a_pass_is_estimated_for_each_noise_and_strength() -> None:
    assert 1 + sum(len(noise.strengths) for noise in NOISES) == _PROBE_PASSES


def test_paid_services_are_named_with_what_they_may_cost_at_most() -> None:
    assert "Paid services" not in _described()
    text = _described(services=["vader", "chat"], service_maximum_calls=1200, service_maximum_eur=0.5)
    assert "Paid services, if there is a key: chat; at most 1,200 calls and 0.5 € in all" in text


def test_the_calls_and_euros_that_paid_services_would_take_are_estimated_and_too_low_caps_are_said() -> None:
    wanted = {"services": ["azure-language", "chat"], "sample_rows": 20_000}
    text = _described(**wanted, service_maximum_calls=1000, service_maximum_eur=2.0)
    # 300 reviews of tune, and 22 % of 20,000 as select and test; Azure takes ten a call, at 0.90 € for 1,000.
    assert re.search(r"azure-language +about 470 calls, 4\.23 €", text)
    assert re.search(r"chat +about 4,700 calls, 0\.\d\d €", text)
    assert "--service-maximum-calls and --service-maximum-eur" in text
    enough = _described(**wanted, service_maximum_calls=6000, service_maximum_eur=6.0)
    assert re.search(r"azure-language +about 470 calls", enough) and "--service-maximum-calls" not in enough
    few = _described(services=["chat"], sample_rows=1000)
    assert re.search(r"chat +about 300 calls", few)


def test_automatic_tuning_takes_the_time_it_is_given() -> None:
    assert "automatic tuning" not in _described()
    assert _minutes(_described(tune_minutes=30)) - _minutes(_described()) in (29, 30, 31)


def test_every_kind_of_word_vectors_takes_its_time() -> None:
    both = {"models": ["lstm"], "embeddings": ["random", "word2vec"], "sample_rows": 200_000}
    once = _described(**both | {"embeddings": ["random"]})
    twice, four = _described(**both), _described(**both, lstm_embedding_training="both")
    assert "lstm-word2vec-tuned" in twice and "lstm-word2vec-frozen" in four
    assert _training_seconds(twice) == 2 * _training_seconds(once) and _training_seconds(
        four
    ) > 3 * _training_seconds(once)


def _training_seconds(text: str) -> int:
    return _seconds(text, "train lstm")


def _seconds(text: str, step: str) -> int:
    found = re.search(rf"{step} +(\d+)", text)
    assert found
    return int(found.group(1))
