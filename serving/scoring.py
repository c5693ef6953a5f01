"""The batch scorer: a table of reviews in, the same table with predictions out."""

import csv
import io
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import numpy as np
from tqdm import tqdm

from components.shared.bundle import load_bundle, read_manifest
from components.shared.errors import UserError
from components.shared.files import atomic_path
from components.shared.predictors.base import Predictor
from components.shared.quantification import (
    AnswerSums,
    CorrectedAverage,
    LabelResponses,
    correct_average,
    object_to_correcting,
)
from serving.prediction import Prediction, Review, predict_reviews

Row = list[str]

_CHUNK_ROWS = 512
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LONGEST_FIELD = 1 << 24
_DECIMALS = 6


@dataclass
class Scored:
    """What a table came to.

    Attributes:
        scores: The labels' values, such as 1.0 to 5.0: the scale of the averages.
        ordered: Whether the labels go from worst to best; if not there is no average.
        responses: How the model misreads labels, if its bundle says so.
        reviews: Rows of the table.
        without_text: Rows that got empty predictions.
        answers: Sums of the predicted probabilities.
    """

    scores: tuple[float, ...]
    ordered: bool = True
    responses: LabelResponses | None = None
    reviews: int = 0
    without_text: int = 0
    answers: AnswerSums = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Starts the sums."""
        self.answers = AnswerSums(len(self.scores))

    @property
    def average_score(self) -> float | None:
        """The mean predicted score of the reviews with text; None if there are none, or no order of the labels."""
        if not self.answers.reviews or not self.ordered:
            return None
        return float(self.answers.mean @ np.array(self.scores))

    @property
    def not_corrected_because(self) -> str:
        """Why there is no corrected average; empty if there is one for any reviews with text."""
        return object_to_correcting(self.responses, self.ordered)

    def corrected_average(self) -> CorrectedAverage | None:
        """Returns the average corrected for how the model misreads labels; None if there is none."""
        if self.responses is None or self.not_corrected_because or not self.answers.reviews:
            return None
        return correct_average(self.responses, self.answers, np.array(self.scores))

    def add(self, predictions: Sequence[Prediction | None]) -> None:
        """Counts the predictions of further rows."""
        answered = [prediction.probabilities for prediction in predictions if prediction is not None]
        self.reviews += len(predictions)
        self.without_text += len(predictions) - len(answered)
        self.answers.add(np.array(answered).reshape(-1, len(self.scores)))


def score_file(
    bundle: Path, source: Path, destination: Path, text_column: str = "", title_column: str = ""
) -> Scored:
    """Scores a CSV table of reviews, piece by piece, and writes it with the predictions added.

    Rows keep their order and every value stays the text it was. Added are `predicted_label`,
    `predicted_score` and a `probability_<label>` column for each label. A review without text (a title alone
    is none) gets empty predictions; a model whose labels have no order leaves `predicted_score` empty.

    Args:
        bundle: The model bundle.
        source: A CSV file in UTF-8, with or without byte order mark, with a header line.
        destination: The CSV file to write, atomically; same byte order mark and line ends as the source.
        text_column: Column of the review text; empty means the one that the model was trained on.
        title_column: Column of the title; empty means the one that the model was trained on, if it is there.

    Raises:
        UserError: The bundle or the table cannot be used; nothing is written.
    """
    _check_paths(source, destination)
    predictor = load_bundle(bundle)
    task = predictor.task
    scored = Scored(task.scores, task.ordered, read_manifest(bundle, verify=False).responses)
    try:
        with atomic_path(destination) as staged:
            _score(predictor, scored, source, staged, text_column, title_column)
    except UnicodeDecodeError as error:
        raise UserError(
            f"{source}: not UTF-8 ({error.reason}); convert it, for example: iconv -f LATIN1 -t UTF-8"
        ) from error
    except OSError as error:
        raise UserError(f"{error.filename or destination}: {error.strerror}; check path and permissions") from error
    return scored


def _check_paths(source: Path, destination: Path) -> None:
    if not source.is_file():
        raise UserError(f"{source}: no such file; give a CSV table of reviews as --input")
    if source.stat().st_size == 0:
        raise UserError(f"{source}: the file is empty; a header line and reviews are needed")
    if destination.is_dir():
        raise UserError(f"{destination}: is a directory; give a file name as --output")
    if destination.exists() and destination.samefile(source):
        raise UserError(f"{destination}: is the input itself; give another file name as --output")


def _score(
    predictor: Predictor, scored: Scored, source: Path, destination: Path, text_column: str, title_column: str
) -> None:
    """Writes the table with predictions, and counts them in `scored`."""
    with source.open("rb") as stream:
        first_line = stream.readline()
    encoding = "utf-8-sig" if first_line.startswith(_BYTE_ORDER_MARK) else "utf-8"
    line_end = "\r\n" if first_line.endswith(b"\r\n") else "\n"
    with (
        source.open("rb") as raw,
        io.TextIOWrapper(raw, encoding=encoding, newline="") as reading,
        destination.open("w", encoding=encoding, newline="") as writing,
        tqdm(total=source.stat().st_size, desc="Scoring", unit="B", unit_scale=True, mininterval=1) as progress,
    ):
        rows = _read_rows(reading, source)
        header = next(rows, [])
        text, title = _find_columns(source, header, predictor, text_column, title_column)
        writer = csv.writer(writing, lineterminator=line_end)
        writer.writerow(header + prediction_columns(predictor.task.labels))
        while chunk := list(itertools.islice(rows, _CHUNK_ROWS)):
            reviews = [Review(row[text], row[title] if title is not None else "") for row in chunk]
            predictions = predict_reviews(predictor, reviews)
            writer.writerows(add_predictions(chunk, predictions, len(predictor.task.labels)))
            scored.add(predictions)
            progress.update(raw.tell() - progress.n)


def _read_rows(stream: TextIO, source: Path) -> Iterator[Row]:
    """Yields header and rows; blank lines, which hold no row, are left out."""
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader(stream, strict=True)
    width = None
    try:
        for row in reader:
            if not row:
                continue
            width = width or len(row)
            if len(row) != width:
                raise UserError(
                    f"{source}: line {reader.line_num}: {len(row)} values where the header has {width} columns; "
                    "put values that hold commas or line breaks in quotes"
                )
            yield row
    except csv.Error as error:
        raise UserError(
            f"{source}: line {reader.line_num}: not valid CSV ({error}); export the table again"
        ) from error


def _find_columns(
    source: Path, header: Row, predictor: Predictor, text_column: str, title_column: str
) -> tuple[int, int | None]:
    """Returns where text and title stand; tells the user when the model's own title column is not there."""
    taken = [name for name in prediction_columns(predictor.task.labels) if name in header]
    if taken:
        raise UserError(f"{source}: there is a column '{taken[0]}' already; drop or rename it, then score again")
    text = _position(source, header, text_column or predictor.task.text_column, "--text-column")
    if title_column:
        return text, _position(source, header, title_column, "--title-column")
    trained_title = predictor.task.title_column
    if not trained_title:
        return text, None
    if trained_title not in header:
        tqdm.write(f"No column '{trained_title}' in the table: scored without titles (or name it: --title-column).")
        return text, None
    return text, _position(source, header, trained_title, "--title-column")


