"""Predictors: from raw reviews to probabilities, without TensorFlow.

A predictor reads the files of one bundle. What it predicts for a review does not depend on the other
reviews of the call: inputs are padded to a length that follows from the review alone. Libraries are imported
where they are used: a LiteRT model must not pay, in start-up and memory, for scikit-learn.
"""

import io
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from components.shared.task import Task
from components.shared.text import NATURAL_STEPS, TextPreprocessing, natural_text

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer

Probabilities = NDArray[np.float32]
PAD = 0


class _Parameters(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Predictor(ABC):
    """Scores raw review texts (title and text joined by `text.join_title`).

    Attributes:
        paid: Whether each text costs money: such a predictor is asked for reviews only, not for experiments.
    """

    paid: ClassVar[bool] = False

    def __init__(
        self,
        directory: Path,
        task: Task,
        preprocessing: dict[str, object],
        natural_steps: Collection[str] = NATURAL_STEPS,
    ) -> None:
        """Loads the files of a bundle that `bundle.load_bundle` has verified."""
        self.task = task
        self._natural_steps = natural_steps
        self._load(directory, preprocessing)

    @abstractmethod
    def _load(self, directory: Path, preprocessing: dict[str, object]) -> None: ...

    @abstractmethod
    def _predict(self, natural: list[str]) -> Probabilities: ...

    def predict(self, raw_texts: Sequence[str]) -> Probabilities:
        """Returns probabilities of shape (n, classes), float32, rows in the order of the texts."""
        return self.predict_natural(self.natural_views(raw_texts))

    def natural_views(self, raw_texts: Sequence[str]) -> list[str]:
        """Returns the natural view of each raw review, as this model reads it."""
        return [natural_text(raw, self._natural_steps) for raw in raw_texts]

    def predict_natural(self, natural: Sequence[str]) -> Probabilities:
        """Returns what `predict` returns, for texts that are in the natural view already."""
        if not natural:
            return np.empty((0, len(self.task.labels)), dtype=np.float32)
        return self._predict(list(natural))


class MajorityParameters(_Parameters):
    """The share of each label among the training reviews."""

    shares: tuple[float, ...]


class MajorityPredictor(Predictor):
    """Predicts the class shares of the training data, whatever the review says: the lowest floor."""

    def _load(self, directory: Path, preprocessing: dict[str, object]) -> None:
        self._shares = np.array(MajorityParameters.model_validate(preprocessing).shares, dtype=np.float32)

    def _predict(self, natural: list[str]) -> Probabilities:
        return np.tile(self._shares, (len(natural), 1))


#: A run of letters and digits, or of signs: "!!!" and ":-(" say something too.
_TERM = r"(?u)\w+|[^\w\s]+"


class TfidfLogisticParameters(_Parameters):
    """How TF-IDF features are made; the same values build the vectoriser for fitting."""

    lowercase: bool = True
    ngram_range: tuple[int, int] = (1, 2)
    sublinear_tf: bool = True
    token_pattern: str = _TERM

    def vectorizer(self, **fitting: Any) -> "TfidfVectorizer":
        """Returns scikit-learn's vectoriser; `fitting` are options that matter only when it is fitted."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        return TfidfVectorizer(**self.model_dump(), dtype=np.float32, **fitting)


class HashingLogisticParameters(_Parameters):
    """How features are hashed (Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", 2009).

    Attributes:
        n_features: Number of buckets.
        binary: Whether a term counts once a review, however often it stands there.
    """

    lowercase: bool = True
    ngram_range: tuple[int, int] = (1, 2)
    n_features: int = 2**18
    binary: bool = True
    token_pattern: str = _TERM

    def vectorizer(self) -> "HashingVectorizer":
        """Returns scikit-learn's vectoriser; it needs no fitting."""
        from sklearn.feature_extraction.text import HashingVectorizer

        return HashingVectorizer(**self.model_dump(), dtype=np.float32)


class _LogisticPredictor(Predictor):
    """Softmax regression over a sparse matrix of terms.

    Attributes:
        _vectorizer: Gives the matrix, shape (n, columns).
        _coefficients: Shape (columns, classes), rows one after the other: a product with them copies nothing.
        _intercept: Shape (classes,).
    """

    _vectorizer: Any
    _coefficients: NDArray[np.float32]
    _intercept: NDArray[np.float32]

    def _predict(self, natural: list[str]) -> Probabilities:
        from scipy.special import softmax

        logits = self._vectorizer.transform(natural) @ self._coefficients + self._intercept
        return softmax(logits, axis=1).astype(np.float32)


class TfidfLogisticPredictor(_LogisticPredictor):
    """TF-IDF with logistic regression; vocabulary in vocabulary.json, arrays in weights.npz, no pickle."""

    def _load(self, directory: Path, preprocessing: dict[str, object]) -> None:
        parameters = TfidfLogisticParameters.model_validate(preprocessing)
        terms = json.loads((directory / "vocabulary.json").read_text(encoding="utf-8"))
        with np.load(directory / "weights.npz", allow_pickle=False) as arrays:
            idf, coefficients, self._intercept = arrays["idf"], arrays["coefficients"], arrays["intercept"]
        self._coefficients = np.ascontiguousarray(coefficients.T)
        self._vectorizer = parameters.vectorizer(vocabulary={term: index for index, term in enumerate(terms)})
        self._vectorizer.idf_ = idf

    @staticmethod
    def files(vectorizer: "TfidfVectorizer", coefficients: NDArray[Any], intercept: NDArray[Any]) -> dict[str, bytes]:
        """Returns the bundle files of a fitted model.

        Args:
            vectorizer: Fitted.
            coefficients: Shape (classes, terms). A two-class model has a row of zeros for the first class.
            intercept: Shape (classes,).
        """
        terms = vectorizer.get_feature_names_out().tolist()
        weights = _weights_file(idf=vectorizer.idf_, coefficients=coefficients, intercept=intercept)
        return {"weights.npz": weights, "vocabulary.json": json.dumps(terms).encode()}


class HashingLogisticPredictor(_LogisticPredictor):
    """Feature hashing with logistic regression: no vocabulary; arrays in weights.npz, no pickle.

    The file holds the buckets that training met and their coefficients; all others are zero.
    """

    def _load(self, directory: Path, preprocessing: dict[str, object]) -> None:
        parameters = HashingLogisticParameters.model_validate(preprocessing)
        with np.load(directory / "weights.npz", allow_pickle=False) as arrays:
            buckets, coefficients, self._intercept = arrays["buckets"], arrays["coefficients"], arrays["intercept"]
        self._coefficients = np.zeros((parameters.n_features, len(coefficients)), dtype=np.float32)
        self._coefficients[buckets] = coefficients.T
        self._vectorizer = parameters.vectorizer()

    @staticmethod
    def files(buckets: NDArray[Any], coefficients: NDArray[Any], intercept: NDArray[Any]) -> dict[str, bytes]:
        """Returns the bundle files of a fitted model.

        Args:
            buckets: Numbers of the buckets that have coefficients, ascending, shape (used,).
            coefficients: Shape (classes, used). A two-class model has a row of zeros for the first class.
            intercept: Shape (classes,).
        """
        weights = _weights_file(buckets=buckets.astype(np.int32), coefficients=coefficients, intercept=intercept)
        return {"weights.npz": weights}


def _weights_file(**arrays: NDArray[Any]) -> bytes:
    """Returns a compressed .npz file; floating-point numbers become float32."""
    content = io.BytesIO()
    narrow = {
        name: array.astype(np.float32) if np.issubdtype(array.dtype, np.floating) else array
        for name, array in arrays.items()
    }
    np.savez_compressed(content, allow_pickle=False, **narrow)
    return content.getvalue()


class LstmParameters(_Parameters):
    """How a review becomes a sequence of token numbers.

    Attributes:
        text: Makes the tokens.
        length: Every sequence is cut (its end) or padded (in front, with 0) to this many tokens.
    """

    text: TextPreprocessing
    length: int


def encode_tokens(tokens: Sequence[Sequence[str]], vocabulary: dict[str, int], length: int) -> NDArray[np.int32]:
    """Returns sequences of token numbers, shape (n, length), padded in front with 0.

    Tokens outside the vocabulary are left out. A long review keeps its beginning.
    """
    encoded = np.full((len(tokens), length), PAD, dtype=np.int32)
    for row, words in enumerate(tokens):
        numbers = [vocabulary[word] for word in words if word in vocabulary][:length]
        if numbers:
            encoded[row, length - len(numbers) :] = numbers
    return encoded


class LstmPredictor(Predictor):
    """A LiteRT model over token numbers; model.tflite takes int32 (1, length), gives float32 (1, classes)."""

    def _load(self, directory: Path, preprocessing: dict[str, object]) -> None:
        self._parameters = LstmParameters.model_validate(preprocessing)
        words = json.loads((directory / "vocabulary.json").read_text(encoding="utf-8"))
        self._vocabulary = {word: number for number, word in enumerate(words, start=PAD + 1)}
        self._interpreter = _interpreter(directory / "model.tflite")
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def _predict(self, natural: list[str]) -> Probabilities:
        tokens = [self._parameters.text.tokens(text) for text in natural]
        encoded = encode_tokens(tokens, self._vocabulary, self._parameters.length)
        predicted = np.empty((len(natural), len(self.task.labels)), dtype=np.float32)
        for row in range(len(encoded)):
            # The fused LSTM keeps its state from call to call unless it is told to forget.
            self._interpreter.reset_all_variables()
            self._interpreter.set_tensor(self._input, encoded[row : row + 1])
            self._interpreter.invoke()
            predicted[row] = self._interpreter.get_tensor(self._output)[0]
        return predicted


class DistilBertParameters(_Parameters):
    """How a review becomes word pieces.

    Attributes:
        max_length: Longest input in word pieces, the two special ones included; the rest is cut.
        bucket: Inputs are padded to the next multiple of this, at most to `max_length`.
        batch_size: Most reviews in one call of the model.
        fixed_length: Whether every input is padded to `max_length`, one review a call, because the model
            cannot be resized.
    """

    max_length: int
    bucket: int = 16
    batch_size: int = 16
    fixed_length: bool = False

    def padded_length(self, length: int) -> int:
        """Returns the length that an input of so many word pieces is padded to, if it may vary."""
        return min(-(-length // self.bucket) * self.bucket, self.max_length)


class DistilBertPredictor(Predictor):
    """A LiteRT model over word pieces.

    model.tflite takes int32 input_ids and attention_mask of shape (batch, length), told apart by those
    names in the signature, and gives float32 (batch, classes); tokenizer.json is the Rust tokenizer.
    """

    def _load(self, directory: Path, preprocessing: dict[str, object]) -> None:
        from tokenizers import Tokenizer

        self._parameters = DistilBertParameters.model_validate(preprocessing)
        self._tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self._parameters.max_length)
        self._interpreter = _interpreter(directory / "model.tflite")
        self._inputs = {_input_name(detail): detail["index"] for detail in self._interpreter.get_input_details()}
        self._output = self._interpreter.get_output_details()[0]["index"]
        self._shape: tuple[int, int] | None = None

    def _predict(self, natural: list[str]) -> Probabilities:
        numbers = [encoding.ids for encoding in self._tokenizer.encode_batch(natural)]
        predicted = np.empty((len(natural), len(self.task.labels)), dtype=np.float32)
        for length, rows in self._batches([len(ids) for ids in numbers]):
            input_ids = np.zeros((len(rows), length), dtype=np.int32)
            attention_mask = np.zeros((len(rows), length), dtype=np.int32)
            for position, row in enumerate(rows):
                input_ids[position, : len(numbers[row])] = numbers[row]
                attention_mask[position, : len(numbers[row])] = 1
            predicted[rows] = self._run(input_ids, attention_mask)
        return predicted

    def _batches(self, lengths: list[int]) -> list[tuple[int, list[int]]]:
        """Returns (padded length, rows) for each call of the model, reviews of like length together."""
        parameters = self._parameters
        if parameters.fixed_length:
            return [(parameters.max_length, [row]) for row in range(len(lengths))]
        by_length: dict[int, list[int]] = {}
        for row, length in enumerate(lengths):
            by_length.setdefault(parameters.padded_length(length), []).append(row)
        size = parameters.batch_size
        return [
            (length, rows[start : start + size])
            for length, rows in sorted(by_length.items())
            for start in range(0, len(rows), size)
        ]

    def _run(self, input_ids: NDArray[np.int32], attention_mask: NDArray[np.int32]) -> Probabilities:
        if input_ids.shape != self._shape:
            if not self._parameters.fixed_length:
                for index in self._inputs.values():
                    self._interpreter.resize_tensor_input(index, input_ids.shape)
            self._interpreter.allocate_tensors()
            self._shape = input_ids.shape
        self._interpreter.set_tensor(self._inputs["input_ids"], input_ids)
        self._interpreter.set_tensor(self._inputs["attention_mask"], attention_mask)
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output)


def _interpreter(model: Path) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    return Interpreter(model_path=str(model), num_threads=_threads())


def _threads() -> int:
    return len(os.sched_getaffinity(0))


def _input_name(detail: dict[str, Any]) -> str:
    """Returns the argument that an input tensor such as "serving_default_input_ids:0" stands for."""
    return next(name for name in ("input_ids", "attention_mask") if name in detail["name"])


#: `Manifest.predictor` -> class.
PREDICTORS: dict[str, type[Predictor]] = {
    "majority": MajorityPredictor,
    "tfidf-logistic": TfidfLogisticPredictor,
    "hashing-logistic": HashingLogisticPredictor,
    "lstm": LstmPredictor,
    "distilbert": DistilBertPredictor,
}
