"""What it takes to repeat a run: the command line, and the versions of the libraries."""

import shlex
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import yaml

from components.shared.need import Need
from components.shared.records.plan import Plan

#: Libraries that decide figures; those that are not installed where the report is written are left out.
_LIBRARIES = (
    *("numpy", "pandas", "scikit-learn", "tensorflow", "tf-keras", "tensorflow-model-optimization", "transformers"),
    *("tokenizers", "ai-edge-litert", "onnxruntime", "shap", "vaderSentiment", "matplotlib", "kfp"),
)
#: The file that the command line reads the need from.
NEED_FILE = "need.yaml"


def installed_versions() -> dict[str, str]:
    """Returns library to version, of those that are installed here."""
    versions = {}
    for name in _LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def repeat_command(plan: Plan) -> str:
    """Returns the shell command that runs the pipeline again with the parameters of a run; empty if none are known.

    Every parameter is spelled out, so that the command means the same when defaults have changed.
    """
    if not plan.parameters:
        return ""
    options = ["--preset=full", f"--need={NEED_FILE}"]
    options += [
        f"--{name.replace('_', '-')}={_spell(value)}" for name, value in plan.parameters.items() if name != "need"
    ]
    return " \\\n  ".join(["python -m pipelines.local", *map(shlex.quote, options)])


def need_as_yaml(need: Need) -> str:
    """Returns the need as the file that says the same."""
    return yaml.safe_dump(need.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def _spell(value: Any) -> str:
    """Returns the value of a parameter as the command line takes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value)
