import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from components.engineer_features import features as module
from components.engineer_features.features import FeatureOptions, FeaturesSummary, engineer
from components.shared import reviews as reviews_module
from components.shared.errors import UserError
from components.shared.profile import PROFILE, read_profile_file
from components.shared.records.features import (
    REVIEWS,
    VOCABULARY,
    Finding,
    read_embeddings,
    read_features,
    read_split,
)
from components.shared.records.task import Task
from components.shared.reviews import SPLITS, columns_of, read_description, read_reviews

MakeTable = Callable[..., pd.DataFrame]
WriteClean = Callable[..., Path]

_RULES = [
    "label proxies",
    "label in the text",
    "duplicates across splits",
    "near-duplicates",
    "groups across splits",
    "time order",
    "split sizes",
    "class shares across splits",
    "contradicting labels",
    "fitted on train only",
]


def _engineer(reviews: Path, destination: Path, **changes: Any) -> FeaturesSummary:
    options = FeatureOptions(**({"minimum_word_count": 2} | changes))
    return engineer(reviews, options, "d" * 16, "c" * 16, destination, destination.with_suffix(".html"))


def _finding(directory: Path, rule: str) -> Finding:
    return next(finding for finding in read_features(directory).findings if finding.rule == rule)


def _with_proxy(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(
        **{"source:Liked": (table["label"] == "2").astype(float), "source:Age": np.arange(600.0) % 50}
    )


def test_the_directory_holds_what_the_training_steps_read(
    clean_table: MakeTable, write_clean: WriteClean, task: Task, tmp_path: Path
) -> None:
    summary = _engineer(write_clean(clean_table()), tmp_path / "features")
    description = read_features(tmp_path / "features")
    vocabulary = json.loads((tmp_path / "features" / VOCABULARY).read_text(encoding="utf-8"))
    assert read_embeddings(tmp_path / "features", "glove-6b-50d").shape == (len(vocabulary) + 1, 50)
    assert {split: len(read_split(tmp_path / "features", split)) for split in SPLITS} == summary.rows_per_split
    assert sum(summary.rows_per_split.values()) == 600
    assert description.task == task == read_description(tmp_path / "features" / REVIEWS).task
    assert (
        summary.words
        == len(vocabulary)
        == len({word for review in clean_table()["tokens"] for word in review.split()})
    )
    assert summary.embeddings["glove-6b-50d"].token_coverage == 1.0
    assert summary.embeddings["glove-6b-50d"].vocabulary_coverage == 1.0
    profile = read_profile_file(tmp_path / "features" / PROFILE)
    assert profile.rows == summary.rows_per_split["train"]
    assert profile.vocabulary_size == len(vocabulary)


def test_rows_keep_their_order_and_columns(clean_table: MakeTable, write_clean: WriteClean, tmp_path: Path) -> None:
    table = clean_table().assign(**{"source:Age": 30.0})
    _engineer(write_clean(table), tmp_path / "features")
    written = read_reviews(tmp_path / "features" / REVIEWS, "features")
    pd.testing.assert_frame_equal(written[table.columns], table, check_dtype=False)


def test_options_are_told_to_the_training_steps(
    clean_table: MakeTable, write_clean: WriteClean, tmp_path: Path
) -> None:
    steps = ("emoji", "html")
    _engineer(write_clean(clean_table()), tmp_path / "f", clean_steps=steps, imbalance="oversample", word_dropout=0.1)
    description = read_features(tmp_path / "f")
    assert description.natural_steps == ("html", "emoji")
    assert description.text.stop_words == ()
    assert (description.imbalance, description.word_dropout) == ("oversample", 0.1)
    _engineer(write_clean(clean_table()), tmp_path / "again", clean_steps=("stop-words",))
    assert "the" in read_features(tmp_path / "again").text.stop_words


def test_every_rule_has_its_finding_and_honest_reviews_pass(
    clean_table: MakeTable, write_clean: WriteClean, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = _engineer(write_clean(clean_table().assign(**{"source:Age": 30.0})), tmp_path / "features")
    findings = read_features(tmp_path / "features").findings
    assert [finding.rule for finding in findings] == _RULES
    skipped = [finding.rule for finding in findings if finding.outcome != "passed"]
    assert skipped == ["groups across splits", "time order"]
    assert summary.findings == {"passed": 8, "skipped": 2}
    printed = capsys.readouterr().out
    assert [rule for rule in _RULES if f"guard, {rule}:" in printed] == skipped


def test_everything_fitted_comes_from_train_alone(
    clean_table: MakeTable, write_clean: WriteClean, tmp_path: Path
) -> None:
    table = clean_table()
    _engineer(write_clean(table), tmp_path / "features")
    train = read_split(tmp_path / "features", "train")
    table.loc[~table["review_id"].isin(train["review_id"]), "tokens"] = "unseen " * 90
    _engineer(write_clean(table), tmp_path / "again")
    assert read_features(tmp_path / "again") == read_features(tmp_path / "features")
    for name in (VOCABULARY, PROFILE):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "features" / name).read_bytes()
    assert f"{len(train)} reviews of train" in _finding(tmp_path / "again", "fitted on train only").message


def test_small_partitions_change_nothing(
    clean_table: MakeTable, write_clean: WriteClean, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_clean(_with_proxy(clean_table()))
    _engineer(path, tmp_path / "whole")
    monkeypatch.setattr(reviews_module, "PARTITION_ROWS", 37)
    _engineer(path, tmp_path / "parts")
    assert read_features(tmp_path / "parts") == read_features(tmp_path / "whole")
    for name in ("vocabulary.json", "embeddings/glove-6b-50d.npy"):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    parts, whole = (read_reviews(tmp_path / name / REVIEWS, "features") for name in ("parts", "whole"))
    pd.testing.assert_frame_equal(parts, whole)


def test_class_weights_balance_the_classes_of_train(
    clean_table: MakeTable, write_clean: WriteClean, tmp_path: Path
) -> None:
    _engineer(write_clean(clean_table()), tmp_path / "features")
    description = read_features(tmp_path / "features")
    np.testing.assert_allclose(np.array(description.class_weights) * np.array(description.class_shares), 0.5)
    assert description.class_shares[0] == pytest.approx(
        (read_split(tmp_path / "features", "train")["label"] == "1").mean()
    )


def test_equal_input_gives_equal_files(clean_table: MakeTable, write_clean: WriteClean, tmp_path: Path) -> None:
    path = write_clean(_with_proxy(clean_table()))
    for name in ("one", "two"):
        _engineer(path, tmp_path / name)
    files = [file.relative_to(tmp_path / "one") for file in (tmp_path / "one").rglob("*") if file.is_file()]
    assert len(files) == 5
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_a_proxy_is_left_out_of_the_features(clean_table: MakeTable, write_clean: WriteClean, tmp_path: Path) -> None:
    summary = _engineer(write_clean(_with_proxy(clean_table())), tmp_path / "features")
    assert summary.excluded_columns == ["Liked"]
    columns = columns_of(tmp_path / "features" / REVIEWS)
    assert "source:Liked" not in columns
    assert "source:Age" in columns
    finding = _finding(tmp_path / "features", "label proxies")
    assert (finding.outcome, finding.columns) == ("repaired", ("Liked",))


def test_an_allowed_proxy_stays(clean_table: MakeTable, write_clean: WriteClean, tmp_path: Path) -> None:
    summary = _engineer(write_clean(_with_proxy(clean_table())), tmp_path / "features", allow_columns=("Liked",))
    assert summary.excluded_columns == []
    assert "source:Liked" in columns_of(tmp_path / "features" / REVIEWS)
    assert _finding(tmp_path / "features", "label proxies").outcome == "allowed"


def test_a_column_to_allow_must_exist(clean_table: MakeTable, write_clean: WriteClean, tmp_path: Path) -> None:
    path = write_clean(_with_proxy(clean_table()))
    with pytest.raises(
        UserError, match=r"--allow-columns: there is no column 'liked'; .* 'Liked', 'Age', 'Review Text'"
    ):
        _engineer(path, tmp_path / "features", allow_columns=("liked",))


def test_the_label_in_the_text_stops_the_run_and_is_shown(
    clean_table: MakeTable, write_clean: WriteClean, tmp_path: Path
) -> None:
    table = clean_table()
    table["natural"] += " Rating: " + table["label"] + " stars"
    with pytest.raises(UserError, match=r"label in the text: '1' gives label '1' away: 100% of its") as stop:
        _engineer(write_clean(table), tmp_path / "features")
    assert "\n" not in str(stop.value)
    assert not (tmp_path / "features").exists()
    assert "stops the run" in (tmp_path / "features.html").read_text(encoding="utf-8")
    _engineer(write_clean(table), tmp_path / "features", allow_columns=("Review Text",))
    assert _finding(tmp_path / "features", "label in the text").outcome == "allowed"


def test_groups_stay_whole(clean_table: MakeTable, write_clean: WriteClean, tmp_path: Path) -> None:
    table = clean_table().assign(group_key=[f"customer {row % 150}" for row in range(600)])
    summary = _engineer(write_clean(table, group_column="Customer"), tmp_path / "features")
    written = read_reviews(tmp_path / "features" / REVIEWS, "features")
    assert summary.split_by == read_features(tmp_path / "features").split_by == "group"
    assert (written.groupby("group_key")["split"].nunique() == 1).all()
    assert _finding(tmp_path / "features", "groups across splits").outcome == "passed"


def test_a_split_by_time_trains_on_the_past(clean_table: MakeTable, write_clean: WriteClean, tmp_path: Path) -> None:
    table = clean_table()
    table["time"] = pd.date_range("2026-01-01", periods=600, freq="h").to_numpy("datetime64[us]")[::-1]
    # The newest review is a copy of an old one.
    table.loc[0, ["text", "natural", "tokens"]] = table.loc[500, ["text", "natural", "tokens"]]
    summary = _engineer(write_clean(table, time_column="Date"), tmp_path / "features")
    written = read_reviews(tmp_path / "features" / REVIEWS, "features")
    spans = written.groupby("split")["time"].agg(["min", "max"]).loc[list(SPLITS)]
    assert (spans["min"].to_numpy()[1:] > spans["max"].to_numpy()[:-1]).all()
    assert summary.rows_left_out == 1
    assert summary.rows_per_split == {"train": 420, "tune": 48, "select": 72, "test": 59}
    assert "0" not in set(written["review_id"])
    assert _finding(tmp_path / "features", "time order").outcome == "repaired"


def test_reviews_without_a_time_cannot_be_split_by_time(
    clean_table: MakeTable, write_clean: WriteClean, tmp_path: Path
) -> None:
    table = clean_table()
    table["time"] = pd.date_range("2026-01-01", periods=600, freq="h").to_numpy("datetime64[us]")
    table.loc[[3, 5], "time"] = pd.NaT
    with pytest.raises(
        UserError, match=r"column 'Date': 2 of 600 reviews have no readable time.* --time-column none"
    ):
        _engineer(write_clean(table, time_column="Date"), tmp_path / "features")


def test_near_duplicates_beyond_the_limit_are_not_looked_for(
    clean_table: MakeTable, write_clean: WriteClean, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "NEAR_DUPLICATE_ROWS", 599)
    _engineer(write_clean(clean_table()), tmp_path / "features")
    finding = _finding(tmp_path / "features", "near-duplicates")
    assert finding.outcome == "skipped"
    assert "They were not looked for: 600 reviews are more than" in finding.message


def test_words_that_are_all_rare_are_refused(clean_table: MakeTable, write_clean: WriteClean, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no word stands 99999 times in train"):
        _engineer(write_clean(clean_table()), tmp_path / "features", minimum_word_count=99999)
    assert not (tmp_path / "features").exists()


def test_a_label_without_reviews_is_refused(
    clean_table: MakeTable, write_clean: WriteClean, task: Task, tmp_path: Path
) -> None:
    three = task.model_copy(update={"labels": ("1", "2", "3"), "scores": (1.0, 2.0, 3.0)})
    with pytest.raises(UserError, match=r"the train split .* has none with label '3'"):
        _engineer(write_clean(clean_table(), task=three), tmp_path / "features")


def test_every_kind_of_word_vectors_is_written_with_its_coverage(
    clean_table: MakeTable, write_clean: WriteClean, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "My Vectors.txt"
    file.write_text("soft 1.0 2.0\ndress 3.0 4.0\n", encoding="utf-8")
    embeddings = ("glove-6b-50d", "random", "word2vec", "fasttext", str(file))
    summary = _engineer(write_clean(clean_table()), tmp_path / "features", embeddings=embeddings)
    names = ("glove-6b-50d", "random", "word2vec", "fasttext", "my-vectors.txt")
    assert read_features(tmp_path / "features").embeddings == tuple(summary.embeddings) == names
    dimensions = {name: one.dimensions for name, one in summary.embeddings.items()}
    assert dimensions == dict(zip(names, (50, 100, 100, 100, 2), strict=True))
    for name in names:
        matrix = read_embeddings(tmp_path / "features", name)
        assert matrix.shape == (summary.words + 1, dimensions[name]) and not matrix[0].any()
    assert summary.embeddings["my-vectors.txt"].vocabulary_coverage == pytest.approx(2 / summary.words)
    assert summary.embeddings["fasttext"].token_coverage == 1.0
    assert "my-vectors.txt: " in capsys.readouterr().out


def test_word_vectors_are_fitted_on_train_alone(
    clean_table: MakeTable, write_clean: WriteClean, tmp_path: Path
) -> None:
    table = clean_table()
    _engineer(write_clean(table), tmp_path / "features", embeddings=("word2vec",), seed=4)
    train = read_split(tmp_path / "features", "train")
    table.loc[~table["review_id"].isin(train["review_id"]), "tokens"] = "soft unseen " * 9
    _engineer(write_clean(table), tmp_path / "again", embeddings=("word2vec",), seed=4)
    first, again = (read_embeddings(tmp_path / name, "word2vec") for name in ("features", "again"))
    np.testing.assert_array_equal(first, again)


def test_two_files_of_one_name_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="two are called 'vectors'"):
        _engineer(tmp_path / "nowhere", tmp_path / "features", embeddings=("a/vectors", "b/vectors"))
