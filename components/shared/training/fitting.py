"""The one training loop of the deep models, used by the training and the technique steps."""

import dataclasses
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score
from tqdm import tqdm

from components.shared.architectures.base import Architecture, Encoded
from components.shared.fingerprints import code_fingerprint
from components.shared.meter import Usage
from components.shared.records.history import History
from components.shared.training.batches import TrainingBatches, prediction_batches, steps_per_epoch
from components.shared.training.examples import Examples
from components.shared.training.keras import keras, tf
from components.shared.training.trainer import Trainer
from components.shared.training.training_state import Progress, TrainingState, TrainingStates, Weights

_PREDICTION_BATCH = 64
#: A killed training loses at most this much work, and what it does after its last epoch.
SECONDS_BETWEEN_SAVES = 300.0


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
        learning_rate_factors: Layer name to what its learning rate is multiplied with; 1 for all others.
        mixed_precision: Compute in float16 where that is accurate enough; worth it on a GPU only.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    seed: int
    patience: int = 0
    warmup: float | None = None
    word_dropout: float = 0.0
    learning_rate_factors: Mapping[str, float] = field(default_factory=dict)
    mixed_precision: bool = False


def fit(
    architecture: Architecture,
    model: Any,
    train: Examples,
    tune: Examples,
    class_weights: Sequence[float],
    settings: FitSettings,
    callbacks: Sequence[Any] = (),
    states: TrainingStates | None = None,
    strategy: Any = None,
) -> History:
    """Trains a model in place with Adam, a weighted cross-entropy and clipped gradients.

    Two trainings with the same arguments give the same weights on the same kind of machine, also if one of them
    was killed and went on from its saved state. Weights of layers with `trainable = False` stay as they are.

    Args:
        architecture: Pads the batches.
        model: A Keras model with probabilities as output; wrapped by a technique or not.
        train: Reviews to learn from.
        tune: Reviews for early stopping.
        class_weights: Weight of each class in the loss.
        settings: How to train.
        callbacks: Further Keras callbacks, such as a technique's. At the end of an epoch they get loss,
            gradient_norm, tune_macro_f1, tune_accuracy and reviews_per_second as logs, and before it each batch
            that was predicted on tune; one that sets `self.model.stop_training` ends the training with the best
            weights so far. After a kill they see the remaining steps only.
        states: Where the training is saved every few minutes and after every epoch; None saves nothing.
        strategy: How devices share the work; None means one device. See `trainer.every_gpu`.

    Returns:
        The history.
    """
    # Call `start_reproducibly` before the model is built if its first weights matter too.
    start_reproducibly(settings.seed)
    strategy = strategy or tf.distribute.get_strategy()
    rows = len(train.labels)
    steps = steps_per_epoch(rows, settings.batch_size)
    state = None
    if states is not None:
        state = states.state_of(_fingerprint(model, train, tune, class_weights, settings, strategy))
    trainer = Trainer(
        model,
        peak=settings.learning_rate,
        warmup=settings.warmup,
        total_steps=settings.epochs * steps,
        learning_rate_factors=settings.learning_rate_factors,
        strategy=strategy,
        mixed_precision=settings.mixed_precision,
    )

    def batches(epoch: int) -> TrainingBatches:
        return TrainingBatches(
            architecture,
            train,
            class_weights,
            settings.batch_size,
            settings.seed,
            epoch,
            word_dropout=settings.word_dropout,
        )

    predictions = Predictions(architecture, model)

    def measure() -> tuple[float, float]:
        labels = predictions.of(tune.encoded, hooks.on_predict_batch_end).argmax(axis=1)
        macro_f1 = f1_score(tune.labels, labels, average="macro", zero_division=0)
        return float(macro_f1), float((labels == tune.labels).mean())

    hooks = keras.callbacks.CallbackList(list(callbacks), model=model)
    loop = _Loop(trainer, model, settings, hooks, state, rows)
    loop.resume()
    return loop.run(batches, measure)


