"""The engineer_features component: splits first, then the guard, then everything that is fitted."""

from kfp import dsl

from components import images


@dsl.component(base_image=images.DATA, install_kfp_package=False)
def engineer_features(
    reviews: dsl.Input[dsl.Dataset],
    language: str,
    clean_steps: list[str],
    allow_columns: list[str],
    near_duplicate_similarity: float,
    imbalance: str,
    word_dropout: float,
    embeddings: list[str],
    minimum_word_count: int,
    maximum_words: int,
    seed: int,
    data_fingerprint: str,
    code_fingerprint: str,
    features: dsl.Output[dsl.Dataset],
    guard: dsl.Output[dsl.HTML],
    usage: dsl.Output[dsl.Metrics],
) -> str:
    """Splits the reviews, looks for leaks, then fits on train what models need: vocabulary, embedding, weights.

    Args:
        reviews: The clean reviews table.
        language: ISO 639-1 code of the reviews.
        clean_steps: The steps that clean took, recorded in every bundle.
        allow_columns: Columns that may stay although they give the label away.
        near_duplicate_similarity: Reviews that share this part of their words never sit in two splits; 1 looks
            for exact copies only.
        imbalance: What training does about rare classes: weights, oversample, undersample or none.
        word_dropout: Share of words that training leaves out at random.
        embeddings: Word vectors: any of glove-6b-50d (packaged), random, word2vec and fasttext (fitted on train),
            files and gs:// URIs.
        minimum_word_count: Rarer words are left out of the vocabulary.
        maximum_words: At most this many words, the most frequent.
        seed: Seed of word vectors that are random or fitted.
        data_fingerprint: Fingerprint of the data.
        code_fingerprint: Fingerprint of the code.
        features: A directory; see components/shared/records/features.py.
        guard: What the leak and sampling guard found.
        usage: What the step took.

    Returns:
        The fingerprint of what was written, which cached steps after this one take as input.
    """
    from pathlib import Path

    from components.shared.step_meter import metered

    with metered("engineer-features", usage):
        from components.engineer_features.features import FeatureOptions, engineer
        from components.shared.fingerprints import directory_fingerprint

        summary = engineer(
            reviews=Path(reviews.path),
            options=FeatureOptions(
                language=language,
                clean_steps=tuple(clean_steps),
                allow_columns=tuple(allow_columns),
                near_duplicate_similarity=near_duplicate_similarity,
                imbalance=imbalance,
                word_dropout=word_dropout,
                embeddings=tuple(embeddings),
                minimum_word_count=minimum_word_count,
                maximum_words=maximum_words,
                seed=seed,
            ),
            data_fingerprint=data_fingerprint,
            code_fingerprint=code_fingerprint,
            destination=Path(features.path),
            guard=Path(guard.path),
        )
        features.metadata.update(summary.model_dump())
        return directory_fingerprint(Path(features.path))
