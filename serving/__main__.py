"""`python -m serving`: score a table, or serve a model over HTTP."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from components.shared.errors import UserError

_SCORE_HELP = """\
Adds to every row predicted_label, predicted_score (for ordered labels the expected rating) and one
probability_<label> column a label. Rows keep their order, values stay as they are. A review without text
(a title alone is none) gets empty predictions and is counted. Prints the average sentiment.
"""
_SCORE_EXAMPLES = """\
examples:
  python -m serving score --bundle runs/latest/winner --input reviews.csv --output predictions.csv
  python -m serving score --bundle runs/latest/models/champion --input today.csv --output today_scored.csv \\
      --text-column body --title-column subject
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
        if options.command == "score":
            _score(options)
        else:
            _serve(options)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m serving",
        description="Uses a model bundle, such as winner/ of a pipeline run, on reviews.",
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


def _score(options: argparse.Namespace) -> None:
    from serving.scoring import score_file

    scored = score_file(options.bundle, options.input, options.output, options.text_column, options.title_column)
    count = scored.reviews - scored.without_text
    if scored.average_score is None:
        print(f"No average sentiment: none of {scored.reviews:,} reviews has text.")
    else:
        low, high = min(scored.scores), max(scored.scores)
        print(f"Average sentiment: {scored.average_score:.2f} (from {low:g} to {high:g}, over {count:,} reviews)")
        print(f"Reviews without text: {scored.without_text:,} of {scored.reviews:,}, left without a prediction")
    print(f"Predictions: {options.output}")


def _serve(options: argparse.Namespace) -> None:
    import uvicorn

    from serving.server import create_app

    app = create_app(options.bundle)
    # Requests are not logged: health checks would drown everything else.
    uvicorn.run(app, host=options.host, port=options.port, access_log=False, timeout_graceful_shutdown=10)


if __name__ == "__main__":
    sys.exit(main())