def _position(source: Path, header: Row, column: str, option: str) -> int:
    if header.count(column) == 1:
        return header.index(column)
    if column in header:
        raise UserError(f"{source}: {header.count(column)} columns are called '{column}'; rename all but one")
    present = ", ".join(f"'{name}'" for name in header) or "none"
    raise UserError(f"{source}: no column '{column}'; present are {present}; name one with {option}")


def prediction_columns(labels: Sequence[str]) -> list[str]:
    """Returns the names of the columns that scoring adds."""
    return ["predicted_label", "predicted_score", *(f"probability_{label}" for label in labels)]


def add_predictions(rows: Sequence[Row], predictions: Sequence[Prediction | None], labels: int) -> list[Row]:
    """Returns the rows with the values of `prediction_columns` appended.

    Args:
        rows: Shape (n, columns).
        predictions: One a row; None gives empty values.
        labels: Number of labels.
    """
    empty = [""] * (2 + labels)
    return [
        row + (empty if prediction is None else _values(prediction))
        for row, prediction in zip(rows, predictions, strict=True)
    ]


def _values(prediction: Prediction) -> Row:
    numbers = (prediction.score, *prediction.probabilities)
    return [prediction.label, *("" if number is None else f"{number:.{_DECIMALS}f}" for number in numbers)]
