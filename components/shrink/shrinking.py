"""Makes a trained DistilBERT smaller: fewer layers, less width, or only the word pieces that the corpus uses."""

from dataclasses import dataclass, replace
from pathlib import Path

from components.shared.architectures.distilbert import WORD_EMBEDDINGS, DistilBert
from components.shared.chains import Chain
from components.shared.distilbert_sizes import narrowed
from components.shared.notes import note
from components.shared.records.features import read_split
from components.shared.records.plan import read_plan
from components.shared.training.checkpoints import Checkpoint, Weights, set_weights
from components.shared.training.examples import read_examples
from components.shared.training.techniques import Built, NothingToDoError, build_candidates
from components.shrink.layers import choose_layers, drop_layers
from components.shrink.retraining import Retraining, retrain
from components.shrink.vocabulary import trim_vocabulary
from components.shrink.width import drop_heads_and_neurons, measure_importance

#: Reviews that heads and neurons are judged on. Two samples of so many clothing reviews chose the same heads of
#: MiniLM and 97 % of the same neurons.
_JUDGED_REVIEWS = 500


@dataclass(frozen=True)
class ShrinkSettings:
    """What stays of a model.

    Attributes:
        kept_layers: Number of layers of the encoder.
        kept_head_share: Share of the attention heads of each layer, in 0..1.
        kept_neuron_share: Share of the neurons of each layer's feed-forward part, in 0..1.
        minimum_piece_count: A word piece stays if train uses it this often.
        retraining: How a model with fewer layers, heads or neurons trains on.
    """

    kept_layers: int
    kept_head_share: float
    kept_neuron_share: float
    minimum_piece_count: int
    retraining: Retraining


def shrink_candidates(
    model: str,
    features: Path,
    plan: Path,
    sources: list[Path],
    settings: ShrinkSettings,
    accuracy_floor: float,
    destination: Path,
) -> None:
    """Writes a candidate for every planned chain that ends in fewer layers, less width or a trimmed vocabulary.

    Args:
        model: "distilbert"; the plan has no such chains for others.
        features: Directory of features.
        plan: The plan.
        sources: Directories of candidates in which the parents are.
        settings: What stays.
        accuracy_floor: See `build_candidates`.
        destination: Directory of candidates to write.
    """

    def shrink(parent: Checkpoint, chain: Chain) -> Built:
        if chain[-1] == "layers":
            return _with_fewer_layers(parent, features, settings)
        if chain[-1] == "width":
            return _with_less_width(parent, features, settings)
        return _with_fewer_pieces(parent, features, settings.minimum_piece_count)

    wanted = read_plan(plan)
    chains = wanted.chains_of(model, "shrink")
    # The parent of layers+trim is made here too.
    build_candidates(model, chains, features, wanted, [*sources, destination], shrink, accuracy_floor, destination)


def _with_fewer_layers(parent: Checkpoint, features: Path, settings: ShrinkSettings) -> Built:
    architecture = _distilbert(parent)
    kept = choose_layers(architecture.sizes.n_layers, settings.kept_layers)
    note(f"layers: {', '.join(map(str, kept))} stay of 0 to {architecture.sizes.n_layers - 1}")
    architecture, weights = drop_layers(architecture, parent.weights, kept)
    return _retrained(parent, architecture, weights, features, settings.retraining)


def _with_less_width(parent: Checkpoint, features: Path, settings: ShrinkSettings) -> Built:
    architecture = _distilbert(parent)
    whole = architecture.sizes
    sizes = narrowed(whole, settings.kept_head_share, settings.kept_neuron_share)
    of = f"of {whole.n_heads} heads and {whole.hidden_dim:,} neurons"
    if (sizes.n_heads, sizes.hidden_dim) == (whole.n_heads, whole.hidden_dim):
        shares = (
            f"kept_head_share is {settings.kept_head_share:g} and kept_neuron_share {settings.kept_neuron_share:g}"
        )
        raise NothingToDoError(f"{shares}: {of} none would go")
    note(f"width: {of} in each layer, {sizes.n_heads} and {sizes.hidden_dim:,} stay")
    judged = read_examples(architecture, features, "train", _JUDGED_REVIEWS, settings.retraining.seed)
    importance = measure_importance(architecture, parent.weights, judged.encoded)
    weights = drop_heads_and_neurons(parent.weights, importance, whole, sizes)
    return _retrained(parent, architecture.with_sizes(sizes), weights, features, settings.retraining)


def _retrained(
    parent: Checkpoint, architecture: DistilBert, weights: Weights, features: Path, settings: Retraining
) -> Built:
    smaller = replace(parent, architecture=architecture, weights=weights)
    trained = retrain(parent, smaller, features, settings)
    return Built(architecture.export(trained), model=trained, architecture=architecture)


def _with_fewer_pieces(parent: Checkpoint, features: Path, minimum_count: int) -> Built:
    # All of train, each review once: resampling for rare classes is no reason to forget or to keep a word.
    corpus = parent.architecture.encode(read_split(features, "train"))
    architecture, weights = trim_vocabulary(_distilbert(parent), parent.weights, corpus, minimum_count)
    note(f"trim: {architecture.sizes.vocab_size:,} of {len(parent.weights[WORD_EMBEDDINGS]):,} word pieces stay")
    trimmed = architecture.build()
    set_weights(trimmed, weights)
    return Built(architecture.export(trimmed), model=trimmed, architecture=architecture)


def _distilbert(parent: Checkpoint) -> DistilBert:
    if not isinstance(parent.architecture, DistilBert):
        raise TypeError(f"{parent.architecture.name} has neither layers nor heads to drop nor pieces to trim")
    return parent.architecture
