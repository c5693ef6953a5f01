"""Predictors of bundles that rest on a service; those of paid services call it, or take what was answered before."""

import os
import threading
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from components.shared.errors import UserError
from components.shared.predictors.base import Predictor, Probabilities
from components.shared.price_list import RecordTariff, TokenTariff
from components.shared.services.access import missing_variables, read_access
from components.shared.services.answers import AnswerStore, Caps
from components.shared.services.calibration import Calibration
from components.shared.services.catalogue import PaidService, describe_service, open_service
from components.shared.services.collecting import collect, scores_of_answers
from components.shared.services.interface import PaidName
from components.shared.services.vader import Vader

#: Directory of the answers and the ledger, for bundles of paid services.
ANSWERS_VARIABLE = "SERVICE_ANSWERS"


class VaderParameters(BaseModel):
    """VADER has none: its lexicon and its calibration are files of the bundle."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class VaderPredictor(Predictor):
    """VADER with its calibration; works offline."""

    def _load(self, directory: Path, preprocessing: dict[str, object]) -> None:
        VaderParameters.model_validate(preprocessing)
        self._vader = Vader(directory)
        self._calibration = Calibration.read(directory)

    def _predict(self, natural: list[str]) -> Probabilities:
        answers = [answer for answer in self._vader.ask(natural) if answer is not None]
        return self._calibration.apply(scores_of_answers(answers))


class ServiceParameters(BaseModel):
    """What a bundle knows of its service; never a key.

    Attributes:
        service, model, endpoint: Whom to ask.
        language: ISO 639-1 code of the reviews.
        tariff: What it charges.
        caps: What all calls through one directory of answers may come to.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    service: PaidName
    model: str
    endpoint: str
    language: str
    tariff: RecordTariff | TokenTariff
    caps: Caps


class ServicePredictor(Predictor):
    """A paid service with its calibration.

    The key and the endpoint come from the environment, see components/shared/services/access.py, and
    SERVICE_ANSWERS names the directory where answers and calls are written down.
    """

    paid = True

    def _load(self, directory: Path, preprocessing: dict[str, object]) -> None:
        self._parameters = ServiceParameters.model_validate(preprocessing)
        self._calibration = Calibration.read(directory)
        self._service: PaidService | None = None
        self._lock = threading.Lock()

    def calibrate(self, scores: list[list[float]]) -> Probabilities:
        """Returns probabilities for scores that the service gave before, shape (n, classes)."""
        import numpy as np

        return self._calibration.apply(np.array(scores, dtype=np.float64))

    def _predict(self, natural: list[str]) -> Probabilities:
        with self._lock:  # the till counts one call at a time
            answers = collect(self._opened(), natural, self._store)
        return self._calibration.apply(scores_of_answers(answers))

    def _opened(self) -> PaidService:
        if self._service is None:
            parameters, directory = self._parameters, os.environ.get(ANSWERS_VARIABLE, "")
            if not directory:
                raise UserError(
                    f"{ANSWERS_VARIABLE} is not set; name the directory where answers and calls are written down"
                )
            access = read_access(parameters.service)
            if access is None:
                raise UserError(
                    f"{parameters.service} needs {missing_variables(parameters.service)} in the environment"
                )
            # A bundle from elsewhere must not decide where a key is sent to.
            if access.endpoint != parameters.endpoint:
                raise UserError(f"the bundle was made with another endpoint of {parameters.service}; make it again")
            self._store = AnswerStore(Path(directory))
            service = describe_service(
                parameters.service,
                parameters.endpoint,
                parameters.model,
                parameters.language,
                self.task.labels,
                parameters.tariff,
            )
            open_service(service, access, self._store, parameters.caps)
            self._service = service
        return self._service


#: `Manifest.predictor` -> class.
SERVICE_PREDICTORS: dict[str, type[Predictor]] = {"vader": VaderPredictor, "service": ServicePredictor}
