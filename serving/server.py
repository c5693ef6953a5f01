"""The prediction server: one model bundle behind HTTP.

    GET  /healthz      200 once the model is loaded
    GET  /v1/model     which model this is
    POST /v1/predict   {"reviews": [{"title": "", "text": "..."}]} -> label, score, probabilities of each

Review texts are neither logged nor repeated in error messages.
"""

import logging
import threading
import traceback
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from components.shared.bundle import MANIFEST, Manifest, load_bundle, read_manifest
from components.shared.files import sha256_of
from serving.prediction import Prediction, Review, predict_reviews

MAXIMUM_REVIEWS = 256
MAXIMUM_CHARACTERS = 20_000
MAXIMUM_BODY_BYTES = 4 << 20
_FIRST_REVIEW = "A first review."

_logger = logging.getLogger("serving")
_Text = Annotated[str, Field(max_length=MAXIMUM_CHARACTERS)]


class ReviewRequest(BaseModel):
    """One review to score."""

    model_config = ConfigDict(extra="forbid")

    text: _Text
    title: _Text = ""


class PredictRequest(BaseModel):
    """Reviews to score, in one call of the model."""

    model_config = ConfigDict(extra="forbid")

    reviews: list[ReviewRequest] = Field(min_length=1, max_length=MAXIMUM_REVIEWS)


class ReviewPrediction(BaseModel):
    """The prediction of one review; all None for a review without text, the score also where labels have no order."""

    label: str | None = None
    score: float | None = None
    probabilities: dict[str, float] | None = None


class ModelSummary(BaseModel):
    """Which model answers.

    Attributes:
        candidate, model, base_model, chain, runtime: See `components.shared.bundle.Manifest`.
        labels: From worst to best if they are ordered.
        scores: The value of each label.
        ordered: Whether the labels have an order; without one there are no scores of reviews.
        data_fingerprint, code_fingerprint: What the model was made from.
        manifest_sha256: SHA-256 of the bundle's manifest, which holds the hash of every other file.
    """

    candidate: str
    model: str
    base_model: str
    chain: tuple[str, ...]
    runtime: str
    labels: tuple[str, ...]
    scores: tuple[float, ...]
    ordered: bool
    data_fingerprint: str
    code_fingerprint: str
    manifest_sha256: str


class PredictResponse(BaseModel):
    """Predictions in the order of the request, and the model they come from."""

    candidate: str
    manifest_sha256: str
    predictions: list[ReviewPrediction]


def create_app(bundle: Path) -> FastAPI:
    """Returns the application that serves a bundle; it has loaded the model.

    Raises:
        UserError: The bundle cannot be used.
    """
    predictor = load_bundle(bundle)
    if not predictor.paid:
        predictor.predict([_FIRST_REVIEW])  # loads what is loaded when it is first needed
    model = _summary(read_manifest(bundle, verify=False), sha256_of(bundle / MANIFEST))
    # Interpreters hold the tensors of the call in work: one call at a time.
    lock = threading.Lock()
    # The pages that FastAPI makes fetch scripts from elsewhere; the schema at /openapi.json does not.
    app = FastAPI(title="Sentiment of reviews", docs_url=None, redoc_url=None)
    app.add_middleware(BodyLimit, maximum_bytes=MAXIMUM_BODY_BYTES)
    app.add_exception_handler(RequestValidationError, _invalid_request)

    @app.get("/healthz")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/v1/model")
    def describe() -> ModelSummary:
        return model

    @app.post("/v1/predict", response_model=PredictResponse)
    def predict(request: PredictRequest) -> PredictResponse | JSONResponse:
        reviews = [Review(text=review.text, title=review.title) for review in request.reviews]
        try:
            with lock:
                predictions = predict_reviews(predictor, reviews)
        except Exception as error:
            # The message may quote a review; the stack does not.
            stack = "".join(traceback.format_tb(error.__traceback__))
            _logger.error("prediction failed with %s\n%s", type(error).__name__, stack)
            return JSONResponse({"detail": "prediction failed; the server's log has the place"}, status_code=500)
        return PredictResponse(
            candidate=model.candidate,
            manifest_sha256=model.manifest_sha256,
            predictions=[_answer(prediction, model.labels) for prediction in predictions],
        )

    return app


def _summary(manifest: Manifest, manifest_sha256: str) -> ModelSummary:
    return ModelSummary(
        candidate=manifest.candidate,
        model=manifest.model,
        base_model=manifest.base_model,
        chain=manifest.chain,
        runtime=manifest.runtime,
        labels=manifest.task.labels,
        scores=manifest.task.scores,
        ordered=manifest.task.ordered,
        data_fingerprint=manifest.data_fingerprint,
        code_fingerprint=manifest.code_fingerprint,
        manifest_sha256=manifest_sha256,
    )


def _answer(prediction: Prediction | None, labels: tuple[str, ...]) -> ReviewPrediction:
    if prediction is None:
        return ReviewPrediction()
    return ReviewPrediction(
        label=prediction.label,
        score=prediction.score,
        probabilities=dict(zip(labels, prediction.probabilities, strict=True)),
    )


async def _invalid_request(request: Request, error: Exception) -> JSONResponse:
    """Says what is wrong and where, without repeating the input."""
    assert isinstance(error, RequestValidationError)
    detail = [{key: problem[key] for key in ("type", "loc", "msg")} for problem in error.errors()]
    return JSONResponse({"detail": detail}, status_code=422)


class BodyLimit:
    """Middleware that answers 413 as soon as a request's body is longer than allowed."""

    def __init__(self, app: ASGIApp, maximum_bytes: int) -> None:
        self._app = app
        self._maximum = maximum_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reads the body up to the limit, then hands it on as one message."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return
            body += message.get("body", b"")
            if len(body) > self._maximum:
                detail = f"the request is longer than {self._maximum} bytes; send fewer reviews a call"
                await JSONResponse({"detail": detail}, status_code=413)(scope, receive, send)
                return
            if not message.get("more_body"):
                break
        await self._app(scope, _replay(bytes(body), receive), send)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Returns a `receive` that gives the body first, then whatever comes (the client hanging up)."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return waiting.pop() if waiting else await receive()

    return replayed
