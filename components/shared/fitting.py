"""The one training loop of the deep models, used by the training and the technique steps."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score
from tqdm import tqdm

from components.shared.architectures.base import Architecture, Encoded
from components.shared.examples import Examples
from components.shared.keras import keras, tf
from components.shared.meter import Usage

#: Reviews are shuffled, then sorted by length within this many batches: little padding, still random.
_BATCHES_PER_POOL = 50
_PREDICTION_BATCH = 64
_GRADIENT_NORM = 1.0


@dataclass(frozen=True)
class FitSettings:
    """How to train.

    Attributes:
        epochs: At most this many passes.
        batch_size: Reviews a step, grouped by length.
        learning_rate: Of Adam, or the peak of its schedule.
        seed: Seed of shuffling and dropout.
        patience: Stop after this many epochs without a better tune macro-F1 and take the best epoch's
            weights; 0 means train all epochs and keep the last weights.
        warmup: Share of the steps in which the learning rate rises from 0 to its peak, before it falls
            linearly to 0; None means a constant learning rate.
        word_dropout: Share of the words of train that are left out, others in every epoch.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    seed: int
    patience: int = 0
    warmup: float | None = None
    word_dropout: float = 0.0


@dataclass
class History:
    """What happened, epoch by epoch.

    Attributes:
        loss: Mean weighted training loss.
        tune_macro_f1, tune_accuracy: Quality on tune after the epoch.
        reviews_per_second: Training speed over all epochs, without the predictions on tune.
        best_epoch: Index of the epoch whose weights the model has now.
    """

    loss: list[float] = field(default_factory=list)
    tune_macro_f1: list[float] = field(default_factory=list)
    tune_accuracy: list[float] = field(default_factory=list)
    reviews_per_second: float = 0.0
    best_epoch: int = 0


def fit(
    architecture: Architecture,
    model: Any,
    train: Examples,
    tune: Examples,
    class_weights: Sequence[float],
    settings: FitSettings,
    callbacks: Sequence[Any] = (),
) -> History:
    """Trains a model in place with Adam, a weighted cross-entropy and clipped gradients.

    Args:
        architecture: Pads the batches.
        model: A Keras model with probabilities as output; wrapped by a technique or not.
        train: Reviews to learn from.
        tune: Reviews for early stopping.
        class_weights: Weight of each class in the loss.
        settings: How to train.
        callbacks: Further Keras callbacks, such as a technique's.

    Returns:
        The history.
    """
    # Call `start_reproducibly` before the model is built if its first weights matter too.
    start_reproducibly(settings.seed)
    batches = _TrainingBatches(architecture, train, class_weights, settings)
    model.compile(
        optimizer=keras.optimizers.legacy.Adam(
            _learning_rate(settings, len(batches)), global_clipnorm=_GRADIENT_NORM
        ),
        loss="sparse_categorical_crossentropy",
    )
    recorder = _Recorder(architecture, tune, len(train.labels), settings)
    model.fit(
        batches,
        epochs=settings.epochs,
        shuffle=False,
        verbose=0,
        callbacks=[*callbacks, recorder, _ProgressBar(settings.epochs)],
    )
    return recorder.finish()


