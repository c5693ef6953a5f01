"""The explore component: pictures of the data as it came."""

from kfp import dsl

from components import images


@dsl.component(base_image=images.DATA, install_kfp_package=False)
def explore(
    reviews: dsl.Input[dsl.Dataset],
    language: str,
    seed: int,
    data_fingerprint: str,
    code_fingerprint: str,
    report: dsl.Output[dsl.HTML],
    usage: dsl.Output[dsl.Metrics],
) -> None:
    """Draws class balance, lengths, words by class, missing values, duplicates, languages and label noise.

    Args:
        reviews: The ingested reviews table.
        language: ISO 639-1 code of the reviews.
        seed: Seed of the sample that costly figures of large tables are taken from.
        data_fingerprint: Fingerprint of the data, for the cache.
        code_fingerprint: Fingerprint of the code, for the cache.
        report: One HTML file.
        usage: What the step took.
    """
    from pathlib import Path

    from components.shared.step_meter import metered

    with metered("explore", usage):
        from components.explore.exploration import write_exploration

        write_exploration(Path(reviews.path), language, seed, Path(report.path))
