"""The reference profile: what train looked like, kept with every bundle so that drift can be told from it later.

It holds counts and shares, never a review: no text, and no word or value that stands in few reviews only, which
could be a name.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from components.shared.errors import UserError
from components.shared.files import write_text

if TYPE_CHECKING:  # scoring reads profiles, and its image has no pandas
    import pandas as pd

PROFILE = "profile.json"

_QUANTILES = (1, 5, 25, 50, 75, 95, 99)
_MOST_WORDS = 1_000
_MOST_VALUES = 20
#: Words and values of at most this many reviews are left out.
RARE_REVIEWS = 5
#: Size of the random sample that quantiles of a numeric attribute are taken from.
SAMPLE_ROWS = 10_000
#: Different words, and different values of a categorical attribute, that are counted at once; memory is bounded.
_MOST_COUNTED_WORDS, _MOST_COUNTED_VALUES = 1_000_000, 100_000


class Distribution(BaseModel):
    """How numbers are distributed.

    Attributes:
        count: How many there are.
        mean, standard_deviation: Of all of them; divided by the count, not by one less.
        quantiles: Per cent, "1" to "99", to the value below which that many of the numbers are.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: int
    mean: float
    standard_deviation: float
    quantiles: dict[str, float]


class NumericAttribute(BaseModel):
    """A column of numbers; what is not finite counts as missing, and `values` is None if nothing else is left."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    missing_share: float
    values: Distribution | None


class CategoricalAttribute(BaseModel):
    """A column of strings; empty ones count as missing. Shares, the largest first, are of all reviews."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    missing_share: float
    shares: dict[str, float]


