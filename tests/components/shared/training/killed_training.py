"""Trains as told and kills itself on the way: `killed_training.py KIND FEATURES PLAN SETTINGS CANDIDATES MOMENT N`.

MOMENT is "batch", before the Nth batch, or "save", while the Nth state is being written, just before its last file.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from components.shared.training import fitting, training_state
from components.shared.training.batches import TrainingBatches


def killing(function: Callable[..., Any], number: int) -> Callable[..., Any]:
    """Returns a function that works until its `number`th call, at which the process dies."""
    calls = 0

    def wrapper(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **named)

    return wrapper


def main(kind: str, features: str, plan: str, settings: str, candidates: str, moment: str, number: str) -> None:
    paths = Path(features), Path(plan)
    fitting.code_fingerprint = lambda: "code"
    if moment == "batch":
        TrainingBatches.__getitem__ = killing(TrainingBatches.__getitem__, int(number))  # type: ignore[method-assign]
    else:
        fitting.SECONDS_BETWEEN_SAVES = 0
        progress = training_state.Progress
        progress.model_dump_json = killing(progress.model_dump_json, int(number))  # type: ignore[method-assign]
    if kind == "lstm":
        from components.train_lstm.training import LstmSettings, train

        train(*paths, LstmSettings(**json.loads(settings)), Path(candidates))
    else:
        from components.finetune_distilbert.finetuning import DistilBertSettings, finetune

        finetune(*paths, DistilBertSettings(**json.loads(settings)), Path(candidates))


if __name__ == "__main__":
    main(*sys.argv[1:])
