"""Which architecture a model name stands for."""

from components.shared.architectures.base import Architecture


def architecture_of(model: str) -> type[Architecture]:
    """Returns the class of a deep model, "lstm" or "distilbert"; raises KeyError for any other name."""
    if model == "lstm":
        from components.shared.architectures.lstm import Lstm

        return Lstm
    if model == "distilbert":
        from components.shared.architectures.distilbert import DistilBert

        return DistilBert
    raise KeyError(model)