def start_reproducibly(seed: int) -> None:
    """Seeds Python, NumPy and TensorFlow, and asks TensorFlow for operations that repeat exactly."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def training_figures(usage: Usage, history: History) -> dict[str, float]:
    """Returns what a training step reports: cost and tune quality, by name."""
    return {
        "training_seconds": usage.seconds,
        "peak_memory_mb": usage.peak_memory_mb,
        "cost_eur": usage.cost_eur or 0.0,
        "tune_macro_f1": history.tune_macro_f1[history.best_epoch],
        "tune_accuracy": history.tune_accuracy[history.best_epoch],
        "epochs": float(len(history.loss)),
        "reviews_per_second": history.reviews_per_second,
    }


def predict(architecture: Architecture, model: Any, encoded: Sequence[Encoded]) -> NDArray[np.float32]:
    """Returns what a Keras model predicts, shape (n, classes), reviews of like length in one batch."""
    order = np.argsort([len(review) for review in encoded], kind="stable")
    sorted_rows = model.predict(_PredictionBatches(architecture, [encoded[row] for row in order]), verbose=0)
    predicted = np.empty_like(sorted_rows)
    predicted[order] = sorted_rows
    return predicted


class _TrainingBatches(keras.utils.Sequence):
    """Padded batches (inputs, labels, weights); shuffled anew, and without other words, after each epoch."""

    def __init__(
        self, architecture: Architecture, examples: Examples, class_weights: Sequence[float], settings: FitSettings
    ) -> None:
        self._architecture = architecture
        self._examples = examples
        self._weights = np.asarray(class_weights, dtype=np.float32)[examples.labels]
        self._lengths = np.array([len(review) for review in examples.encoded])
        self._batch_size = settings.batch_size
        self._seed = settings.seed
        self._word_dropout = settings.word_dropout
        self._generator = np.random.default_rng(settings.seed)
        self._epoch = -1
        self.on_epoch_end()

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> tuple[Any, Any, Any]:
        rows = self._batches[index]
        inputs = self._architecture.inputs(
            self._with_word_dropout(index, [self._examples.encoded[row] for row in rows])
        )
        return tuple(inputs), self._examples.labels[rows], self._weights[rows]

    def _with_word_dropout(self, index: int, encoded: list[Encoded]) -> list[Encoded]:
        if not self._word_dropout:
            return encoded
        # A generator for each batch: Keras asks for some batches twice, in an order of its own.
        generator = np.random.default_rng([self._seed, self._epoch, index])
        return [self._architecture.drop_words(review, self._word_dropout, generator) for review in encoded]

    def on_epoch_end(self) -> None:
        self._epoch += 1
        order = self._generator.permutation(len(self._lengths))
        pool = self._batch_size * _BATCHES_PER_POOL
        batches = []
        for start in range(0, len(order), pool):
            rows = order[start : start + pool]
            rows = rows[np.argsort(self._lengths[rows], kind="stable")]
            batches += [rows[first : first + self._batch_size] for first in range(0, len(rows), self._batch_size)]
        self._batches = [batches[index] for index in self._generator.permutation(len(batches))]


class _PredictionBatches(keras.utils.Sequence):
    """Padded batches of inputs, in the order given."""

    def __init__(self, architecture: Architecture, encoded: Sequence[Encoded]) -> None:
        self._architecture = architecture
        self._encoded = encoded

    def __len__(self) -> int:
        return -(-len(self._encoded) // _PREDICTION_BATCH)

    def __getitem__(self, index: int) -> tuple[Any]:
        start = index * _PREDICTION_BATCH
        return (tuple(self._architecture.inputs(self._encoded[start : start + _PREDICTION_BATCH])),)


class _Recorder(keras.callbacks.Callback):
    """Measures each epoch on tune, keeps the best weights and stops early."""

    def __init__(self, architecture: Architecture, tune: Examples, train_rows: int, settings: FitSettings) -> None:
        super().__init__()
        self._architecture = architecture
        self._tune = tune
        self._train_rows = train_rows
        self._patience = settings.patience
        self._history = History()
        self._best_weights: Any = None
        self._seconds = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._seconds += time.perf_counter() - self._started
        history = self._history
        labels = predict(self._architecture, self.model, self._tune.encoded).argmax(axis=1)
        history.loss.append(float(logs["loss"]))
        history.tune_accuracy.append(float((labels == self._tune.labels).mean()))
        history.tune_macro_f1.append(float(f1_score(self._tune.labels, labels, average="macro", zero_division=0)))
        logs["tune_macro_f1"] = history.tune_macro_f1[-1]
        if not self._patience:
            history.best_epoch = epoch
        elif epoch == 0 or history.tune_macro_f1[-1] > history.tune_macro_f1[history.best_epoch]:
            history.best_epoch = epoch
            self._best_weights = self.model.get_weights()
        elif epoch - history.best_epoch >= self._patience:
            self.model.stop_training = True

    def finish(self) -> History:
        """Gives the model its best weights and returns the history."""
        if self._best_weights is not None:
            self.model.set_weights(self._best_weights)
        self._history.reviews_per_second = self._train_rows * len(self._history.loss) / self._seconds
        return self._history


class _ProgressBar(keras.callbacks.Callback):
    """One bar an epoch, with the loss so far; ends with the quality on tune."""

    def __init__(self, epochs: int) -> None:
        super().__init__()
        self._epochs = epochs

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._bar = tqdm(
            total=self.params["steps"], desc=f"epoch {epoch + 1}/{self._epochs}", unit="step", mininterval=2
        )

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._bar.set_postfix(loss=f"{logs['loss']:.3f}", refresh=False)
        self._bar.update()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._bar.set_postfix(loss=f"{logs['loss']:.3f}", tune_macro_f1=f"{logs['tune_macro_f1']:.3f}")
        self._bar.close()


class _WarmUpThenLinearDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Rises linearly from 0 to the peak, then falls linearly to 0 (Devlin et al. 2019, section A.2)."""

    def __init__(self, peak: float, warmup_steps: int, total_steps: int) -> None:
        self._peak = peak
        self._warmup_steps = warmup_steps
        self._total_steps = total_steps

    def __call__(self, step: Any) -> Any:
        step = tf.cast(step + 1, tf.float32)
        rising = step / max(self._warmup_steps, 1)
        falling = (self._total_steps + 1 - step) / max(self._total_steps + 1 - self._warmup_steps, 1)
        return self._peak * tf.maximum(tf.minimum(rising, falling), 0.0)

    def get_config(self) -> dict[str, Any]:
        return {"peak": self._peak, "warmup_steps": self._warmup_steps, "total_steps": self._total_steps}


def _learning_rate(settings: FitSettings, steps_per_epoch: int) -> Any:
    if settings.warmup is None:
        return settings.learning_rate
    total = settings.epochs * steps_per_epoch
    return _WarmUpThenLinearDecay(settings.learning_rate, round(settings.warmup * total), total)
