"""Runs the training pipeline on this machine: `python -m pipelines.local --help`."""

import contextlib
import glob
import os
import resource
import shutil
import sys
import time
import warnings
from pathlib import Path
from typing import Any

from kfp import dsl, local

from components.define.preflight import plan_run
from components.shared.errors import UserError
from components.shared.lstm_variants import KNOWN_EMBEDDINGS
from components.shared.records.plan import Plan
from components.shared.services.access import read_access
from components.shared.services.interface import PAID_SERVICES
from pipelines import arguments
from pipelines.console import Console
from pipelines.estimate import describe
from pipelines.results import LOG, keep_log, keep_results
from pipelines.run_lock import alone_in
from pipelines.summary import summarise
from pipelines.training import training_pipeline

#: A step's process must neither call home nor look for model hubs, and its log lines are wanted at once.
_ENVIRONMENT = {
    "PYTHONUNBUFFERED": "1",
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}


def main(argv: list[str] | None = None) -> int:
    """Runs the pipeline as the command line says.

    Returns:
        The exit code: 0, 1 (a step failed), 2 (a user's mistake) or 130 (interrupted).
    """
    try:
        run = arguments.parse(argv)
        parameters = _complete(run)
        plan = _check(parameters)
        if run.preset_rows and parameters.get("data") and _trains_distilbert(plan):
            print(_small_preset(run.preset_rows), flush=True)
        if run.dry_run:
            print(describe(plan, arguments.defaults() | parameters))
            return 0
        with alone_in(run.out):
            return _run(run, parameters)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; what earlier runs left is as it was", file=sys.stderr)
        return 130


def _trains_distilbert(plan: Plan) -> bool:
    return plan.wants("distilbert") and not plan.brought_model("distilbert")


def _small_preset(rows: int) -> str:
    """Returns what a user should know whose own reviews meet the demo preset."""
    return (
        f"The demo preset is small: DistilBERT trains on at most {rows:,} of your reviews; --preset full takes all "
        "(--dry-run estimates the time)."
    )


def _complete(run: arguments.LocalRun) -> dict[str, Any]:
    """Returns the pipeline's arguments: the user's, and what a local run sets."""
    parameters = dict(run.parameters)
    if data := parameters.get("data"):
        parameters["data"] = data if "://" in data else os.path.abspath(os.path.expanduser(data))
    if model := parameters.get("model"):
        parameters["model"] = model if "://" in model else os.path.abspath(os.path.expanduser(model))
    answers = parameters.get("answers") or run.out / "answers"
    parameters["answers"] = str(Path(answers).expanduser().resolve())
    state = parameters.get("training_state", str(run.out / "training_state"))
    parameters["training_state"] = str(Path(state).expanduser().resolve()) if state else ""
    tuning = parameters.get("tuning") or run.out / "tuning"
    parameters["tuning"] = str(Path(tuning).expanduser().resolve())
    return parameters | {"deploy_target": "local", "model_store": str(run.out.resolve() / "models")}


def _check(parameters: dict[str, Any]) -> Plan:
    """Finds the mistakes that can be found without running anything."""
    every = arguments.defaults() | parameters
    data = every["data"]
    if data and "://" not in data and not glob.glob(data) and not Path(data).exists():
        raise UserError(f"{data}: no such file; give --data a file, a folder, a glob, an https:// or a gs:// URI")
    for embedding in every["embeddings"]:
        if embedding not in KNOWN_EMBEDDINGS and not embedding.startswith("gs://") and not Path(embedding).is_file():
            known = ", ".join(KNOWN_EMBEDDINGS)
            raise UserError(
                f"{embedding}: no such file of word vectors; --embeddings takes {known}, files, gs:// URIs"
            )
    base_model = every["distilbert_base_model"]
    if base_model.startswith((".", "/")) and not Path(base_model).exists():
        raise UserError(f"{base_model}: no such file or directory; correct --distilbert-base-model")
    for service in set(every["services"]) & set(PAID_SERVICES):
        read_access(service)  # an unfit endpoint is told now
    return plan_run(every)


def _run(run: arguments.LocalRun, parameters: dict[str, Any]) -> int:
    pipeline_root = _make_pipeline_root(run.out)
    stamp, log = pipeline_root.name, pipeline_root / LOG
    started = time.monotonic()
    with log.open("w", encoding="utf-8") as stream:
        console = Console(sys.stdout, stream, run.verbose)
        task = _execute(parameters, pipeline_root, console)
    if console.user_error is not None:
        if console.has_trained:  # trained models are worth more than a tidy directory
            keep_log(log, run.out, stamp)
        else:
            _remove_traces(pipeline_root)
        raise UserError(console.user_error)
    if task is None:
        keep_log(log, run.out, stamp)
        print(f"error: a step failed; everything it said is in {run.out / LOG}", file=sys.stderr)
        return 1
    keep_results({name: Path(output.path) for name, output in task.outputs.items()}, log, run.out, stamp)
    print(summarise(run.out, stamp, console.step_seconds, time.monotonic() - started, _peak_memory_gib()))
    return 0


def _make_pipeline_root(out: Path) -> Path:
    """Returns a new directory for the steps' artifacts, named by the time: the stamp of the run."""
    root = out.resolve() / "pipeline_root"
    while (made := root / time.strftime("%Y%m%d-%H%M%S")).exists():  # of a run that ended within this second
        time.sleep(0.1)
    try:
        made.mkdir(parents=True)
    except OSError as error:
        raise UserError(f"{out}: cannot write there ({error.strerror}); choose another --out") from error
    return made


def _execute(parameters: dict[str, Any], pipeline_root: Path, console: Console) -> dsl.PipelineTask | None:
    """Runs the pipeline; returns its task, or None if a step failed."""
    os.environ.update(_ENVIRONMENT)
    _drop_retries()
    local.init(local.SubprocessRunner(use_venv=False), pipeline_root=str(pipeline_root))
    with contextlib.redirect_stdout(console), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return training_pipeline(**parameters)
        except RuntimeError as error:  # what KFP raises for a failed step
            console.write(f"{error}\n")
            return None


def _drop_retries() -> None:
    """Removes the retries: they are for lost pods, and a local error would only come again after a wait."""
    spec = training_pipeline.pipeline_spec
    for component in (spec.root, *spec.components.values()):
        for task in component.dag.tasks.values():
            task.ClearField("retry_policy")


def _remove_traces(pipeline_root: Path) -> None:
    """Leaves OUT as it was before a run that ended with a user's mistake."""
    shutil.rmtree(pipeline_root)
    with contextlib.suppress(OSError):  # not empty: an earlier run's artifacts stay
        pipeline_root.parent.rmdir()


def _peak_memory_gib() -> float:
    """Returns the largest resident memory that any step's process had, in GiB."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20


if __name__ == "__main__":
    sys.exit(main())
