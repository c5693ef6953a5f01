"""A model of one's own: checked and read before anything runs."""

from collections.abc import Sequence
from dataclasses import dataclass

from components.define.distilbert_layers import list_distilbert_layers
from components.define.lstm_layers import LstmShape, list_lstm_layers
from components.shared.brought.fetching import Fetched, fetched
from components.shared.brought.hugging_face import read_hugging_face
from components.shared.brought.keras_lstm import KerasLstm, read_keras_lstm
from components.shared.brought.labels import match_labels
from components.shared.fingerprints import files_fingerprint
from components.shared.records.anatomy import Anatomy
from components.shared.records.plan import Brought


@dataclass(frozen=True)
class OwnModel:
    """What the plan records of a model of one's own, and what it is made of."""

    brought: Brought
    anatomy: Anatomy


def read_own_model(reference: str, labels: Sequence[str]) -> OwnModel:
    """Returns a model of one's own.

    Args:
        reference: As for `fetched`.
        labels: Of the data, if known.

    Raises:
        UserError: It cannot be fetched or optimised, or its labels are not those of the data.
    """
    with fetched(reference) as model:
        anatomy, theirs = _read_lstm(model) if model.kind == "lstm" else _read_distilbert(model)
        if labels:
            match_labels(theirs, labels, model.name)
        fingerprint = files_fingerprint(model.files)
    return OwnModel(Brought(reference=reference, model=model.kind, fingerprint=fingerprint), anatomy)


def _read_lstm(model: Fetched) -> tuple[Anatomy, tuple[str, ...]]:
    read = read_keras_lstm(model)
    return Anatomy(model="lstm", source=model.reference, layers=list_lstm_layers(_shape(read))), read.labels


def _shape(read: KerasLstm) -> LstmShape:
    """Returns the sizes of what is built from it: rows that no word uses are left out."""
    lower = read.levels[0] if len(read.levels) == 2 else None
    return LstmShape(
        rows=len(read.vocabulary.numbers) + 1,
        at_most=False,
        dimensions=read.dimensions,
        frozen=not read.trainable,
        units=read.levels[-1].units,
        directions=read.levels[-1].directions,
        classes=len(read.labels),
        lower_units=lower.units if lower else 0,
        lower_directions=lower.directions if lower else 1,
    )


def _read_distilbert(model: Fetched) -> tuple[Anatomy, tuple[str, ...]]:
    read = read_hugging_face(model)
    layers = list_distilbert_layers(read.sizes, len(read.labels), head="first")
    anatomy = Anatomy(
        model="distilbert",
        source=model.reference,
        layers=layers,
        heads=read.sizes.n_heads,
        trim_obstacle=read.trim_obstacle,
    )
    return anatomy, read.labels
