"""Writes a model that the user brought as the candidate that techniques start from."""

from pathlib import Path
from typing import Any

from sklearn.metrics import accuracy_score, f1_score

from components.shared.architectures.base import Architecture
from components.shared.meter import Usage
from components.shared.records.candidates import write_failures
from components.shared.records.plan import Plan
from components.shared.training.examples import read_examples
from components.shared.training.export import write_trained_candidate
from components.shared.training.fitting import predict


def write_imported_candidate(
    candidates: Path, architecture: Architecture, model: Any, features: Path, plan: Plan, name: str
) -> dict[str, float]:
    """Writes bundle and checkpoint of a model that was not trained here; that it cost nothing is recorded.

    Args:
        candidates: Directory of candidates to write.
        architecture: What built the model.
        model: With the user's weights.
        features: Directory of features; its tune split is scored.
        plan: The plan.
        name: What the user calls the model.

    Returns:
        Training time and cost, which are 0, and quality on tune, by name.
    """
    usage = Usage(cost_eur=0.0)
    write_failures(candidates, {})
    write_trained_candidate(candidates, architecture, model, (), features, plan, usage)
    tune = read_examples(architecture, features, "tune")
    labels = predict(architecture, model, tune.encoded).argmax(axis=1)
    figures = {
        "training_seconds": usage.seconds,
        "cost_eur": 0.0,
        "tune_macro_f1": float(f1_score(tune.labels, labels, average="macro", zero_division=0)),
        "tune_accuracy": float(accuracy_score(tune.labels, labels)),
    }
    print(f"{name}: brought, not trained here; macro-F1 {figures['tune_macro_f1']:.3f} on tune", flush=True)
    return figures
