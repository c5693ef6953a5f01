"""Makes a trained DistilBERT smaller: fewer layers, or only the word pieces that the corpus uses."""

from dataclasses import replace
from pathlib import Path

from components.shared.architectures.distilbert import WORD_EMBEDDINGS, DistilBert
from components.shared.chains import Chain
from components.shared.notes import note
from components.shared.records.features import read_split
from components.shared.records.plan import read_plan
from components.shared.training.checkpoints import Checkpoint, set_weights
from components.shared.training.techniques import Built, build_candidates
from components.shrink.layers import LayersSettings, choose_layers, drop_layers, retrain
from components.shrink.vocabulary import trim_vocabulary


def shrink_candidates(
    model: str,
    features: Path,
    plan: Path,
    sources: list[Path],
    layers: LayersSettings,
    minimum_piece_count: int,
    accuracy_floor: float,
    destination: Path,
) -> None:
    """Writes a candidate for every planned chain that ends in dropped layers or a trimmed vocabulary.

    Args:
        model: "distilbert"; the plan has no such chains for others.
        features: Directory of features.
        plan: The plan.
        sources: Directories of candidates in which the parents are.
        layers: How layers are dropped.
        minimum_piece_count: How often train has to use a word piece for the vocabulary to keep it.
        accuracy_floor: See `build_candidates`.
        destination: Directory of candidates to write.

    Raises:
        UserError: The tokenizer is no WordPiece.
    """

    def shrink(parent: Checkpoint, chain: Chain) -> Built:
        if chain[-1] == "layers":
            return _with_fewer_layers(parent, features, layers)
        return _with_fewer_pieces(parent, features, minimum_piece_count)

    wanted = read_plan(plan)
    chains = wanted.chains_of(model, "shrink")
    # The parent of layers+trim is made here too.
    build_candidates(model, chains, features, wanted, [*sources, destination], shrink, accuracy_floor, destination)


def _with_fewer_layers(parent: Checkpoint, features: Path, settings: LayersSettings) -> Built:
    architecture = _distilbert(parent)
    kept = choose_layers(architecture.sizes.n_layers, settings.kept_layers)
    note(f"layers: {', '.join(map(str, kept))} stay of 0 to {architecture.sizes.n_layers - 1}")
    architecture, weights = drop_layers(architecture, parent.weights, kept)
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
        raise TypeError(f"{parent.architecture.name} has neither layers to drop nor pieces to trim")
    return parent.architecture
