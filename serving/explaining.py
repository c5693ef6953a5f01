"""One review explained: what a bundle says of it, and which words that rests on."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from components.shared.bundle import load_bundle, read_manifest
from components.shared.errors import UserError
from components.shared.explanations import Explanation, explain_text, refuse_paid
from components.shared.files import write_text
from components.shared.texts.printable import printable
from components.shared.texts.text import join_title
from serving.prediction import Prediction, Review, predict_reviews

_BAR = 24


@dataclass(frozen=True)
class ExplainedReview:
    """A review's prediction and its explanation.

    Attributes:
        candidate: Identifier of the model.
        prediction: As the batch scorer and the server give it.
        explanation: The words.
        label: Index of the label that is explained.
    """

    candidate: str
    prediction: Prediction
    explanation: Explanation
    label: int

    @property
    def label_name(self) -> str:
        """The label that is explained."""
        return self.explanation.labels[self.label]

    @property
    def contributions(self) -> list[tuple[str, float]]:
        """Each word, in order, with what it adds to the probability of the label."""
        return list(zip(self.explanation.words, self.explanation.of_label(self.label), strict=True))

    @property
    def strongest(self) -> list[tuple[str, float]]:
        """The same, the strongest first."""
        return sorted(self.contributions, key=lambda one: -abs(one[1]))


def explain_review(bundle: Path, text: str, title: str = "", label: str = "") -> ExplainedReview:
    """Explains what a bundle says of one review.

    Args:
        bundle: The model bundle.
        text, title: The raw review.
        label: The label whose probability is explained; empty means the predicted one.

    Raises:
        UserError: The bundle cannot be used or asks a paid service, the text is empty, the label is unknown, or
            shap is not installed.
    """
    predictor = load_bundle(bundle)
    refuse_paid(predictor)  # before its first prediction is bought
    labels = predictor.task.labels
    if label and label not in labels:
        known = ", ".join(map(printable, labels))
        raise UserError(f"--label: this model has no label '{printable(label)}'; choose one of {known}")
    # Bytes of a command line that are not UTF-8 arrive as lone surrogates, which tokenisers refuse.
    text, title = (part.encode(errors="replace").decode() for part in (text, title))
    prediction = predict_reviews(predictor, [Review(text, title)])[0]
    if prediction is None:
        raise UserError("--text: nothing is left of it without mark-up and links; give a review with a word at least")
    explanation = explain_text(predictor, join_title(title, text))
    return ExplainedReview(
        candidate=read_manifest(bundle, verify=False).candidate,
        prediction=prediction,
        explanation=explanation,
        label=labels.index(label or prediction.label),
    )


def terminal_lines(explained: ExplainedReview, words: int) -> list[str]:
    """Returns the explanation for a terminal, in which no character of the review can do anything.

    Args:
        explained: What to tell.
        words: How many words to show, the strongest first.
    """
    explanation, label = explained.explanation, printable(explained.label_name)
    shown = explained.strongest[:words]
    probabilities = zip(explanation.labels, explained.prediction.probabilities, strict=True)
    score = explained.prediction.score
    lines = [
        f"{explained.candidate} says {printable(explained.prediction.label)}"
        + (f" (expected score {score:.2f})" if score is not None else ""),
        "  " + "   ".join(f"{printable(name)}: {share:.3f}" for name, share in probabilities),
        "",
        f"Probability of {label}: {explanation.base[explained.label]:.3f} without any word, "
        f"{explanation.prediction[explained.label]:.3f} with all. What each word adds:",
        *_bars(shown),
    ]
    if left := len(explained.contributions) - len(shown):
        lines.append(f"  ... and {left} weaker; see more with --words or --html")
    if not explanation.complete:
        lines.append("A long review: not every group of words was taken apart; neighbours may share what they add.")
    return lines


def _bars(contributions: Sequence[tuple[str, float]]) -> list[str]:
    largest = max((abs(value) for _, value in contributions), default=0.0) or 1.0
    lines = []
    for word, value in contributions:
        bar = ("+" if value > 0 else "-") * round(_BAR * abs(value) / largest)
        left, right = ("", bar) if value > 0 else (bar, "")
        lines.append(f"  {left:>{_BAR}} {value:+.3f} {right:<{_BAR}} {printable(word)}")
    return lines


def check_output(path: Path) -> None:
    """Raises UserError for a directory: writing a file would put it out of the way."""
    if path.is_dir():
        raise UserError(f"{path}: is a directory; give a file name")


def render_page(explained: ExplainedReview) -> str:
    """Returns the explanation as an HTML page that asks nothing of the network."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("serving", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["printable"] = printable
    largest = max((abs(value) for _, value in explained.contributions), default=0.0) or 1.0
    return environment.get_template("explanation.html").render(
        explained=explained, explanation=explained.explanation, largest=largest
    )


def render_json(explained: ExplainedReview) -> str:
    """Returns candidate, prediction, explained label and explanation as JSON."""
    content = {
        "candidate": explained.candidate,
        "prediction": asdict(explained.prediction),
        "explained_label": explained.label_name,
        "explanation": explained.explanation.model_dump(),
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def write_output(path: Path, content: str) -> None:
    """Writes a file, atomically; raises UserError if that is not possible."""
    try:
        write_text(path, content)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; check path and permissions") from error
