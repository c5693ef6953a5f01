"""The local run's command line, derived from the pipeline's signature so that nothing is spelled twice."""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.shared.errors import UserError
from components.shared.need import parse_need
from pipelines.presets import PRESETS
from pipelines.training import training_pipeline

#: Parameters that only a cluster needs, or that the local run sets itself.
NOT_LOCAL = frozenset(
    (
        *("model_store", "store_claim", "key_secret", "namespace", "serve_image", "deploy_target"),
        *("gpu_type", "gpu_count", "gpu_node_selector", "gpu_toleration"),
    )
)

#: The parameter that says how many reviews DistilBERT trains on.
_SAMPLED = "distilbert_train_rows"
_EXAMPLES = """examples:
  python -m pipelines.local --out runs/demo
      the built-in sample, about ten minutes on two cores
  python -m pipelines.local --dry-run
      what would be built, and an estimate of time, disk and money
  python -m pipelines.local --data reviews.csv --label-column stars --out runs/mine --preset full
      your own table; --text-column and --title-column say where the text is
  python -m pipelines.local --models logistic,lstm --techniques dynamic,prune+dynamic --lstm-units 128
      fewer candidates, another size
"""


@dataclass(frozen=True)
class LocalRun:
    """A parsed command line.

    Attributes:
        out: Directory of the results.
        parameters: Arguments of the pipeline that differ from its defaults.
        preset_rows: On how many reviews DistilBERT trains at most because the preset says so; 0: it says nothing, or
            the user says something else.
        dry_run: Print the plan only.
        verbose: Show everything that the steps print, tracebacks included.
    """

    out: Path
    parameters: dict[str, Any]
    preset_rows: int
    dry_run: bool
    verbose: bool


def defaults() -> dict[str, Any]:
    """Returns the default of every pipeline parameter."""
    return {name: spec.default for name, spec in _inputs().items()}


def parse(argv: list[str] | None = None) -> LocalRun:
    """Parses a command line; `--help` and wrong usage end the process as argparse does.

    Raises:
        UserError: The need file cannot be read.
    """
    options = vars(_parser().parse_args(argv))
    out, need, preset = options.pop("out"), options.pop("need"), options.pop("preset")
    dry_run, verbose = options.pop("dry_run"), options.pop("verbose")
    given = {name: value for name, value in options.items() if value is not None}
    parameters = PRESETS[preset] | given
    rows = 0 if _SAMPLED in given else PRESETS[preset].get(_SAMPLED, 0)
    if need is not None:
        parameters["need"] = _read_need(need)
    return LocalRun(out=out, parameters=parameters, preset_rows=rows, dry_run=dry_run, verbose=verbose)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pipelines.local",
        description="Runs the training pipeline on this machine: no Docker, no cluster, the same DAG.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--out", type=Path, default=Path("runs/latest"), help="directory of the results (%(default)s)"
    )
    parser.add_argument(
        "--preset",
        choices=PRESETS,
        default="demo",
        help="demo: small and quick; full: the defaults below (%(default)s)",
    )
    parser.add_argument("--need", type=Path, metavar="FILE", help="the need as YAML; without it the clothing shop's")
    parser.add_argument("--dry-run", action="store_true", help="print the plan and an estimate, run nothing")
    parser.add_argument("--verbose", action="store_true", help="show everything the steps print")
    parameters = parser.add_argument_group("pipeline parameters (defaults are those of --preset full)")
    for name, spec in _inputs().items():
        if name in NOT_LOCAL or name == "need":
            continue
        parameters.add_argument(
            "--" + name.replace("_", "-"),
            type=_CONVERTERS[spec.type],
            metavar=_METAVARS[spec.type],
            help=f"{spec.description} (default: {_spell(spec.default)})".replace("%", "%%"),
        )
    return parser


def _inputs() -> dict[str, Any]:
    return training_pipeline.component_spec.inputs or {}


def _words(text: str) -> list[str]:
    """Returns the parts of a comma-separated list."""
    return [word.strip() for word in text.split(",") if word.strip()]


def _yes_or_no(text: str) -> bool:
    words = {"yes": True, "true": True, "no": False, "false": False}
    if text.lower() not in words:
        raise argparse.ArgumentTypeError(f"'{text}' is neither yes nor no")
    return words[text.lower()]


#: KFP parameter type -> converter of the command line's text, and how help spells it.
_CONVERTERS: dict[str, Callable[[str], Any]] = {
    "String": str,
    "Integer": int,
    "Float": float,
    "Boolean": _yes_or_no,
    "List[String]": _words,
}
_METAVARS = {"String": "TEXT", "Integer": "N", "Float": "X", "Boolean": "yes|no", "List[String]": "A,B,..."}


def _spell(default: Any) -> str:
    if isinstance(default, list):
        return ",".join(map(str, default))
    if isinstance(default, bool):
        return "yes" if default else "no"
    return json.dumps(default) if default == "" else str(default)


def _read_need(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot read the need file: {error}") from error
    parse_need(text, source=str(path))  # here, where the file's name is known
    return text
