"""The reference profile: what it says is what NumPy and pandas say, however train is cut, and it keeps secrets."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.shared.bundle import Manifest, load_bundle, read_manifest, size_bytes, write_bundle
from components.shared.bundle import read_profile as read_profile_of_bundle
from components.shared.errors import UserError
from components.shared.meter import Usage
from components.shared.profile import (
    RARE_REVIEWS,
    SAMPLE_ROWS,
    Profile,
    ProfileBuilder,
    read_profile_file,
    write_profile,
)
from components.shared.records.features import PROFILE, profile_file, read_profile
from components.shared.records.task import Task

_PERCENT = (1, 5, 25, 50, 75, 95, 99)


def _train(rows: int, seed: int = 0, **attributes: Sequence[object]) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    words = np.array("soft dress top zip love awful".split())
    tokens = [" ".join(generator.choice(words, size=generator.integers(0, 9))) for _ in range(rows)]
    table = pd.DataFrame(
        {
            "title": generator.choice(["", " ", "Nice"], size=rows),
            "label": generator.choice(["1", "2", "3"], size=rows, p=[0.2, 0.3, 0.5]),
            "natural": [f"The {review}, is: it?" for review in tokens],
            "tokens": tokens,
            "split": "train",
        }
    )
    return table.assign(**{f"source:{name}": values for name, values in attributes.items()})


def _profile(table: pd.DataFrame, vocabulary: Sequence[str] = (), parts: int = 1) -> Profile:
    builder = ProfileBuilder()
    for rows in np.array_split(np.arange(len(table)), parts):
        builder.update(table.iloc[rows])
    return builder.finish(vocabulary)


@pytest.mark.parametrize("parts", [1, 7])
def test_lengths_are_those_that_pandas_counts(parts: int) -> None:
    table = _train(1_000)
    profile = _profile(table, parts=parts)
    lengths = {
        "characters": table["natural"].str.len(),
        "words": table["natural"].str.split().str.len(),
        "tokens": table["tokens"].str.split().str.len(),
    }
    for name, expected in lengths.items():
        found = getattr(profile, name)
        assert found.count == 1_000
        assert found.mean == pytest.approx(expected.mean())
        assert found.standard_deviation == pytest.approx(expected.std(ddof=0))
        quantiles = np.percentile(expected, _PERCENT, method="inverted_cdf")
        assert found.quantiles == {str(percent): value for percent, value in zip(_PERCENT, quantiles, strict=True)}


def test_shares_are_those_of_the_reviews() -> None:
    table = _train(500)
    profile = _profile(table, ["soft", "dress"], parts=3)
    assert profile.rows == 500
    assert profile.class_shares == pytest.approx(dict(table["label"].value_counts(normalize=True)))
    assert profile.title_share == pytest.approx((table["title"] == "Nice").mean())
    words = table["tokens"].str.split()
    assert profile.document_shares == pytest.approx(
        {word: words.map(lambda review, word=word: word in review).mean() for word in ("soft", "dress")}
    )
    running = words.explode().dropna()
    assert profile.outside_vocabulary_share == pytest.approx(1 - running.isin(["soft", "dress"]).mean())
    assert profile.vocabulary_size == 2


def test_the_most_frequent_thousand_words_come_first() -> None:
    words = [f"w{number:04d}" for number in range(1_200)]
    table = _train(1_300).assign(tokens=[" ".join(words[: 1 + number % 1_200]) for number in range(1_300)])
    table = pd.concat([table] * 6, ignore_index=True)
    shares = _profile(table, words[::-1]).document_shares
    assert list(shares) == words[:1_000]
    assert list(shares.values()) == sorted(shares.values(), reverse=True)


def test_words_and_values_of_few_reviews_are_left_out() -> None:
    table = _train(40, city=["Rome"] * (RARE_REVIEWS + 1) + ["Jane Doe"] * RARE_REVIEWS + [""] * 20 + [None] * 9)
    table["tokens"] = ["doe doe doe doe" if row < RARE_REVIEWS else "" for row in range(40)]
    table.loc[table.index[-RARE_REVIEWS - 1 :], "tokens"] = "dress"
    profile = _profile(table, ["dress", "doe"])
    assert list(profile.document_shares) == ["dress"]
    assert profile.categorical["city"].shares == {"Rome": (RARE_REVIEWS + 1) / 40}
    assert profile.categorical["city"].missing_share == pytest.approx(29 / 40)
    written = profile.model_dump_json()
    assert "doe" not in written.lower() and table["natural"].iloc[0] not in written


def test_the_twenty_most_frequent_values_are_kept() -> None:
    values = [f"v{number:02d}" for number in range(25) for _ in range(10 + number)]
    shares = _profile(_train(len(values), department=values), parts=4).categorical["department"].shares
    assert list(shares) == [f"v{number:02d}" for number in range(24, 4, -1)]
    assert shares["v24"] == pytest.approx(34 / len(values))


@pytest.mark.parametrize("parts", [1, 2, 9])
def test_numbers_are_described_exactly_up_to_the_size_of_the_sample(parts: int) -> None:
    ages = np.random.default_rng(1).normal(40, 12, 2_000)
    ages[::10] = np.nan
    ages[1] = np.inf
    found = _profile(_train(2_000, age=ages), parts=parts).numeric["age"]
    finite = ages[np.isfinite(ages)]
    assert found.values is not None
    assert found.missing_share == pytest.approx(201 / 2_000)
    assert found.values.count == 1_799
    assert found.values.mean == pytest.approx(finite.mean())
    assert found.values.standard_deviation == pytest.approx(finite.std())
    expected = np.percentile(finite, _PERCENT, method="inverted_cdf")
    assert list(found.values.quantiles.values()) == expected.tolist()


def test_quantiles_of_many_numbers_are_near_and_do_not_depend_on_the_cut() -> None:
    rows = 6 * SAMPLE_ROWS
    table = _train(10).sample(rows, replace=True, random_state=0).reset_index(drop=True)
    table["source:rank"] = np.random.default_rng(2).permutation(rows) / rows
    whole, cut = (_profile(table, parts=parts).numeric["rank"].values for parts in (1, 5))
    assert whole is not None and cut is not None
    assert whole.quantiles == cut.quantiles
    assert whole.mean == pytest.approx(cut.mean) == pytest.approx(table["source:rank"].mean())
    for percent, value in whole.quantiles.items():
        assert value == pytest.approx(int(percent) / 100, abs=0.02)
    assert set(whole.quantiles.values()) <= set(table["source:rank"])


def test_a_column_without_any_number_has_no_distribution() -> None:
    found = _profile(_train(8, age=[np.nan] * 8)).numeric["age"]
    assert found.values is None and found.missing_share == 1


@given(
    reviews=st.lists(st.text(max_size=20), min_size=1, max_size=30),
    number=st.floats(-1e12, 1e12),
    parts=st.integers(1, 4),
)
def test_any_text_gives_a_profile_that_survives_being_written(reviews: list[str], number: float, parts: int) -> None:
    table = _train(len(reviews), number=[number] * len(reviews), text=reviews)
    table["natural"], table["tokens"] = reviews, reviews
    profile = _profile(table, sorted({word for review in reviews for word in review.split()}), parts)
    assert Profile.model_validate_json(profile.model_dump_json()) == profile
    assert profile.characters.quantiles["99"] == max(map(len, reviews))


def test_only_train_is_taken_in() -> None:
    table = _train(10)
    table.loc[3, "split"] = "test"
    with pytest.raises(ValueError, match="not of train"):
        ProfileBuilder().update(table)
    with pytest.raises(ValueError, match="at least one review"):
        ProfileBuilder().finish([])


def test_memory_of_words_and_values_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.shared.profile._MOST_COUNTED_WORDS", 50)
    monkeypatch.setattr("components.shared.profile._MOST_COUNTED_VALUES", 50)
    table = _train(400, seller=["shop"] * 200 + [f"seller{row}" for row in range(200)])
    table["tokens"] = [f"dress rare{row}" for row in range(400)]
    builder = ProfileBuilder()
    for start in range(0, 400, 20):
        builder.update(table.iloc[start : start + 20])
    assert len(builder._documents) <= 50 and len(builder._categorical["seller"]._counts) <= 50
    profile = builder.finish(["dress"])
    assert profile.document_shares == {"dress": 1.0}
    assert profile.outside_vocabulary_share == 0.5
    assert profile.categorical["seller"].shares == {"shop": 0.5}


def test_a_written_profile_comes_back_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    profile = _profile(_train(50), ["soft"])
    write_profile(tmp_path / PROFILE, profile)
    assert read_profile(tmp_path) == read_profile_file(tmp_path / PROFILE) == profile
    (tmp_path / PROFILE).write_text(json.dumps({"rows": "many"}))
    with pytest.raises(UserError, match="not a reference profile: rows"):
        read_profile(tmp_path)
    (tmp_path / PROFILE).unlink()
    with pytest.raises(UserError, match="there is no reference profile"):
        read_profile(tmp_path)
    assert profile_file(tmp_path) == {}


def test_a_bundle_keeps_the_profile_and_scores_without_it(tmp_path: Path) -> None:
    profile = _profile(_train(50), ["soft"])
    write_profile(tmp_path / PROFILE, profile)
    manifest = Manifest(
        candidate="majority",
        task=Task(labels=("1", "2"), scores=(1, 2), text_column="text"),
        model="majority",
        base_model="none",
        runtime="scikit-learn",
        predictor="majority",
        preprocessing={"shares": [0.25, 0.75]},
        data_fingerprint="d",
        code_fingerprint="c",
        training=Usage(),
    )
    with_profile, without = tmp_path / "with", tmp_path / "without"
    write_bundle(with_profile, manifest, profile_file(tmp_path))
    write_bundle(without, manifest, {})
    assert read_profile_of_bundle(with_profile) == profile
    assert PROFILE in read_manifest(with_profile).files
    np.testing.assert_array_equal(load_bundle(with_profile).predict(["a"]), load_bundle(without).predict(["a"]))
    with pytest.raises(UserError, match="there is no reference profile"):
        read_profile_of_bundle(without)
    # What a model weighs must not depend on how much is known about its data.
    assert size_bytes(with_profile) == (with_profile / "bundle.json").stat().st_size


def test_a_profile_is_read_without_pandas() -> None:
    program = "import sys; import components.shared.bundle; print(sorted({'pandas', 'pyarrow'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