def start_reproducibly(seed: int) -> None:
    """Seeds Python, NumPy and TensorFlow, and asks TensorFlow for operations that repeat exactly."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def training_figures(usage: Usage, history: History) -> dict[str, float]:
    """Returns what a training step reports, by name: cost, tune quality, and the curves of all epochs."""
    figures = {
        "training_seconds": usage.seconds,
        "peak_memory_mb": usage.peak_memory_mb,
        "cost_eur": usage.cost_eur or 0.0,
        "tune_macro_f1": history.tune_macro_f1[history.best_epoch],
        "tune_accuracy": history.tune_accuracy[history.best_epoch],
        "epochs": float(len(history.loss)),
        "reviews_per_second": history.reviews_per_second,
    }
    curves = {
        "loss": history.loss,
        "tune_macro_f1": history.tune_macro_f1,
        "tune_accuracy": history.tune_accuracy,
        "gradient_norm": history.gradient_norm,
        "reviews_per_second": history.speeds,
    }
    for name, values in curves.items():
        figures |= {f"epoch_{epoch:02d}_{name}": value for epoch, value in enumerate(values, start=1)}
    return figures


def predict(architecture: Architecture, model: Any, encoded: Sequence[Encoded]) -> NDArray[np.float32]:
    """Returns what a Keras model predicts, shape (n, classes), reviews of like length in one batch."""
    return Predictions(architecture, model).of(encoded)


class Predictions:
    """Predicts with one graph for all batches and all times; weights that are assigned in between count."""

    def __init__(self, architecture: Architecture, model: Any) -> None:
        """Prepares the graph.

        Args:
            architecture: Pads the batches.
            model: A Keras model with probabilities as output.
        """
        self._architecture = architecture
        self._model = model
        signature = tuple(tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in model.inputs)
        self._forward = tf.function(lambda inputs: model(inputs, training=False), input_signature=[signature])

    def of(self, encoded: Sequence[Encoded], after_batch: Callable[[int], None] | None = None) -> NDArray[np.float32]:
        """Returns probabilities, shape (n, classes), reviews of like length in one batch.

        Args:
            encoded: Token numbers of each review, unpadded.
            after_batch: Called with the number of each batch that was predicted.
        """
        predicted = np.empty((len(encoded), self._model.output_shape[-1]), dtype=np.float32)
        for batch, rows in enumerate(prediction_batches(encoded, _PREDICTION_BATCH)):
            inputs = self._architecture.inputs([encoded[row] for row in rows])
            predicted[rows] = self._forward(tuple(inputs)).numpy()
            if after_batch is not None:
                after_batch(batch)
        return predicted


class _Loop:
    """Epochs, one after the other, from wherever an earlier process left off."""

    def __init__(
        self, trainer: Trainer, model: Any, settings: FitSettings, hooks: Any, state: TrainingState | None, rows: int
    ) -> None:
        self._trainer = trainer
        self._model = model
        self._settings = settings
        self._hooks = hooks
        self._state = state
        self._checkpoint = trainer.checkpoint() if state is not None else None
        self._best: Weights | None = None
        self._progress = Progress(
            history=History(reviews=rows, devices=trainer.devices, mixed_precision=settings.mixed_precision)
        )
        self._clock = self._saved = time.perf_counter()

    def resume(self) -> None:
        """Goes back to what an earlier process saved, if there is anything."""
        restored = self._state.restore(self._checkpoint) if self._state is not None else None
        if restored is None:
            return
        self._progress, self._best = restored
        self._progress.history.earlier_seconds = self._progress.total_seconds
        self._trainer.update_model()
        tqdm.write(f"Training goes on at epoch {self._progress.epoch + 1}, step {self._progress.batch + 1}.")

    def run(self, batches: Callable[[int], TrainingBatches], measure: Callable[[], tuple[float, float]]) -> History:
        """Trains to the end, gives the model the weights of the best epoch and returns the history.

        Args:
            batches: From the number of an epoch to its batches.
            measure: Returns macro-F1 and accuracy of the model on tune.
        """
        progress, history = self._progress, self._progress.history
        self._model.stop_training = False
        self._hooks.on_train_begin()
        while not progress.is_over:
            self._train_epoch(batches(progress.epoch))
            self._trainer.update_model()
            self._finish_epoch(*measure())
            self._save()
        self._hooks.on_train_end()
        if self._best is not None:
            self._model.set_weights(self._best)
        return history

    def _train_epoch(self, batches: TrainingBatches) -> None:
        progress = self._progress
        bar = tqdm(
            total=len(batches),
            initial=progress.batch,
            desc=f"epoch {progress.epoch + 1}/{self._settings.epochs}",
            unit="step",
            mininterval=2,
        )
        self._hooks.on_epoch_begin(progress.epoch)
        self._tick()
        with bar:
            while progress.batch < len(batches):
                batch = batches[progress.batch]
                self._hooks.on_train_batch_begin(progress.batch)
                loss, norm = self._trainer.step(batch)
                self._hooks.on_train_batch_end(progress.batch, {"loss": loss})
                progress.loss += loss * len(batch[1])
                progress.gradient_norm += norm
                progress.batch += 1
                progress.seconds += self._tick()
                bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
                bar.update()
                if time.perf_counter() - self._saved > SECONDS_BETWEEN_SAVES:
                    self._save()

    def _finish_epoch(self, macro_f1: float, accuracy: float) -> None:
        """Writes the epoch into the history, keeps the best weights, and decides whether to go on."""
        progress, history = self._progress, self._progress.history
        history.loss.append(progress.loss / history.reviews)
        history.gradient_norm.append(progress.gradient_norm / progress.batch)
        history.tune_macro_f1.append(macro_f1)
        history.tune_accuracy.append(accuracy)
        history.seconds.append(progress.seconds)
        logs = {
            "loss": history.loss[-1],
            "gradient_norm": history.gradient_norm[-1],
            "tune_macro_f1": macro_f1,
            "tune_accuracy": accuracy,
            "reviews_per_second": history.speeds[-1],
        }
        tqdm.write(
            f"epoch {progress.epoch + 1}: loss {logs['loss']:.3f}, macro-F1 on tune {macro_f1:.3f}, "
            f"accuracy {accuracy:.3f}, gradient norm {logs['gradient_norm']:.2f}, "
            f"{logs['reviews_per_second']:,.0f} reviews/s"
        )
        self._hooks.on_epoch_end(progress.epoch, logs)
        patience = self._settings.patience
        if not patience:
            history.best_epoch = progress.epoch
        elif progress.epoch == 0 or macro_f1 > history.tune_macro_f1[history.best_epoch]:
            history.best_epoch = progress.epoch
            self._best = self._model.get_weights()
        without_gain = progress.epoch - history.best_epoch
        progress.epoch += 1
        progress.batch, progress.loss, progress.gradient_norm, progress.seconds = 0, 0.0, 0.0, 0.0
        progress.is_over = (
            progress.epoch >= self._settings.epochs
            or bool(patience and without_gain >= patience)
            or bool(self._model.stop_training)
        )
        self._tick()

    def _save(self) -> None:
        if self._state is not None:
            self._state.save(self._checkpoint, self._progress, self._best)
        self._tick()
        self._saved = time.perf_counter()

    def _tick(self) -> float:
        """Returns the seconds since it was called last, and adds them to the total."""
        now = time.perf_counter()
        seconds, self._clock = now - self._clock, now
        self._progress.total_seconds += seconds
        return seconds


def _fingerprint(
    model: Any,
    train: Examples,
    tune: Examples,
    class_weights: Sequence[float],
    settings: FitSettings,
    strategy: Any,
) -> str:
    """Returns 32 hexadecimal digits that change with anything that the result of a training depends on."""
    described = {
        "settings": dataclasses.asdict(settings),
        "layers": [layer.get_config() for layer in model.layers],
        "trainable": [layer.trainable for layer in model.layers],
        "class_weights": list(class_weights),
        "devices": strategy.num_replicas_in_sync,
        "code": code_fingerprint(),
        "tensorflow": tf.__version__,
    }
    digest = hashlib.sha256(json.dumps(described, sort_keys=True, default=repr).encode())
    for weights in model.get_weights():
        digest.update(np.ascontiguousarray(weights).tobytes())
    for examples in (train, tune):
        digest.update(examples.labels.tobytes())
        if examples.soft_labels is not None:
            digest.update(np.ascontiguousarray(examples.soft_labels).tobytes())
        for review in examples.encoded:
            digest.update(len(review).to_bytes(4, "big") + review.tobytes())
    return digest.hexdigest()[:32]
