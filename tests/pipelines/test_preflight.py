"""The dry run tells layers and techniques in lines that people can read."""

from components.define.effects import list_effects
from components.shared.records.anatomy import Anatomy, Layer
from pipelines.preflight import describe_anatomies

_LAYERS = (
    Layer(name="tokens", kind="InputLayer"),
    Layer(name="embedding", kind="Embedding", shapes=((101, None),), at_most=True, frozen=True),
    Layer(name="transformer.layer.0.ffn.lin1", kind="Dense", shapes=((20, 30), (30,))),
    Layer(name="transformer.layer.1.ffn.lin1", kind="Dense", shapes=((20, 30), (30,))),
    Layer(name="mean", kind="MaskedMean"),
    Layer(name="classifier", kind="Dense", shapes=((30, 2), (2,))),
)


def _described() -> list[str]:
    anatomy = Anatomy(model="lstm", source="the parameters", layers=_LAYERS, effects=list_effects(_LAYERS, ["prune"]))
    return [" ".join(line.split()) for line in describe_anatomies([anatomy])]


def test_layers_with_weights_are_listed_with_their_share() -> None:
    lines = _described()
    assert "embedding Embedding ? 101x?, at most, frozen" in lines
    assert "transformer.layer.*.ffn.lin1 Dense 95.3% 2 x 20x30, 30" in lines
    assert "classifier Dense 4.7% 30x2, 2" in lines
    assert not any("mean" in line or "tokens" in line for line in lines)


def test_each_technique_says_what_it_changes_and_what_it_leaves() -> None:
    lines = _described()
    assert "prune - embedding: frozen, so it could not recover: left as it is" in lines
    assert any(line.startswith("prune + transformer.layer.*.ffn.lin1, classifier: the smallest") for line in lines)


def test_without_deep_models_nothing_is_said() -> None:
    assert describe_anatomies([]) == []
