"""The clean component: what a model should not see goes, and is counted."""

from kfp import dsl

from components import images


@dsl.component(base_image=images.DATA, install_kfp_package=False)
def clean(
    reviews: dsl.Input[dsl.Dataset],
    labels: list[str],
    language: str,
    data_fingerprint: str,
    code_fingerprint: str,
    cleaned: dsl.Output[dsl.Dataset],
    checks: dsl.Output[dsl.HTML],
) -> None:
    """Removes duplicates, empty reviews and other languages, normalises the text; fits nothing.

    Args:
        reviews: The ingested reviews table.
        labels: Labels from worst to best.
        language: ISO 639-1 code of the reviews to keep.
        data_fingerprint: Fingerprint of the data, for the cache.
        code_fingerprint: Fingerprint of the code, for the cache.
        cleaned: The reviews table with the natural and the token view.
        checks: What was removed and why, and the expectations checked before and after.
    """
    from pathlib import Path

    from components.clean.cleaning import clean_reviews

    summary = clean_reviews(Path(reviews.path), labels, language, Path(cleaned.path), Path(checks.path))
    cleaned.metadata.update(summary.model_dump())
