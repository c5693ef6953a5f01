"""How fast each candidate predicts, against what people do otherwise: `python -m benchmarks.inference --help`.

Baselines of the same weights, from the float checkpoint:

(a) TensorFlow graph mode, float32, batches of 32, every review padded to the longest length: what a notebook does
(b) ONNX Runtime, dynamic int8, exported by tf2onnx and quantised with default settings, batches of 32 as they come,
    padded to their longest review: what a careful user does
(c) as (b), with batches sorted by length; an LSTM has one length only, so that (c) is (b)
(k) Keras `predict`; the LSTM only

Everything starts from raw text and ends with probabilities, tokenising included. Each contender lives in a process of
its own; they take turns, one at a time, so that whatever else the machine does hits all alike. Every ratio is taken
within a turn.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.finished_run import latest_steps
from benchmarks.inference_page import describe, read_quality, write_page
from benchmarks.inference_turns import Contender, take_turns
from components.evaluate.machine import describe_machine
from components.shared.bundle import MANIFEST, load_bundle, read_manifest
from components.shared.errors import UserError
from components.shared.predictors.base import Predictor
from components.shared.records.features import read_split
from components.shared.texts.text import join_titles

_MODELS = ("distilbert", "lstm")
_BUNDLES = ("bundle", "onnx")


def main(argv: list[str] | None = None) -> None:
    """Measures the deep candidates of a finished run and prints a table for each model."""
    options = _parser().parse_args(argv)
    try:
        steps, quality = latest_steps(options.run), read_quality(options.run)
        texts = _select_texts(steps, options.reviews)
        print(describe(describe_machine(), len(texts), options.turns), flush=True)
        results = []
        for model in options.models:
            contenders = [*_baselines(steps, model), *_candidates(steps, model, options.candidates)]
            measured = take_turns(contenders, texts, options.latency_reviews, options.turns)
            results.append((model, measured))
        write_page(results, quality, options.output, describe(describe_machine(), len(texts), options.turns))
    except UserError as error:
        sys.exit(str(error))


def load(directory: Path) -> Predictor:
    """Returns the predictor of a bundle, as everybody else gets it."""
    return load_bundle(directory)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.inference",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--run", type=Path, required=True, help="OUT of a finished run of the pipeline")
    parser.add_argument("--models", nargs="+", choices=_MODELS, default=_MODELS, help="(%(default)s)")
    parser.add_argument("--candidates", nargs="+", default=[], help="only these (all)")
    parser.add_argument("--reviews", type=int, default=512, help="of select, as they come (%(default)s)")
    parser.add_argument("--latency-reviews", type=int, default=60, help="timed one by one a turn (%(default)s)")
    parser.add_argument("--turns", type=int, default=5, help="(%(default)s)")
    parser.add_argument("--output", type=Path, help="directory for inference.md and inference.svg; none: print only")
    return parser


def _select_texts(steps: Path, wanted: int) -> list[str]:
    (features,) = steps.glob("engineer-features/*/features.json")
    select = read_split(features.parent, "select")[:wanted]
    return join_titles(select["title"], select["text"])


def _baselines(steps: Path, model: str) -> Iterator[Contender]:
    trained = next(iter(steps.glob(f"*/candidates/{model}/checkpoint")), None)
    if trained is None:
        raise UserError(f"{steps}: the run has no trained {model}; choose other --models")
    kinds = {"a": "GraphMode", "b": "DefaultOnnx", "c": "SortedOnnx", "k": "KerasPredict"}
    for letter in "abc" if model == "distilbert" else "abk":
        yield Contender(letter, f"benchmarks.baselines:{kinds[letter]}", trained.parent, baseline=True)


def _candidates(steps: Path, model: str, wanted: list[str]) -> Iterator[Contender]:
    """Yields a contender for each run time of each candidate of a model."""
    for kind in _BUNDLES:
        for path in sorted(steps.glob(f"gather*/bundles/*/{kind}/{MANIFEST}")):
            manifest = read_manifest(path.parent)
            if manifest.model == model and (not wanted or manifest.candidate in wanted):
                name = f"{manifest.candidate} ({manifest.runtime})"
                yield Contender(name, "benchmarks.inference:load", path.parent)


if __name__ == "__main__":
    main()
