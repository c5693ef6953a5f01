"""Logistic regression over sparse features of the text."""

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from components.shared.predictors.base import Parameters, Predictor, Probabilities

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer

#: A run of letters and digits, or of signs: "!!!" and ":-(" say something too.
_TERM = r"(?u)\w+|[^\w\s]+"


class TfidfLogisticParameters(Parameters):
    """How TF-IDF features are made; the same values build the vectoriser for fitting."""

    lowercase: bool = True
    ngram_range: tuple[int, int] = (1, 2)
    sublinear_tf: bool = True
    token_pattern: str = _TERM

    def vectorizer(self, **fitting: Any) -> "TfidfVectorizer":
        """Returns scikit-learn's vectoriser; `fitting` are options that matter only when it is fitted."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        return TfidfVectorizer(**self.model_dump(), dtype=np.float32, **fitting)


class HashingLogisticParameters(Parameters):
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
