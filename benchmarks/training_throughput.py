"""How fast DistilBERT trains: `python -m benchmarks.training_throughput --help`.

The same reviews in the same steps, once in batches of like length that are padded to their own longest review, once
padded to the 95 % quantile of lengths, whatever their batch. Both take turns in one process, so that whatever else
the machine does hits both.
"""

import argparse
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from components.finetune_distilbert.base_model import BaseModel, copy_weights, load_base_model
from components.ingest.sample import generate_sample
from components.shared.architectures.base import Encoded, Inputs
from components.shared.architectures.distilbert import DistilBert
from components.shared.training.batches import Batch, TrainingBatches
from components.shared.training.examples import Examples
from components.shared.training.fitting import start_reproducibly
from components.shared.training.keras import tf
from components.shared.training.trainer import Trainer

_CLASSES, _BATCH_SIZE, _LENGTH_QUANTILE, _SEED = 5, 32, 0.95, 0


class FixedLengthDistilBert(DistilBert):
    """A DistilBERT whose batches all have the longest length."""

    def inputs(self, encoded: list[Encoded]) -> Inputs:  # type: ignore[override]
        """Returns word pieces and mask, (batch, max_length)."""
        return self._padded(encoded, self.max_length)


def main(argv: list[str] | None = None) -> None:
    """Prints reviews a second of both ways in every turn, their medians and spreads, and the ratio."""
    options = _parser().parse_args(argv)
    texts = _read_texts(options.data, options.text_column)
    base = load_base_model()
    length = _quantile_length(base, texts)
    print(f"{len(texts):,} texts, 95 % quantile {length} word pieces, {options.turns} turns of each way")
    grouped = _Way(DistilBert, base, texts, length)
    fixed = _Way(FixedLengthDistilBert, base, texts, length)
    speeds: dict[str, list[float]] = {"grouped": [], "fixed": []}
    for turn in range(options.turns):
        for name, way in (("fixed", fixed), ("grouped", grouped)):
            speeds[name].append(way.measure(options.steps))
            print(f"turn {turn + 1}: {name:<8} {speeds[name][-1]:7.1f} reviews/s", flush=True)
    for name, values in speeds.items():
        print(
            f"{name:<8} median {statistics.median(values):.1f}, from {min(values):.1f} to {max(values):.1f} reviews/s"
        )
    ratios = [one / other for one, other in zip(speeds["grouped"], speeds["fixed"], strict=True)]
    ratio = statistics.median(speeds["grouped"]) / statistics.median(speeds["fixed"])
    print(f"ratio {ratio:.2f}, turn by turn from {min(ratios):.2f} to {max(ratios):.2f}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.training_throughput", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--data", type=Path, help="a CSV file of reviews; without it the built-in sample")
    parser.add_argument("--text-column", default="Review Text", help="its text (%(default)s)")
    parser.add_argument("--turns", type=int, default=3, help="turns of each way (%(default)s)")
    parser.add_argument("--steps", type=int, default=12, help="steps a turn, of 32 reviews (%(default)s)")
    return parser


def _read_texts(data: Path | None, column: str) -> list[str]:
    table = generate_sample(3_000, seed=0) if data is None else pd.read_csv(data)
    name = "Review Text" if data is None else column
    return table[name].dropna().astype(str).tolist()


def _quantile_length(base: BaseModel, texts: list[str]) -> int:
    longest = _architecture(DistilBert, base, base.sizes.max_position_embeddings)
    lengths = [len(encoded) for encoded in longest.encode(pd.DataFrame({"natural": texts}))]
    return int(np.quantile(lengths, _LENGTH_QUANTILE, method="higher"))


def _architecture(kind: type[DistilBert], base: BaseModel, length: int) -> DistilBert:
    return kind(base.sizes, base.tokenizer, _CLASSES, length, base.name, 8e-5, _BATCH_SIZE)


class _Way:
    """One way of making batches, with a model of its own."""

    def __init__(self, kind: type[DistilBert], base: BaseModel, texts: list[str], length: int) -> None:
        architecture = _architecture(kind, base, length)
        start_reproducibly(_SEED)
        model = architecture.build()
        copy_weights(base, model)
        self._trainer = Trainer(model, 8e-5, None, 1, {}, tf.distribute.get_strategy(), mixed_precision=False)
        encoded = architecture.encode(pd.DataFrame({"natural": texts}))
        labels = np.random.default_rng(_SEED).integers(0, _CLASSES, len(encoded))
        batches = TrainingBatches(
            architecture, Examples(encoded, labels), [1.0] * _CLASSES, _BATCH_SIZE, _SEED, epoch=0
        )
        self._batches = self._endless(batches)
        self._trainer.step(next(self._batches))  # builds the graph

    def measure(self, steps: int) -> float:
        """Returns reviews a second over some steps, the making of the batches included."""
        started = time.perf_counter()
        reviews = 0
        for _ in range(steps):
            batch = next(self._batches)
            self._trainer.step(batch)
            reviews += len(batch[1])
        return reviews / (time.perf_counter() - started)

    @staticmethod
    def _endless(batches: TrainingBatches) -> Iterator[Batch]:
        while True:
            yield from (batches[index] for index in range(len(batches)))


if __name__ == "__main__":
    main()
