"""The clean component: what a model should not see goes, and is counted."""

from kfp import dsl

from components import images


@dsl.component(base_image=images.DATA, install_kfp_package=False)
def clean(
    reviews: dsl.Input[dsl.Dataset],
    language: str,
    clean_steps: list[str],
    minimum_text_share: float,
    longest_text: int,
    minimum_kept_share: float,
    data_fingerprint: str,
    code_fingerprint: str,
    cleaned: dsl.Output[dsl.Dataset],
    checks: dsl.Output[dsl.HTML],
    data_docs: dsl.Output[dsl.Artifact],
    usage: dsl.Output[dsl.Metrics],
) -> None:
    """Removes duplicates, empty reviews and other languages, normalises the text; fits nothing.

    Args:
        reviews: The ingested reviews table.
        language: ISO 639-1 code of the reviews to keep.
        clean_steps: Which of encoding, html, links, controls, emoji, stop-words and lemmas to take.
        minimum_text_share: Expected share of reviews with a text, before cleaning.
        longest_text: Expected most characters of a text, before cleaning.
        minimum_kept_share: Expected share of reviews that cleaning keeps.
        data_fingerprint: Fingerprint of the data, for the cache.
        code_fingerprint: Fingerprint of the code, for the cache.
        cleaned: The reviews table with the natural and the token view.
        checks: What was removed and why, and the expectations checked before and after.
        data_docs: The Data Docs of Great Expectations, a folder; index.html is its first page.
        usage: What the step took.
    """
    from pathlib import Path

    from components.shared.step_meter import metered

    with metered("clean", usage):
        from components.clean.cleaning import clean_reviews
        from components.clean.expectations import Thresholds

        summary = clean_reviews(
            reviews=Path(reviews.path),
            language=language,
            steps=clean_steps,
            thresholds=Thresholds(
                minimum_text_share=minimum_text_share,
                longest_text=longest_text,
                minimum_kept_share=minimum_kept_share,
            ),
            cleaned=Path(cleaned.path),
            checks=Path(checks.path),
            data_docs=Path(data_docs.path),
        )
        cleaned.metadata.update(summary.model_dump())