class Profile(BaseModel):
    """The content of profile.json; everything is about train alone.

    Attributes:
        rows: Number of reviews.
        characters, words, tokens: Length of a review: characters and words of the natural view, tokens of the
            token view.
        class_shares: Label to share of the reviews.
        title_share: Share of the reviews that have a title.
        vocabulary_size: Words that the LSTM knows.
        outside_vocabulary_share: Share of the tokens that it does not know.
        document_shares: The most frequent words of the vocabulary, to the share of reviews that hold them.
        numeric, categorical: The source's other columns, by name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: int
    characters: Distribution
    words: Distribution
    tokens: Distribution
    class_shares: dict[str, float]
    title_share: float
    vocabulary_size: int
    outside_vocabulary_share: float
    document_shares: dict[str, float]
    numeric: dict[str, NumericAttribute]
    categorical: dict[str, CategoricalAttribute]


class ProfileBuilder:
    """Takes in the reviews of train partition by partition; how they are cut changes nothing.

    Exact: every count, mean and deviation, and the quantiles of lengths. The quantiles of numeric attributes come
    from a seeded random sample of SAMPLE_ROWS values: they are exact up to that many, beyond that a quantile's
    rank is right to within one percentage point (two standard errors). Shares of words are exact up to a million
    different words, those of a categorical attribute up to 100,000 different values; beyond that, rare ones are
    forgotten.
    """

    def __init__(self) -> None:
        self._rows = 0
        self._titles = 0
        self._lengths: dict[str, Counter[int]] = {name: Counter() for name in ("characters", "words", "tokens")}
        self._labels: Counter[str] = Counter()
        self._running_words = 0
        self._tokens: Counter[str] = Counter()
        self._documents: Counter[str] = Counter()
        self._numeric: dict[str, _Numbers] = {}
        self._categorical: dict[str, _Values] = {}

    def update(self, train_partition: "pd.DataFrame") -> None:
        """Adds reviews of train.

        Args:
            train_partition: Rows of stage "features", all of split train.

        Raises:
            ValueError: A review is of another split: a programming error.
        """
        from components.shared.reviews import ATTRIBUTE_PREFIX, attributes_of  # here for the same reason as pandas

        if set(train_partition["split"]) - {"train"}:
            raise ValueError("leakage: the reference profile was given reviews that are not of train")
        self._rows += len(train_partition)
        self._titles += int((train_partition["title"].str.strip() != "").sum())
        self._labels.update(train_partition["label"].tolist())
        natural = train_partition["natural"].tolist()
        tokens = [review.split() for review in train_partition["tokens"].tolist()]
        self._lengths["characters"].update(map(len, natural))
        self._lengths["words"].update(len(review.split()) for review in natural)
        self._lengths["tokens"].update(map(len, tokens))
        self._running_words += sum(map(len, tokens))
        self._tokens.update(chain.from_iterable(tokens))
        self._documents.update(chain.from_iterable(map(set, tokens)))
        self._tokens = _bounded(self._tokens, _MOST_COUNTED_WORDS)
        self._documents = _bounded(self._documents, _MOST_COUNTED_WORDS)
        for column in attributes_of(train_partition.columns):
            self._add_attribute(column.removeprefix(ATTRIBUTE_PREFIX), train_partition[column])

    def finish(self, vocabulary: Sequence[str]) -> Profile:
        """Returns the profile.

        Args:
            vocabulary: The words that the LSTM knows.

        Raises:
            ValueError: There was no review.
        """
        if not self._rows:
            raise ValueError("a profile needs at least one review of train")
        inside = sum(self._tokens[word] for word in vocabulary)
        known = {word: self._documents[word] for word in vocabulary}
        return Profile(
            rows=self._rows,
            **{name: _distribution_of_counts(counts) for name, counts in self._lengths.items()},
            class_shares={label: count / self._rows for label, count in sorted(self._labels.items())},
            title_share=self._titles / self._rows,
            vocabulary_size=len(vocabulary),
            outside_vocabulary_share=1 - inside / max(self._running_words, 1),
            document_shares=_shares(known, self._rows, _MOST_WORDS),
            numeric={name: numbers.finish(self._rows) for name, numbers in self._numeric.items()},
            categorical={name: values.finish(self._rows) for name, values in self._categorical.items()},
        )

    def _add_attribute(self, name: str, column: "pd.Series") -> None:
        if column.dtype.kind == "f":
            self._numeric.setdefault(name, _Numbers()).update(column.to_numpy(dtype=np.float64))
        else:
            self._categorical.setdefault(name, _Values()).update(column.dropna().tolist())


def write_profile(path: Path, profile: Profile) -> None:
    """Writes a profile, atomically."""
    write_text(path, profile.model_dump_json(indent=2) + "\n")


def read_profile_file(path: Path) -> Profile:
    """Returns a profile; raises UserError if the file is missing or no profile."""
    try:
        return Profile.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path}: there is no reference profile; run engineer_features and train again") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "content"
        raise UserError(f"{path}: not a reference profile: {where}: {first['msg']}") from error


class _Numbers:
    """A numeric attribute: running mean and deviation, and a random sample for the quantiles."""

    def __init__(self) -> None:
        self._count = 0
        self._mean = 0.0
        self._squares = 0.0
        self._generator = np.random.default_rng(0)
        self._sample = np.empty(0)
        self._keys = np.empty(0)

    def update(self, numbers: NDArray[np.float64]) -> None:
        finite = numbers[np.isfinite(numbers)]
        if not len(finite):
            return
        self._add_moments(finite)
        # Each value draws a key, and those of the lowest keys are the sample: so it does not depend on the cut.
        keys = np.concatenate([self._keys, self._generator.random(len(finite))])
        lowest = np.argsort(keys, kind="stable")[:SAMPLE_ROWS]
        self._sample = np.concatenate([self._sample, finite])[lowest]
        self._keys = keys[lowest]

    def finish(self, rows: int) -> NumericAttribute:
        missing = 1 - self._count / rows
        if not self._count:
            return NumericAttribute(missing_share=missing, values=None)
        quantiles = np.percentile(self._sample, _QUANTILES, method="inverted_cdf")
        values = Distribution(
            count=self._count,
            mean=self._mean,
            standard_deviation=float(np.sqrt(self._squares / self._count)),
            quantiles=_named(quantiles),
        )
        return NumericAttribute(missing_share=missing, values=values)

    def _add_moments(self, numbers: NDArray[np.float64]) -> None:
        """Combines mean and sum of squared deviations of two parts (Chan, Golub and LeVeque, 1983)."""
        count, mean = len(numbers), float(numbers.mean())
        total, difference = self._count + count, mean - self._mean
        self._squares += float(((numbers - mean) ** 2).sum()) + difference**2 * self._count * count / total
        self._mean += difference * count / total
        self._count = total


class _Values:
    """A categorical attribute."""

    def __init__(self) -> None:
        self._present = 0
        self._counts: Counter[str] = Counter()

    def update(self, values: Iterable[str]) -> None:
        present = [value for value in values if value != ""]
        self._present += len(present)
        self._counts.update(present)
        self._counts = _bounded(self._counts, _MOST_COUNTED_VALUES)

    def finish(self, rows: int) -> CategoricalAttribute:
        return CategoricalAttribute(
            missing_share=1 - self._present / rows, shares=_shares(self._counts, rows, _MOST_VALUES)
        )


def _distribution_of_counts(counts: Counter[int]) -> Distribution:
    """Returns the distribution of whole numbers of which it is known how often each occurs."""
    values = np.array(sorted(counts), dtype=np.float64)
    weights = np.array([counts[int(value)] for value in values], dtype=np.float64)
    mean = float(np.average(values, weights=weights))
    return Distribution(
        count=counts.total(),
        mean=mean,
        standard_deviation=float(np.sqrt(np.average((values - mean) ** 2, weights=weights))),
        quantiles=_named(np.percentile(values, _QUANTILES, method="inverted_cdf", weights=weights)),
    )


def _named(quantiles: NDArray[np.float64]) -> dict[str, float]:
    return {str(percent): float(value) for percent, value in zip(_QUANTILES, quantiles, strict=True)}


def _bounded(counts: Counter[str], most: int) -> Counter[str]:
    """Returns the counts, or those of the more frequent half if there are too many."""
    return counts if len(counts) <= most else Counter(dict(counts.most_common(most // 2)))


def _shares(counts: dict[str, int], rows: int, most: int) -> dict[str, float]:
    """Returns the shares of the most frequent keys, equally frequent ones by alphabet, none of a few reviews."""
    frequent = [(key, count) for key, count in counts.items() if count > RARE_REVIEWS]
    return {key: count / rows for key, count in sorted(frequent, key=lambda pair: (-pair[1], pair[0]))[:most]}
