"""The explore component: pictures of the data as it came."""

from kfp import dsl

from components import images


@dsl.component(base_image=images.DATA, install_kfp_package=False)
def explore(
    reviews: dsl.Input[dsl.Dataset],
    labels: list[str],
    data_fingerprint: str,
    code_fingerprint: str,
    report: dsl.Output[dsl.HTML],
) -> None:
    """Draws class balance, correlations, lengths, words by class and missing values.

    Args:
        reviews: The ingested reviews table.
        labels: Labels from worst to best.
        data_fingerprint: Fingerprint of the data, for the cache.
        code_fingerprint: Fingerprint of the code, for the cache.
        report: One HTML file.
    """
    from pathlib import Path

    from components.explore.exploration import write_exploration

    write_exploration(Path(reviews.path), labels, Path(report.path))
