"""Label proxies: columns of the source that give the label away, alone.

Such a column, like a recommendation that was asked for together with the rating, is the answer in other words:
a model that sees it is worthless where it is missing.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import TargetEncoder
from sklearn.tree import DecisionTreeClassifier

from components.shared.records.features import Finding
from components.shared.records.task import Task
from components.shared.reviews import ATTRIBUTE_PREFIX

RULE = "label proxies"
#: The ROC AUC from which a column is a proxy, and from which people should look at it.
PROXY, SUSPICIOUS = 0.9, 0.75

_FOLDS = 5
_DEPTH = 4
#: Smaller leaves would learn single rows by heart.
_SMALLEST_LEAF = 20
#: Fewer reviews on one side of a cut say nothing; fewer of a label cannot be told apart in every fold.
_FEWEST = 20
_SEED = 0


def proxy_scores(attributes: pd.DataFrame, labels: NDArray[np.int64], task: Task) -> dict[str, float] | None:
    """Returns how well each column alone tells the labels: 0.5 nothing, 1 everything; none if labels are too rare.

    A shallow decision tree, on the numbers themselves or on the target frequencies of the words, is
    cross-validated; its ROC AUC is taken at the best cut between lower and higher labels, or, for labels
    without an order, for the label that is told best.

    Args:
        attributes: Attribute columns of train rows, float64 or strings.
        labels: Index of each row's label, shape (n,).
        task: The labels, and whether they have an order.
    """
    frequent = np.flatnonzero(np.bincount(labels, minlength=len(task.labels)) >= _FEWEST)
    rows = np.isin(labels, frequent)
    if len(frequent) < 2:
        return None
    targets = np.searchsorted(frequent, labels[rows])
    return {
        str(column): _best_auc(_probabilities(values[rows], targets), targets, task.ordered)
        for column, values in attributes.items()
    }


def _probabilities(values: pd.Series, targets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Returns the cross-validated probabilities of the labels, shape (rows, labels)."""
    tree = DecisionTreeClassifier(max_depth=_DEPTH, min_samples_leaf=_SMALLEST_LEAF, random_state=_SEED)
    model: DecisionTreeClassifier | Pipeline = tree
    if values.dtype.kind == "f":
        # A tree looks at the order alone, and ranks have no infinities.
        column = values.rank(method="dense").to_frame()
    else:
        column = values.fillna("").astype(object).to_frame()
        model = make_pipeline(TargetEncoder(cv=_folds()), tree)
    return cross_val_predict(model, column.to_numpy(), targets, cv=_folds(), method="predict_proba")


def _folds() -> StratifiedKFold:
    return StratifiedKFold(_FOLDS, shuffle=True, random_state=_SEED)


def _best_auc(probabilities: NDArray[np.float64], targets: NDArray[np.int64], ordered: bool) -> float:
    classes = range(probabilities.shape[1])
    if ordered:
        cuts = [(targets >= label, probabilities[:, label:].sum(axis=1)) for label in classes if label]
    else:
        cuts = [(targets == label, probabilities[:, label]) for label in classes]
    return max(float(roc_auc_score(truth, score)) for truth, score in cuts)


def proxies_finding(scores: Mapping[str, float] | None, allowed: Sequence[str]) -> tuple[Finding, list[str]]:
    """Returns what to report, and the columns of the reviews table to leave out.

    Args:
        scores: From `proxy_scores`.
        allowed: Source columns that may stay.
    """
    if scores is None:
        message = f"Not looked for: only one label has {_FEWEST} reviews in train or more."
        return Finding(rule=RULE, outcome="skipped", message=message), []
    proxies = [column for column, score in scores.items() if score >= PROXY]
    excluded = [column for column in proxies if _source(column) not in allowed]
    kept = [column for column in proxies if column not in excluded]
    suspicious = [
        column for column, score in scores.items() if SUSPICIOUS <= score < PROXY and _source(column) not in allowed
    ]
    sentences = [
        _sentence(excluded, scores, "gives the label away and was left out; --allow-columns keeps it"),
        _sentence(kept, scores, "gives the label away and stays, as allowed"),
        _sentence(suspicious, scores, "tells much of the label: was it known before the review was written?"),
    ]
    return (
        Finding(
            rule=RULE,
            outcome="warning" if suspicious else "repaired" if excluded else "allowed" if kept else "passed",
            message=" ".join(filter(None, sentences)) or _quiet(scores),
            columns=tuple(map(_source, [*excluded, *kept, *suspicious])),
        ),
        excluded,
    )


def _source(column: str) -> str:
    return column.removeprefix(ATTRIBUTE_PREFIX)


def _sentence(columns: Sequence[str], scores: Mapping[str, float], what: str) -> str:
    return " ".join(f"Column {_source(name)!r} {what} (ROC AUC {scores[name]:.2f})." for name in columns)


def _quiet(scores: Mapping[str, float]) -> str:
    if not scores:
        return "The table has no columns beside text and label."
    best = max(scores, key=lambda column: scores[column])
    return (
        f"None of {len(scores)} columns gives the label away; the most telling is {_source(best)!r} "
        f"(ROC AUC {scores[best]:.2f})."
    )
