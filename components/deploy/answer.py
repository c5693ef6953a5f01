"""The prediction that proves a deployment: one sentence, and what counts as an answer."""

import math
from pathlib import Path

from pydantic import BaseModel, ValidationError

from components.shared.bundle import MANIFEST
from components.shared.files import sha256_of

SENTENCE = "I love this dress: it fits perfectly and the fabric is very soft."
PREDICT_PATH = "/v1/predict"
#: The request of the prediction server, see serving/server.py.
REQUEST = {"reviews": [{"title": "", "text": SENTENCE}]}


class DeploymentFailed(RuntimeError):
    """The new version did not come into service; what was deployed before still is."""


class Answer(BaseModel):
    """The prediction of one review.

    Attributes:
        label: The most probable label.
        score: The expected value of the label.
        probabilities: Of each label; they sum to 1.
    """

    label: str
    score: float
    probabilities: dict[str, float]


class _Response(BaseModel):
    manifest_sha256: str
    predictions: list[Answer]


def check_answer(response: object, bundle: Path) -> Answer:
    """Returns the answer of a prediction server.

    Args:
        response: The JSON of its response to REQUEST, parsed.
        bundle: The bundle that it should serve.

    Raises:
        DeploymentFailed: The response is malformed, or another model answered.
    """
    try:
        parsed = _Response.model_validate(response)
    except ValidationError as error:
        raise DeploymentFailed(f"the server's answer is not a prediction: {error.errors()[0]['msg']}") from error
    if parsed.manifest_sha256 != sha256_of(bundle / MANIFEST):
        raise DeploymentFailed("another model than the published one answered")
    if len(parsed.predictions) != 1:
        raise DeploymentFailed(f"one review was sent, {len(parsed.predictions)} predictions came back")
    answer = parsed.predictions[0]
    if not math.isclose(sum(answer.probabilities.values()), 1, abs_tol=1e-3):
        raise DeploymentFailed("the probabilities of the answer do not sum to 1")
    return answer
