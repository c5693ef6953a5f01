"""How fast each candidate predicts, against what people do otherwise: `python -m benchmarks.inference --help`.

Baselines of the same weights, from the float checkpoint:

(a) TensorFlow graph mode, float32, batches of 32, every review padded to the longest length: what a notebook does
(b) ONNX Runtime, dynamic int8, exported by tf2onnx and quantised with default settings, batches of 32 as they come,
    padded to their longest review: what a careful user does
(c) as (b), with batches sorted by length; an LSTM has one length only, so that (c) is (b)
(k) Keras `predict`; the LSTM only

Candidates run with the threads, workers and batch size that the run's evaluate found fastest. Everything starts from
raw text and ends with probabilities, tokenising included. Each contender lives in a process of its own; they take
turns, one at a time, so that whatever else the machine does hits all alike. Every ratio is taken within a turn. All
contenders of a model are in memory at once, some 300 MB each; name fewer --candidates where that is too much.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.finished_run import latest_steps
from benchmarks.inference_page import describe, describe_figures, read_quality, write_page
from benchmarks.inference_turns import Contender, take_turns
from components.compare.reporting.wording import fastest_of_each_runtime
from components.evaluate.machine import describe_machine
from components.shared.bundle import MANIFEST, read_manifest
from components.shared.errors import UserError
from components.shared.predictors.running import Execution
from components.shared.records.features import read_split
from components.shared.records.measurements import read_measurements
from components.shared.texts.text import join_titles

_MODELS = ("distilbert", "lstm")
_BUNDLES = ("bundle", "onnx")


def main(argv: list[str] | None = None) -> None:
    """Measures the deep candidates of a finished run and prints a table for each model."""
    options = _parser().parse_args(argv)
    try:
        steps, quality = latest_steps(options.run), read_quality(options.run)
        texts = _select_texts(steps, options.reviews)
        how = describe(describe_machine(), len(texts), options.turns)
        print(how, flush=True)
        results = []
        for model, contenders in _contenders(steps, options.models, options.candidates).items():
            results.append((model, take_turns(contenders, texts, options.latency_reviews, options.turns)))
            print(f"\n{describe_figures(*results[-1], quality)}", flush=True)
            if options.output:
                write_page(results, quality, options.output, how)
    except UserError as error:
        sys.exit(str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.inference",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--run", type=Path, required=True, help="OUT of a finished run of the pipeline")
    parser.add_argument("--models", nargs="+", choices=_MODELS, default=[], help="(those of the run)")
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


def _contenders(steps: Path, models: Sequence[str], wanted: Sequence[str]) -> dict[str, list[Contender]]:
    """Returns model -> what is to be measured of it; of the models of the run if none is named."""
    trained = {model: next(iter(steps.glob(f"*/candidates/{model}/checkpoint")), None) for model in models or _MODELS}
    found = {model: checkpoint.parent for model, checkpoint in trained.items() if checkpoint is not None}
    if not found or (models and len(found) < len(models)):
        missing = ", ".join(model for model in trained if model not in found)
        raise UserError(f"{steps}: the run has no trained {missing}; choose other --models")
    return {
        model: [*_baselines(model, candidate), *_candidates(steps, model, wanted)]
        for model, candidate in found.items()
    }


def _baselines(model: str, trained: Path) -> Iterator[Contender]:
    kinds = {"a": "GraphMode", "b": "DefaultOnnx", "c": "SortedOnnx", "k": "KerasPredict"}
    for letter in "abc" if model == "distilbert" else "abk":
        yield Contender(letter, trained, baseline=kinds[letter])


def _candidates(steps: Path, model: str, wanted: Sequence[str]) -> Iterator[Contender]:
    """Yields each candidate of a model on each of its run times, run in the way that evaluate found fastest."""
    measurements = read_measurements(next(iter(steps.glob("evaluate/measurements"))))
    ways = {
        (one.candidate, way.runtime): way
        for one in measurements.candidates
        for way in fastest_of_each_runtime(one.tried)
        if way.reviews_per_second is not None
    }
    for kind in _BUNDLES:
        for path in sorted(steps.glob(f"gather*/bundles/*/{kind}/{MANIFEST}")):
            manifest = read_manifest(path.parent)
            way = ways.get((manifest.candidate, manifest.runtime))
            if manifest.model == model and way and (not wanted or manifest.candidate in wanted):
                execution = Execution(threads=way.threads, workers=way.workers, batch_size=way.batch_size)
                yield Contender(f"{manifest.candidate} ({manifest.runtime})", path.parent, execution)


if __name__ == "__main__":
    main()
