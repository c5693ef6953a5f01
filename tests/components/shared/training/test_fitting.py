"""The training loop, on the tiny LSTM."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from components.shared.records.candidates import checkpoint_directory
from components.shared.training.batches import TrainingBatches, steps_per_epoch
from components.shared.training.checkpoints import Checkpoint, load_checkpoint
from components.shared.training.examples import Examples, read_examples
from components.shared.training.fitting import FitSettings, fit, predict, start_reproducibly
from components.shared.training.optimisers import learning_rate

_WEIGHTS = (1.0, 1.0, 1.0)


@pytest.fixture(scope="module")
def parent(tiny: Any) -> Checkpoint:
    return load_checkpoint(checkpoint_directory(tiny.trained, "lstm"))


@pytest.fixture(scope="module")
def splits(tiny: Any, parent: Checkpoint) -> tuple[Examples, Examples]:
    train, tune = (read_examples(parent.architecture, tiny.features, split) for split in ("train", "tune"))
    return train, tune


def _fresh(parent: Checkpoint, seed: int = 1) -> Any:
    start_reproducibly(seed)
    return parent.architecture.build()


def test_training_stops_early_and_keeps_the_best_weights(
    parent: Checkpoint, splits: tuple[Examples, Examples]
) -> None:
    train, tune = splits
    # A trained model and a learning rate that ruins it: every epoch is worse than the first or no better.
    model = parent.build()
    settings = FitSettings(epochs=20, batch_size=8, learning_rate=2.0, seed=1, patience=2)
    history = fit(parent.architecture, model, train, tune, _WEIGHTS, settings)
    assert len(history.loss) == history.best_epoch + 3 < 20
    assert history.tune_macro_f1[history.best_epoch] == max(history.tune_macro_f1)
    labels = predict(parent.architecture, model, tune.encoded).argmax(axis=1)
    assert np.mean(labels == tune.labels) == pytest.approx(history.tune_accuracy[history.best_epoch])


def test_without_patience_every_epoch_is_trained_and_the_last_weights_stay(
    parent: Checkpoint, splits: tuple[Examples, Examples]
) -> None:
    train, tune = splits
    model = parent.build()
    settings = FitSettings(epochs=3, batch_size=8, learning_rate=2.0, seed=1)
    history = fit(parent.architecture, model, train, tune, _WEIGHTS, settings)
    assert len(history.loss) == 3 and history.best_epoch == 2
    labels = predict(parent.architecture, model, tune.encoded).argmax(axis=1)
    assert np.mean(labels == tune.labels) == pytest.approx(history.tune_accuracy[-1])


def test_training_repeats_exactly_for_a_seed(parent: Checkpoint, splits: tuple[Examples, Examples]) -> None:
    train, tune = splits
    losses = []
    for seed in (1, 1, 2):
        settings = FitSettings(epochs=2, batch_size=16, learning_rate=0.01, seed=seed)
        losses.append(fit(parent.architecture, _fresh(parent), train, tune, _WEIGHTS, settings).loss)
    assert losses[0] == losses[1] != losses[2]


def test_a_heavier_class_is_predicted_more_often(parent: Checkpoint, splits: tuple[Examples, Examples]) -> None:
    train, tune = splits
    settings = FitSettings(epochs=3, batch_size=16, learning_rate=0.01, seed=1)
    shares = []
    for weights in ((10.0, 0.1, 0.1), (0.1, 0.1, 10.0)):
        model = _fresh(parent)
        fit(parent.architecture, model, train, tune, weights, settings)
        shares.append(predict(parent.architecture, model, tune.encoded)[:, 0].mean())
    assert shares[0] > shares[1] + 0.2


def test_a_prediction_keeps_the_order_of_the_reviews(parent: Checkpoint, splits: tuple[Examples, Examples]) -> None:
    encoded = list(splits[1].encoded)
    model = parent.build()
    together = predict(parent.architecture, model, encoded)
    single = np.concatenate([predict(parent.architecture, model, [review]) for review in encoded[:5]])
    np.testing.assert_allclose(together[:5], single, atol=1e-6)


def test_an_epoch_holds_every_review_once_in_batches_of_like_length(
    parent: Checkpoint, splits: tuple[Examples, Examples]
) -> None:
    train, _ = splits
    epochs = [TrainingBatches(parent.architecture, train, (1.0, 2.0, 3.0), 8, 3, epoch) for epoch in (0, 1)]
    first, second = ([batches[index] for index in range(len(batches))] for batches in epochs)
    assert len(first) == steps_per_epoch(len(train.labels), 8)
    assert sorted(np.concatenate([labels for _, labels, _ in first])) == sorted(train.labels)
    for (tokens,), labels, weights in first:
        lengths = (tokens != 0).sum(axis=1)
        assert len(labels) <= 8 and np.all(np.diff(lengths) >= 0)
        np.testing.assert_array_equal(weights, labels + 1)
    assert any(not np.array_equal(one[1], other[1]) for one, other in zip(first, second, strict=True))


@pytest.mark.parametrize("rows", [1, 7, 8, 60, 399, 400, 401, 1203])
def test_the_steps_of_an_epoch_are_known_beforehand(parent: Checkpoint, splits: Any, rows: int) -> None:
    train, _ = splits
    some = Examples(encoded=(list(train.encoded) * 30)[:rows], labels=np.tile(train.labels, 30)[:rows])
    assert len(_batches(parent, some, 0.0)) == steps_per_epoch(rows, 8)


def _batches(
    parent: Checkpoint, train: Examples, word_dropout: float, seed: int = 3, epoch: int = 0
) -> TrainingBatches:
    return TrainingBatches(parent.architecture, train, (1.0, 1.0, 1.0), 8, seed, epoch, word_dropout)


def _tokens(batches: TrainingBatches) -> list[Any]:
    return [batches[index][0][0] for index in range(len(batches))]


def _same(first: list[Any], second: list[Any]) -> bool:
    return all(map(np.array_equal, first, second))


def test_word_dropout_leaves_out_its_share_of_the_words_others_in_every_epoch(
    parent: Checkpoint, splits: tuple[Examples, Examples]
) -> None:
    train, _ = splits
    many = Examples(encoded=list(train.encoded) * 50, labels=np.tile(train.labels, 50))
    batches = _batches(parent, many, 0.3)
    first = _tokens(batches)
    words = sum(map(len, many.encoded))
    assert sum(np.count_nonzero(tokens) for tokens in first) / words == pytest.approx(0.7, abs=0.02)
    assert all((tokens != 0).any(axis=1).all() for tokens in first)
    # The same review twice in one epoch loses different words.
    assert len(np.unique(np.concatenate(first), axis=0)) > 2 * len(train.labels)
    second, whole = (_tokens(_batches(parent, many, share, epoch=1)) for share in (0.3, 0.0))
    for dropped, complete in zip(second, whole, strict=True):
        for left, review in zip(dropped, complete, strict=True):
            rest = iter(review[review != 0].tolist())
            assert all(word in rest for word in left[left != 0].tolist())  # a subsequence of its own review
    assert not _same(first, second)


def test_word_dropout_follows_the_seed_however_often_a_batch_is_asked_for(
    parent: Checkpoint, splits: tuple[Examples, Examples]
) -> None:
    train, _ = splits
    batches = _batches(parent, train, 0.3)
    first, again = _tokens(batches), _tokens(batches)
    assert _same(first, again) and _same(first, _tokens(_batches(parent, train, 0.3)))
    assert not _same(first, _tokens(_batches(parent, train, 0.3, seed=4)))


def test_no_word_dropout_leaves_every_word(parent: Checkpoint, splits: tuple[Examples, Examples]) -> None:
    train, _ = splits
    tokens = _tokens(_batches(parent, train, 0.0))
    assert sum(np.count_nonzero(batch) for batch in tokens) == sum(map(len, train.encoded))


def test_word_dropout_changes_training_repeatably_and_never_tune(
    parent: Checkpoint, splits: tuple[Examples, Examples], monkeypatch: pytest.MonkeyPatch
) -> None:
    train, tune = splits
    seen: list[int] = []
    drop = type(parent.architecture).drop_words

    def record(architecture: Any, encoded: Any, probability: float, generator: Any) -> Any:
        seen.append(id(encoded))
        return drop(architecture, encoded, probability, generator)

    monkeypatch.setattr(type(parent.architecture), "drop_words", record)
    settings = FitSettings(epochs=2, batch_size=16, learning_rate=0.01, seed=1)
    losses = [
        fit(parent.architecture, _fresh(parent), train, tune, _WEIGHTS, replace(settings, word_dropout=share)).loss
        for share in (0.3, 0.3, 0.0)
    ]
    assert losses[0] == losses[1] != losses[2]
    assert set(seen) == {id(review) for review in train.encoded}


def test_the_learning_rate_rises_to_its_peak_and_falls_to_nothing() -> None:
    schedule = learning_rate(1.0, warmup=0.1, total_steps=100)
    rates = [float(schedule(step)) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert int(np.argmax(rates)) == 9 and max(rates) == pytest.approx(1.0)
    assert 0 < rates[-1] < 0.02
    assert np.all(np.diff(rates[9:]) < 0)


def test_a_plain_learning_rate_is_constant() -> None:
    assert learning_rate(0.3, None, 100) == 0.3
