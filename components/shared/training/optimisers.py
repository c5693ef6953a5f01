"""Adam with a schedule, and with learning rates that differ from layer to layer."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from components.shared.training.keras import keras, tf


class WarmUpThenLinearDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Rises linearly from 0 to the peak, then falls linearly to 0 (Devlin et al. 2019, section A.2)."""

    def __init__(self, peak: float, warmup_steps: int, total_steps: int) -> None:
        self._peak = peak
        self._warmup_steps = warmup_steps
        self._total_steps = total_steps

    def __call__(self, step: Any) -> Any:
        """Returns the learning rate of a step, counted from 0."""
        step = tf.cast(step + 1, tf.float32)
        rising = step / max(self._warmup_steps, 1)
        falling = (self._total_steps + 1 - step) / max(self._total_steps + 1 - self._warmup_steps, 1)
        return self._peak * tf.maximum(tf.minimum(rising, falling), 0.0)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {"peak": self._peak, "warmup_steps": self._warmup_steps, "total_steps": self._total_steps}


def learning_rate(peak: float, warmup: float | None, total_steps: int) -> Any:
    """Returns what Keras takes as a learning rate.

    Args:
        peak: The largest learning rate, or the only one.
        warmup: Share of the steps in which it rises, before it falls; None keeps it constant.
        total_steps: Of the whole training.
    """
    if warmup is None:
        return peak
    return WarmUpThenLinearDecay(peak, round(warmup * total_steps), total_steps)


class LayerwiseAdam:
    """One Adam for each learning rate: Adam ignores the scale of gradients, so scaling them would do nothing."""

    def __init__(
        self, model: Any, factors: Mapping[str, float], peak: float, warmup: float | None, total_steps: int
    ) -> None:
        """Sorts the weights of a model by learning rate.

        Args:
            model: A Keras model.
            factors: Layer name to what its learning rate is multiplied with; 1 for layers that are not named.
            peak, warmup, total_steps: See `learning_rate`.
        """
        groups = defaultdict(list)
        for layer in model.layers:
            groups[factors.get(layer.name, 1.0)].extend(layer.trainable_variables)
        self._groups = [variables for variables in groups.values() if variables]
        self.variables: list[Any] = [variable for variables in self._groups for variable in variables]
        self.optimisers = [
            keras.optimizers.legacy.Adam(learning_rate(peak * factor, warmup, total_steps))
            for factor, variables in groups.items()
            if variables
        ]

    def use_loss_scaling(self) -> None:
        """Lets every Adam scale the loss, and skip steps whose gradients float16 cannot hold."""
        self.optimisers = [keras.mixed_precision.LossScaleOptimizer(one) for one in self.optimisers]

    def apply(self, gradients: list[Any]) -> None:
        """Takes one step.

        Args:
            gradients: One for each of `variables`, summed over all devices; None where there is none.
        """
        remaining = iter(gradients)
        for optimiser, variables in zip(self.optimisers, self._groups, strict=True):
            pairs = [(next(remaining), variable) for variable in variables]
            optimiser.apply_gradients(pairs, experimental_aggregate_gradients=False)
