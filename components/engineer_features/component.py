"""The engineer_features component: splits first, then everything that is fitted."""

from kfp import dsl

from components import images


@dsl.component(base_image=images.DATA, install_kfp_package=False)
def engineer_features(
    reviews: dsl.Input[dsl.Dataset],
    labels: list[str],
    text_column: str,
    title_column: str,
    language: str,
    embedding: str,
    minimum_word_count: int,
    maximum_words: int,
    data_fingerprint: str,
    code_fingerprint: str,
    features: dsl.Output[dsl.Dataset],
) -> str:
    """Splits by duplicate group, then fits vocabulary, sequence length, embedding and class weights on train.

    Args:
        reviews: The clean reviews table.
        labels: Labels from worst to best.
        text_column: Source column of the text, recorded in every bundle.
        title_column: Source column of the title, recorded in every bundle.
        language: ISO 639-1 code of the reviews.
        embedding: Word vectors: empty means the packaged GloVe 6B 50d, else a path or gs:// URI of a text file.
        minimum_word_count: Rarer words are left out of the vocabulary.
        maximum_words: At most this many words, the most frequent.
        data_fingerprint: Fingerprint of the data.
        code_fingerprint: Fingerprint of the code.
        features: A directory; see components/shared/features.py.

    Returns:
        The fingerprint of what was written, which cached steps after this one take as input.
    """
    from pathlib import Path

    from components.engineer_features.features import engineer
    from components.shared.fingerprints import directory_fingerprint

    summary = engineer(
        reviews=Path(reviews.path),
        labels=labels,
        text_column=text_column,
        title_column=title_column,
        language=language,
        embedding=embedding,
        minimum_word_count=minimum_word_count,
        maximum_words=maximum_words,
        data_fingerprint=data_fingerprint,
        code_fingerprint=code_fingerprint,
        destination=Path(features.path),
    )
    features.metadata.update(summary.model_dump())
    return directory_fingerprint(Path(features.path))
