"""The deep models that the parameters ask for, read before anything is built."""

from collections.abc import Mapping, Sequence

from components.define.distilbert_layers import read_base_model
from components.define.lstm_layers import LstmShape, list_lstm_layers
from components.shared.lstm_variants import DIMENSIONS, Variant
from components.shared.records.anatomy import Anatomy

_LSTM_SETTINGS = ("maximum_words", "lstm_units", "lstm_directions")


def read_anatomy(
    model: str, settings: Mapping[str, float], variants: Sequence[Variant], base_model: str, classes: int | None
) -> Anatomy:
    """Returns what a deep model will be made of; without layers if the parameters do not say.

    Args:
        model: "lstm" or "distilbert".
        settings: Numbers of the pipeline's parameters.
        variants: The word vectors the LSTM is trained with; its layer is called frozen if none of them learn.
        base_model: As for `load_base_model`.
        classes: Number of labels, if known.
    """
    return _lstm(settings, variants, classes) if model == "lstm" else read_base_model(base_model, classes)


def _lstm(settings: Mapping[str, float], variants: Sequence[Variant], classes: int | None) -> Anatomy:
    if not all(name in settings for name in _LSTM_SETTINGS):
        return Anatomy(model="lstm", source="", layers=())
    dimensions = {DIMENSIONS.get(variant.embedding) for variant in variants}
    shape = LstmShape(
        rows=int(settings["maximum_words"]) + 1,
        at_most=True,
        dimensions=dimensions.pop() if len(dimensions) == 1 else None,
        frozen=not any(variant.fine_tuned for variant in variants),
        units=int(settings["lstm_units"]),
        directions=int(settings["lstm_directions"]),
        classes=classes,
    )
    source = f"the parameters: word vectors {', '.join(variant.name for variant in variants)}"
    return Anatomy(model="lstm", source=source, layers=list_lstm_layers(shape))
