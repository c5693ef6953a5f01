"""Names of architectures."""

import pytest

from components.shared.architectures.registry import architecture_of
from components.shared.records.plan import DEEP_MODELS


@pytest.mark.parametrize("model", DEEP_MODELS)
def test_every_deep_model_has_an_architecture_of_its_name(model: str) -> None:
    assert architecture_of(model).name == model


def test_a_model_without_layers_has_no_architecture() -> None:
    with pytest.raises(KeyError):
        architecture_of("logistic")
