"""Pictures of the data as it came: one page."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from components.explore import plots, statistics
from components.shared.files import write_text
from components.shared.reviews import read_reviews

_WORDS_A_LABEL = 12


def write_exploration(reviews: Path, labels: Sequence[str], report: Path) -> None:
    """Writes one self-contained HTML file; all texts are escaped.

    It shows class balance, correlations, lengths, words by label and missing values.

    Args:
        reviews: Table of stage "ingested".
        labels: Labels from worst to best.
        report: The HTML file to write.

    Raises:
        UserError: The file is not a reviews table.
    """
    table = read_reviews(reviews, "ingested")
    lengths = table["text"].map(lambda text: len(text.split()))
    has_text = table["text"] != ""
    with_text, words_a_review = table[has_text], lengths[has_text]
    words = statistics.words_of_labels(
        statistics.tokens_of(with_text["text"].tolist()), with_text["label"].tolist(), labels, _WORDS_A_LABEL
    )
    counts = table["label"].value_counts().reindex(list(labels), fill_value=0)
    environment = Environment(loader=PackageLoader("components.explore", "."), autoescape=True)
    page = environment.get_template("exploration.html").render(
        rows=len(table),
        rows_with_text=len(with_text),
        median_words=int(words_a_review.median()),
        long_words=int(words_a_review.quantile(0.95)),
        largest=(counts.idxmax(), counts.max() / len(table)),
        balance=Markup(plots.draw_class_balance(counts)),
        lengths=Markup(plots.draw_lengths(words_a_review, with_text["label"], labels)),
        correlations=Markup(plots.draw_correlations(statistics.correlations(with_text, words_a_review, labels))),
        frequent=Markup(plots.draw_words(words, "frequent", "% of the label's reviews", scale=100)),
        telling=Markup(plots.draw_words(words, "telling", "z-score of the log-odds ratio")),
        missing=Markup(plots.draw_missing(statistics.missing_shares(table))),
        words=words,
    )
    write_text(report, page)
