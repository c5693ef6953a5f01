"""The training loop, on the tiny LSTM."""

from typing import Any

import numpy as np
import pytest

from components.shared.candidates import checkpoint_directory
from components.shared.checkpoints import Checkpoint, load_checkpoint
from components.shared.examples import Examples, read_examples
from components.shared.fitting import FitSettings, _learning_rate, _TrainingBatches, fit, predict, start_reproducibly

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
    settings = FitSettings(epochs=1, batch_size=8, learning_rate=0.1, seed=3)
    batches = _TrainingBatches(parent.architecture, train, (1.0, 2.0, 3.0), settings)
    first = [batches[index] for index in range(len(batches))]
    assert sorted(np.concatenate([labels for _, labels, _ in first])) == sorted(train.labels)
    for (tokens,), labels, weights in first:
        lengths = (tokens != 0).sum(axis=1)
        assert len(labels) <= 8 and np.all(np.diff(lengths) >= 0)
        np.testing.assert_array_equal(weights, labels + 1)
    batches.on_epoch_end()
    assert any(not np.array_equal(batches[index][1], first[index][1]) for index in range(len(batches)))


def test_the_learning_rate_rises_to_its_peak_and_falls_to_nothing() -> None:
    settings = FitSettings(epochs=2, batch_size=8, learning_rate=1.0, seed=1, warmup=0.1)
    schedule = _learning_rate(settings, steps_per_epoch=50)
    rates = [float(schedule(step)) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert int(np.argmax(rates)) == 9 and max(rates) == pytest.approx(1.0)
    assert 0 < rates[-1] < 0.02
    assert np.all(np.diff(rates[9:]) < 0)


def test_a_plain_learning_rate_is_constant() -> None:
    assert _learning_rate(FitSettings(epochs=2, batch_size=8, learning_rate=0.3, seed=1), 50) == 0.3
