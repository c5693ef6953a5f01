"""How memory and time of the data steps grow with the table: `python -m benchmarks.data_size --help`.

Every size runs ingest, clean and engineer_features one after the other, each in a process of its own, as on a
cluster. The tables are made from a real one by drawing its words anew, so that vocabulary and lengths are real
and duplicates as rare as they were.
"""

import argparse
import contextlib
import csv
import multiprocessing
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import psutil

from components.ingest.sample import generate_sample
from components.shared.texts.text import NATURAL_STEPS

_SIZES = (100_000, 400_000, 1_600_000)
_SAMPLE_ROWS = 3_000
_INTERVAL_SECONDS = 0.25
_MIB = 2**20


@dataclass(frozen=True)
class Step:
    """What one step took: wall seconds, and the most memory that it and its workers held together, in bytes."""

    name: str
    seconds: float
    peak_bytes: int


def main(argv: list[str] | None = None) -> None:
    """Prints rows, seconds, rows a second and peak memory of each size, and the slope of time over rows."""
    options = _parser().parse_args(argv)
    print(f"{'rows':>10} {'step':<18} {'seconds':>8} {'rows/s':>9} {'peak MiB':>9}")
    totals = []
    for rows in options.rows:
        with tempfile.TemporaryDirectory() as workspace:
            steps = _measure_size(rows, options, Path(workspace))
        for step in steps:
            _print_row(rows, step.name, step.seconds, step.peak_bytes)
        total = sum(step.seconds for step in steps)
        _print_row(rows, "together", total, max(step.peak_bytes for step in steps))
        totals.append(total)
    if len(totals) > 1:
        slope = np.polyfit(np.log(options.rows), np.log(totals), 1)[0]
        print(f"time grows as rows to the power of {slope:.2f} (1 is linear)")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.data_size", description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, help="a CSV file to draw words from; without it the built-in sample")
    parser.add_argument("--text-column", default="text", help="its text (%(default)s)")
    parser.add_argument("--label-column", default="target", help="its label (%(default)s)")
    parser.add_argument(
        "--rows", type=int, nargs="+", default=_SIZES, help="sizes to measure (100000 400000 1600000)"
    )
    return parser


def _measure_size(rows: int, options: argparse.Namespace, workspace: Path) -> list[Step]:
    source = workspace / "source.csv"
    _write_table(source, rows, options)
    reviews, cleaned = workspace / "reviews.parquet", workspace / "clean.parquet"
    arguments = options.text_column, options.label_column
    return [
        _measure("ingest", _ingest, source, *arguments, reviews, workspace / "reading.html"),
        _measure("clean", _clean, reviews, cleaned, workspace),
        _measure("engineer_features", _engineer, cleaned, workspace),
    ]


def _write_table(path: Path, rows: int, options: argparse.Namespace) -> None:
    """Writes as many reviews as wanted, each as long as a real one and made of words of its label."""
    texts, labels = _real_reviews(options)
    by_label: dict[str, list[str]] = {}
    for text, label in zip(texts, labels, strict=True):
        by_label.setdefault(label, []).extend(text.split())
    generator = random.Random(0)
    lengths = [len(text.split()) for text in texts]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([options.text_column, options.label_column])
        for _ in range(rows):
            place = generator.randrange(len(texts))
            words = generator.choices(by_label[labels[place]], k=max(lengths[place], 1))
            writer.writerow([" ".join(words), labels[place]])


def _real_reviews(options: argparse.Namespace) -> tuple[list[str], list[str]]:
    if options.data is None:
        sample = generate_sample(_SAMPLE_ROWS, seed=0)
        sample = sample.rename(columns={"Review Text": options.text_column, "Rating": options.label_column})
    else:
        sample = pd.read_csv(options.data)
    table = sample[[options.text_column, options.label_column]].dropna().astype(str)
    return table[options.text_column].tolist(), table[options.label_column].tolist()


def _measure(name: str, work: Callable[..., None], *arguments: object) -> Step:
    process = multiprocessing.get_context("spawn").Process(target=_quietly, args=(work, *arguments))
    started = time.perf_counter()
    process.start()
    assert process.pid is not None
    peak = _PeakMemory(process.pid)
    process.join()
    seconds = time.perf_counter() - started
    if process.exitcode:
        sys.exit(f"{name} failed")
    return Step(name, seconds, peak.stop())


class _PeakMemory:
    """Watches a process and its children from a thread: the most proportional set size they had together."""

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self._peak = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        self._stopped.set()
        self._thread.join()
        return self._peak

    def _watch(self) -> None:
        while not self._stopped.wait(_INTERVAL_SECONDS):
            self._peak = max(self._peak, sum(self._sizes()))

    def _sizes(self) -> Iterator[int]:
        try:
            processes = [self._root, *self._root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        for process in processes:
            try:
                yield process.memory_full_info().pss
            except psutil.Error:  # it has just ended
                continue


def _quietly(work: Callable[..., None], *arguments: object) -> None:
    with contextlib.redirect_stdout(sys.stderr):
        work(*arguments)


def _ingest(source: Path, text_column: str, label_column: str, reviews: Path, reading: Path) -> None:
    from components.ingest.ingestion import SourceOptions, ingest_reviews

    options = SourceOptions(
        data=str(source), adapter="auto", text_column=text_column, title_column="none", label_column=label_column
    )
    ingest_reviews(options, sample_rows=0, sampling="stratified", seed=0, destination=reviews, reading=reading)


def _clean(reviews: Path, cleaned: Path, workspace: Path) -> None:
    from components.clean.cleaning import clean_reviews
    from components.clean.expectations import Thresholds

    steps = [*NATURAL_STEPS, "stop-words"]
    thresholds = Thresholds(minimum_text_share=0.9, longest_text=10_000, minimum_kept_share=0.5)
    clean_reviews(reviews, "en", steps, thresholds, cleaned, workspace / "checks.html", workspace / "data_docs")


def _engineer(cleaned: Path, workspace: Path) -> None:
    from components.engineer_features.features import FeatureOptions, engineer

    options = FeatureOptions(
        language="en",
        clean_steps=(*NATURAL_STEPS, "stop-words"),
        allow_columns=(),
        near_duplicate_similarity=0.8,
        imbalance="weights",
        word_dropout=0.0,
        embeddings=("glove-6b-50d",),
        minimum_word_count=3,
        maximum_words=20_000,
    )
    engineer(cleaned, options, "data", "code", workspace / "features", workspace / "guard.html")


def _print_row(rows: int, name: str, seconds: float, peak_bytes: int) -> None:
    print(f"{rows:>10,} {name:<18} {seconds:8.1f} {rows / seconds:9,.0f} {peak_bytes / _MIB:9,.0f}", flush=True)


if __name__ == "__main__":
    main()
