"""What the figures mean for training: short sentences by fixed rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from components.explore.associations import Association
from components.explore.sample_figures import LENGTH_COLUMN, SampleFigures
from components.explore.table_figures import Copies, Drift, Groups, TableFigures
from components.explore.wording import count_of, number, percent, printable
from components.shared.reviews import ATTRIBUTE_PREFIX

#: Largest class against the smallest one; from here on plain accuracy misleads.
_IMBALANCED = 3.0
_SMALL_CLASS = 100
_MANY_WITHOUT_TEXT = 0.05
_MANY_COPIES = 0.01
_MANY_CONTRADICTING = 0.01
_MANY_FOREIGN = 0.01
#: Share of the doubt about the label that a column takes away, or rank correlation: too good to be a mere feature.
_TELLING_INFORMATION, _TELLING_CORRELATION = 0.2, 0.5
#: Change of a class's share from the earliest to the latest fifth of the reviews.
_DRIFT = 0.05
_LARGE_GROUP = 0.05
#: English word pieces a word, and the most that DistilBERT reads.
_PIECES_A_WORD, _MOST_PIECES = 1.3, 512
_NAME = 40


@dataclass(frozen=True)
class Advice:
    """One thing that a figure means.

    Attributes:
        kind: "act": somebody should do something; "know": keep it in mind; "fine": nothing to do.
        heading: What it is about, a few words.
        text: Short sentences; holds names from the source, to be escaped.
    """

    kind: Literal["act", "know", "fine"]
    heading: str
    text: str


def advice(table: TableFigures, sample: SampleFigures, labels: Sequence[str]) -> list[Advice]:
    """Returns what the figures mean for training, what asks for action first."""
    said = [
        _majority(table, labels),
        _balance(table, labels),
        _small_classes(table, labels),
        _lengths(table),
        _without_text(table),
        _copies(table.copies, table.rows_with_text),
        _near_duplicates(sample, table.rows),
        _contradictions(table.copies, table.rows_with_text),
        _languages(sample, table.rows),
        _telling_columns(sample.associations),
    ]
    said += [_drift(table.drift, labels)] if table.drift else []
    said += [_groups(table.groups)] if table.groups and table.groups.groups else []
    return sorted(said, key=lambda one: ("act", "know", "fine").index(one.kind))


def _name(label: str) -> str:
    return f"“{printable(label, _NAME)}”"


def _majority(table: TableFigures, labels: Sequence[str]) -> Advice:
    largest = max(range(len(labels)), key=table.class_counts.__getitem__)
    share = percent(table.class_counts[largest] / table.rows)
    return Advice(
        "know",
        "The level to beat",
        f"Always answering {_name(labels[largest])} is right for {share} of the reviews. "
        "A model that is not clearly above that has learnt nothing.",
    )


def _balance(table: TableFigures, labels: Sequence[str]) -> Advice:
    counts = [count for count in table.class_counts if count]
    ratio = max(counts) / min(counts)
    if ratio < _IMBALANCED:
        return Advice("fine", "Class balance", "The classes are of similar size: accuracy is a fair summary.")
    rarest = min(
        (index for index, count in enumerate(table.class_counts) if count), key=table.class_counts.__getitem__
    )
    return Advice(
        "act",
        "Unequal classes",
        f"The largest class has {ratio:.0f} times as many reviews as the smallest. Accuracy then mostly tells how "
        f"well the large classes do: a model can ignore {_name(labels[rarest])} and lose only "
        f"{percent(min(counts) / table.rows)} of accuracy. Judge by macro-F1, and weight or resample the classes.",
    )


def _small_classes(table: TableFigures, labels: Sequence[str]) -> Advice:
    small = [(label, n) for label, n in zip(labels, table.class_counts, strict=True) if n < _SMALL_CLASS]
    if not small:
        return Advice("fine", "Small classes", f"Every class has at least {_SMALL_CLASS} reviews.")
    named = ", ".join(f"{_name(label)} ({number(n)})" for label, n in small[:5])
    return Advice(
        "act",
        "Small classes",
        f"Fewer than {_SMALL_CLASS} reviews: {named}{' and others' if len(small) > 5 else ''}. Few of them reach the "
        "test data, so that their figures jump from run to run. Collect more, or merge the class with another.",
    )


def _lengths(table: TableFigures) -> Advice:
    if not table.rows_with_text:
        return Advice("act", "No texts", "No review has a text: there is nothing to learn from.")
    median, long = table.lengths[2], table.lengths[4]
    pieces = -(-long * _PIECES_A_WORD // 8) * 8
    if pieces > _MOST_PIECES:
        return Advice(
            "act",
            "Long reviews",
            f"A typical review has {number(median)} words, but 5\u202f% have more than {number(long)}, more than "
            f"DistilBERT can read ({_MOST_PIECES} word pieces, about {number(_MOST_PIECES / _PIECES_A_WORD)} words): "
            "their ends are cut off. Look whether the verdict stands at the end.",
        )
    return Advice(
        "know",
        "Length",
        f"A typical review has {number(median)} words, and 95\u202f% have at most {number(long)}. An input of about "
        f"{number(pieces)} word pieces holds 95\u202f% of them whole; a longer one costs time and gains little.",
    )


def _without_text(table: TableFigures) -> Advice:
    without = table.rows - table.rows_with_text
    if not without:
        return Advice("fine", "Reviews without a text", "Every review has a text.")
    return Advice(
        "act" if without / table.rows >= _MANY_WITHOUT_TEXT else "know",
        "Reviews without a text",
        f"{_have(without)} no text ({percent(without / table.rows)}). Cleaning takes them out.",
    )


def _copies(copies: Copies, rows: int) -> Advice:
    if not copies.copies:
        return Advice("fine", "Duplicates", "No review repeats another word for word.")
    return Advice(
        "act" if copies.copies / rows >= _MANY_COPIES else "know",
        "Duplicates",
        f"{_phrase(copies.copies, 'repeats', 'repeat')} an earlier one word for word "
        f"({percent(copies.copies / rows)}). A copy in the test data would be an answer "
        "seen before: cleaning keeps one of each.",
    )


def _near_duplicates(sample: SampleFigures, all_rows: int) -> Advice:
    found, rows = sample.near_duplicates.texts, max(sample.rows_with_text, 1)
    if not found:
        return Advice("fine", "Near-duplicates", "No two different reviews share most of their words.")
    return Advice(
        "act" if found / rows >= _MANY_COPIES else "know",
        "Near-duplicates",
        f"{_phrase(found, 'is', 'are')} nearly the same as another one "
        f"({percent(found / rows)}{_of_sample(sample, all_rows)}). Such reviews have to stay in the same split.",
    )


def _contradictions(copies: Copies, rows: int) -> Advice:
    if not copies.contradicting_texts:
        return Advice("fine", "Contradicting labels", "No text stands in the table with two different labels.")
    texts = count_of(copies.contradicting_texts, "text stands", "texts stand")
    many = copies.contradicting_rows / rows >= _MANY_CONTRADICTING
    ceiling = f"No model can be right for more than {percent(1 - copies.surely_wrong / rows)} of this table. "
    return Advice(
        "act" if many else "know",
        "Contradicting labels",
        f"{texts} in the table with different labels ({count_of(copies.contradicting_rows, 'review')}). "
        f"{ceiling if many else ''}Cleaning takes all of them out, because nobody knows which label is right.",
    )


def _languages(sample: SampleFigures, all_rows: int) -> Advice:
    found, rows = sum(sample.languages.values()), max(sample.rows_with_text, 1)
    if not found:
        return Advice("fine", "Languages", "No review is surely in another language.")
    return Advice(
        "act" if found / rows >= _MANY_FOREIGN else "know",
        "Other languages",
        f"{_phrase(found, 'is', 'are')} surely in another language "
        f"({percent(found / rows)}{_of_sample(sample, all_rows)}). Cleaning takes them out; if customers "
        "write like that, they need a model of their own.",
    )


def _telling_columns(found: Sequence[Association]) -> Advice:
    telling = [one for one in found if is_telling(one) and one.column != LENGTH_COLUMN]
    if not telling:
        return Advice("fine", "Columns that give the label away", "No column comes close to telling the label.")
    named = ", ".join(
        f"{_name(one.column.removeprefix(ATTRIBUTE_PREFIX))} ({percent(one.information)} of the doubt)"
        for one in telling[:5]
    )
    return Advice(
        "act",
        "Columns that give the label away",
        f"Knowing these takes away much of the doubt about the label: {named}. Such a column is usually filled in "
        "together with the label, and is not known when a new review comes in: a model must not read it.",
    )


def is_telling(found: Association) -> bool:
    """Returns whether a column says so much about the label that it may be the label in other words."""
    correlated = found.measure == "Spearman" and abs(found.strength) >= _TELLING_CORRELATION
    return correlated or found.information >= _TELLING_INFORMATION


def _drift(drift: Drift, labels: Sequence[str]) -> Advice:
    if drift.earliest is None or drift.latest is None:
        return Advice("know", "Change over time", "There are too few dated reviews to compare early with late ones.")
    change = drift.latest - drift.earliest
    largest = int(abs(change).argmax())
    if abs(change[largest]) < _DRIFT:
        return Advice("fine", "Change over time", "The share of every class is stable over time.")
    return Advice(
        "act",
        "Change over time",
        f"The share of {_name(labels[largest])} went from {percent(float(drift.earliest[largest]))} in the earliest "
        f"fifth of the reviews to {percent(float(drift.latest[largest]))} in the latest. Test on the latest reviews, "
        "train again from time to time, and watch the shares.",
    )


def _groups(groups: Groups) -> Advice:
    share = groups.largest / groups.rows
    if share < _LARGE_GROUP:
        return Advice("fine", "Groups", "No group holds a large part of the reviews.")
    return Advice(
        "act",
        "A large group",
        f"{percent(share)} of the reviews belong to one of {count_of(groups.groups, 'group')}. All of them must sit "
        "in the same split, so splits cannot have the wanted sizes, and one group weighs heavily in the result.",
    )


def _phrase(count: int, one: str, many: str) -> str:
    return f"{count_of(count, 'review')} {one if count == 1 else many}"


def _of_sample(sample: SampleFigures, all_rows: int) -> str:
    return "" if sample.rows == all_rows else f" of a random sample of {number(sample.rows)}"


def _have(count: int) -> str:
    return _phrase(count, "has", "have")
