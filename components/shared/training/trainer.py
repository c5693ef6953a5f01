"""One training step of a Keras model: on one device or on several, in float32 or in mixed precision."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.shared.architectures.base import Inputs
from components.shared.training.batches import Batch
from components.shared.training.keras import keras, tf
from components.shared.training.optimisers import LayerwiseAdam

_LARGEST_GRADIENT_NORM = 1.0


def every_gpu() -> Any:
    """Returns the strategy that shares each batch between all GPUs; with one or none, that of a single device."""
    if len(tf.config.list_logical_devices("GPU")) > 1:
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()


def has_gpu() -> bool:
    """Returns whether TensorFlow sees a GPU."""
    return bool(tf.config.list_physical_devices("GPU"))


class Trainer:
    """Takes training steps with Adam, a weighted cross-entropy and clipped gradients.

    With several devices, or in mixed precision, it trains a copy of the model: `update_model` brings the weights
    back. The copy has the same layers; each device computes its share of every batch, and gradients are summed
    (data parallelism), so that a step means the same however many devices there are.

    Speed on several GPUs, NCCL and the speed of float16 are untested: what is tested is that two logical
    processors, and float16 on a processor, learn what one processor learns in float32.
    """

    def __init__(
        self,
        model: Any,
        peak: float,
        warmup: float | None,
        total_steps: int,
        learning_rate_factors: Mapping[str, float],
        strategy: Any,
        mixed_precision: bool,
    ) -> None:
        """Prepares a training.

        Args:
            model: A Keras model with probabilities as output; wrapped by a technique only if there is one device
                and no mixed precision.
            peak, warmup, total_steps: See `optimisers.learning_rate`.
            learning_rate_factors: Layer name to what its learning rate is multiplied with.
            strategy: How devices share the work.
            mixed_precision: Compute in float16 where that is accurate enough; weights stay float32.
        """
        self.devices: int = strategy.num_replicas_in_sync
        self._model = model
        self._strategy = strategy
        self._mixed_precision = mixed_precision
        with strategy.scope():
            copied = self.devices > 1 or mixed_precision
            self._trained = _copy(model, mixed_precision) if copied else model
            self._adam = LayerwiseAdam(self._trained, learning_rate_factors, peak, warmup, total_steps)
            if mixed_precision:
                self._adam.use_loss_scaling()
        self._step = tf.function(self._distributed_step, input_signature=_signature(model))

    def step(self, batch: Batch) -> tuple[float, float]:
        """Learns from one batch; returns the mean weighted loss and the gradient's norm before it was clipped."""
        inputs, labels, weights = _at_least(self.devices, batch)
        targets = labels if labels.ndim > 1 else np.eye(self._model.output_shape[-1], dtype=np.float32)[labels]
        loss, norm = self._step(tuple(inputs), targets, weights, np.float32(len(batch[1])))
        return float(loss), float(norm)

    def update_model(self) -> None:
        """Gives the model the weights that training has reached."""
        if self._trained is not self._model:
            self._model.set_weights(self._trained.get_weights())

    def checkpoint(self) -> Any:
        """Returns everything that a step changes, as a TensorFlow checkpoint: weights, moments, random states."""
        return tf.train.Checkpoint(
            model=self._trained, optimisers=self._adam.optimisers, generators=_generators(self._trained)
        )

    def _distributed_step(self, inputs: Any, targets: Any, weights: Any, rows: Any) -> tuple[Any, Any]:
        loss, norm = self._strategy.run(self._replica_step, args=(inputs, targets, weights, rows))
        reduce = tf.distribute.ReduceOp
        return (
            self._strategy.reduce(reduce.SUM, loss, axis=None),
            self._strategy.reduce(reduce.MEAN, norm, axis=None),
        )

    def _replica_step(self, inputs: Any, targets: Any, weights: Any, rows: Any) -> tuple[Any, Any]:
        """Computes the loss and the gradients of this device's share; every device then takes the same step."""
        inputs, targets, weights = tf.nest.map_structure(_share, (inputs, targets, weights))
        with tf.GradientTape() as tape:
            probabilities = self._trained(inputs, training=True)
            losses = weights * keras.losses.categorical_crossentropy(targets, probabilities)
            loss = tf.reduce_sum(losses) / rows
            scaled = self._adam.optimisers[0].get_scaled_loss(loss) if self._mixed_precision else loss
        gradients = tape.gradient(scaled, self._adam.variables)
        if self._mixed_precision:
            # A step that float16 cannot hold is skipped by all of them, so their scales stay the same.
            gradients = self._adam.optimisers[0].get_unscaled_gradients(gradients)
        gradients = _summed(gradients)
        clipped, norm = tf.clip_by_global_norm(gradients, _LARGEST_GRADIENT_NORM)
        self._adam.apply(clipped)
        return loss, norm


def _copy(model: Any, mixed_precision: bool) -> Any:
    """Returns a model with the same layers and weights, built for the strategy in whose scope this is called."""
    last = model.layers[-1].name

    def copy(layer: Any) -> Any:
        config = layer.get_config()
        # The softmax at the end needs the range of float32.
        if mixed_precision and layer.name != last:
            config["dtype"] = "mixed_float16"
        return type(layer).from_config(config)

    copied = keras.models.clone_model(model, clone_function=copy)
    copied.set_weights(model.get_weights())
    return copied


def _signature(model: Any) -> list[Any]:
    """Returns one signature for all batches: with one graph, a resumed training computes the same numbers."""
    inputs = tuple(tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in model.inputs)
    targets = tf.TensorSpec([None, model.output_shape[-1]], tf.float32)
    return [inputs, targets, tf.TensorSpec([None], tf.float32), tf.TensorSpec([], tf.float32)]


def _share(tensor: Any) -> Any:
    """Returns the rows of a batch that this device computes."""
    replica = tf.distribute.get_replica_context()
    devices = replica.num_replicas_in_sync
    if devices == 1:
        return tensor
    rows, index = tf.shape(tensor)[0], replica.replica_id_in_sync_group
    return tensor[rows * index // devices : rows * (index + 1) // devices]


def _at_least(devices: int, batch: Batch) -> Batch:
    """Returns a batch with a row for every device; added rows have no weight."""
    inputs, labels, weights = batch
    missing = devices - len(labels)
    if missing <= 0:
        return batch

    def repeat(array: NDArray[Any]) -> NDArray[Any]:
        return np.concatenate([array, np.repeat(array[:1], missing, axis=0)])

    padded: Inputs = [repeat(array) for array in inputs]
    return padded, repeat(labels), np.concatenate([weights, np.zeros(missing, dtype=weights.dtype)])


def _summed(gradients: list[Any]) -> list[Any]:
    """Returns the sums over all devices; None, for weights that the loss does not depend on, stays."""
    known = [gradient for gradient in gradients if gradient is not None]
    sums = iter(tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, known))
    return [None if gradient is None else next(sums) for gradient in gradients]


def _generators(model: Any) -> list[Any]:
    """Returns the random generators of a model's layers, in order: Keras leaves them out of checkpoints."""
    holders = [getattr(module, "_random_generator", None) for module in model.submodules]
    generators = [getattr(holder, "_generator", None) for holder in holders]
    return [generator for generator in generators if generator is not None]
