"""`python -m serving`: score a table, explain a review, or serve a model over HTTP."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from components.shared.errors import UserError

if TYPE_CHECKING:
    from serving.scoring import Scored

_SCORE_HELP = """\
Adds to every row predicted_label, predicted_score (the expected rating; empty if the labels have no order) and
one probability_<label> column a label. Rows keep their order, values stay as they are. A review without text
(a title alone is none) gets empty predictions and is counted.

Prints the average sentiment twice: as the plain mean of the predicted scores, and corrected for the model's known
bias. The correction knows, from labelled reviews that the model was not trained on, what it answers to reviews of
each label; it finds the label shares that explain today's answers, and gives their average with a 95 % interval.
It assumes that reviews of each label still read as those did, and only their shares change. The interval holds both
uncertainties, of today's reviews and of the labelled ones: with few reviews it is wide. A bundle without these
figures (any but the winner of a run) gives the plain mean alone. Where the plain mean lies within the interval, no
bias is shown, and the plain mean is the steadier of the two.
"""
_SCORE_EXAMPLES = """\
examples:
  python -m serving score --bundle runs/latest/models/champion --input reviews.csv --output predictions.csv
  python -m serving score --bundle runs/latest/models/champion --input today.csv --output today_scored.csv \\
      --text-column body --title-column subject
"""
_EXPLAIN_HELP = """\
Tells what the model says of one review, and what each word adds to the probability of the label (SHAP). All words
together make the difference between the probability of an empty text and that of the review.
"""
_EXPLAIN_EXAMPLES = """\
examples:
  python -m serving explain --bundle runs/latest/models/champion --text "Not flattering, but comfortable."
  python -m serving explain --bundle runs/latest/models/champion --text "Runs small." --label 5 \\
      --html why.html --json why.json
"""
_SERVE_EXAMPLES = """\
example:
  python -m serving serve --bundle runs/latest/models/champion --port 8080
  curl localhost:8080/v1/predict -H 'Content-Type: application/json' \\
      -d '{"reviews": [{"title": "Lovely", "text": "Fits perfectly and the fabric is soft."}]}'
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        _check_deployed(options.bundle)
        if options.command == "score":
            _score(options)
        elif options.command == "explain":
            _explain(options)
        else:
            _serve(options)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m serving",
        description="Uses a model bundle, such as models/champion of a pipeline run (what is deployed), on reviews.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    raw = argparse.RawDescriptionHelpFormatter
    score = commands.add_parser(
        "score", help="score a CSV table", description=_SCORE_HELP, epilog=_SCORE_EXAMPLES, formatter_class=raw
    )
    _add_bundle(score)
    score.add_argument(
        "--input", type=Path, required=True, metavar="CSV", help="the reviews: CSV in UTF-8 with a header"
    )
    score.add_argument("--output", type=Path, required=True, metavar="CSV", help="where to write the scored table")
    score.add_argument(
        "--text-column", default="", metavar="NAME", help="column of the text (default: as in training)"
    )
    score.add_argument(
        "--title-column", default="", metavar="NAME", help="column of the title (default: as in training, if there)"
    )
    explain = commands.add_parser(
        "explain",
        help="tell which words a prediction rests on",
        description=_EXPLAIN_HELP,
        epilog=_EXPLAIN_EXAMPLES,
        formatter_class=raw,
    )
    _add_bundle(explain)
    explain.add_argument("--text", required=True, help="the review's text, in quotes")
    explain.add_argument("--title", default="", help="the review's title, in quotes (default: none)")
    explain.add_argument("--label", default="", help="the label to explain (default: the predicted one)")
    explain.add_argument(
        "--words", type=int, default=20, metavar="N", help="show the N strongest words (default: %(default)s)"
    )
    explain.add_argument(
        "--html", type=Path, metavar="FILE", help="also write a page that shows the review in colours"
    )
    explain.add_argument("--json", type=Path, metavar="FILE", help="also write every number, for all labels")
    serve = commands.add_parser(
        "serve",
        help="serve a model over HTTP",
        description="Serves GET /healthz, GET /v1/model and POST /v1/predict.",
        epilog=_SERVE_EXAMPLES,
        formatter_class=raw,
    )
    _add_bundle(serve)
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    serve.add_argument("--port", type=int, default=8080, help="port to listen on (default: %(default)s)")
    return parser


def _add_bundle(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bundle", type=Path, required=True, metavar="DIR", help="directory with a bundle.json")


def _check_deployed(bundle: Path) -> None:
    """Tells who uses what is deployed that nothing is: "not a model bundle" would not say why."""
    from components.deploy.store import CHAMPION

    if bundle.name != CHAMPION or bundle.exists():
        return
    if bundle.is_symlink():
        raise UserError(f"{bundle}: points to {bundle.readlink()}, which is not there; deploy again")
    raise UserError(
        f"{bundle}: nothing has been deployed there; the verdict in the run's report (report.html) says why"
    )


def _score(options: argparse.Namespace) -> None:
    from serving.scoring import score_file

    scored = score_file(options.bundle, options.input, options.output, options.text_column, options.title_column)
    count = scored.reviews - scored.without_text
    if not scored.ordered:
        print("No average sentiment: the model's labels have no order from worst to best; predicted_score is empty.")
    elif scored.average_score is None:
        print(f"No average sentiment: none of {scored.reviews:,} reviews has text.")
    else:
        low, high = min(scored.scores), max(scored.scores)
        print(f"Average sentiment: {scored.average_score:.2f} (from {low:g} to {high:g}, over {count:,} reviews)")
        _print_corrected(scored)
    if count:
        print(f"Reviews without text: {scored.without_text:,} of {scored.reviews:,}, left without a prediction")
    print(f"Predictions: {options.output}")


def _print_corrected(scored: "Scored") -> None:
    from components.shared.quantification import ASSUMPTION

    corrected = scored.corrected_average()
    if corrected is None:
        print(f"Not corrected for the model's bias: {scored.not_corrected_because}.")
        return
    print(
        f"Corrected for the model's known bias: {corrected.value:.2f} (95 % interval {corrected.low:.2f} to "
        f"{corrected.high:.2f}), if {ASSUMPTION}"
    )
    if corrected.low <= (scored.average_score or 0.0) <= corrected.high:
        print("The plain average lies within this interval: no bias is shown, and it varies less.")
    if corrected.few_reviews:
        print(f"Few reviews ({corrected.reviews:,}): go by the interval rather than by the average.")


def _explain(options: argparse.Namespace) -> None:
    from serving.explaining import (
        check_output,
        explain_review,
        render_json,
        render_page,
        terminal_lines,
        write_output,
    )

    if options.words < 1:
        raise UserError(f"--words is {options.words}; show at least 1")
    outputs = {path: render for path, render in ((options.html, render_page), (options.json, render_json)) if path}
    for path in outputs:
        check_output(path)
    explained = explain_review(options.bundle, options.text, options.title, options.label)
    print("\n".join(terminal_lines(explained, options.words)))
    for path, render in outputs.items():
        write_output(path, render(explained))
        print(f"Written: {path}")


def _serve(options: argparse.Namespace) -> None:
    import uvicorn

    from serving.server import create_app

    app = create_app(options.bundle)
    # Requests are not logged: health checks would drown everything else.
    uvicorn.run(app, host=options.host, port=options.port, access_log=False, timeout_graceful_shutdown=10)


if __name__ == "__main__":
    sys.exit(main())
