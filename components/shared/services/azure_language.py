"""Azure AI Language, sentiment analysis, through its SDK.

Limits as documented (service limits of Azure AI Language): 10 documents a request and 5,120 characters a document;
S0/F0 allow 300 requests a minute. Documents of one request are independent of each other. A document that cannot be
analysed comes back in `errors`, the others are answered. 429 and 503 say in Retry-After when to try again.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from components.shared.price_list import RecordTariff
from components.shared.services.access import Access
from components.shared.services.interface import Answer, Identity, SentimentService, ServiceError
from components.shared.services.till import Till

NAME = "azure-language"
API_VERSION = "2023-04-01"
MODEL_VERSION = "latest"
ATTEMPTS_PER_MINUTE = 300
_MOST_CHARACTERS = 5120
_RETRIES = 4
#: An answer that breaks off may have been charged.
_READ_RETRIES = 1
_TIMEOUT_SECONDS = 60
#: A service that asks for a longer pause is not waited for.
_LONGEST_PAUSE_SECONDS = 120
#: "mixed" has sentences of both kinds: it counts as neutral.
_VERDICTS: dict[str, Literal[-1, 0, 1]] = {"negative": -1, "neutral": 0, "mixed": 0, "positive": 1}


class AzureLanguage(SentimentService):
    """Asks Azure AI Language for the sentiment of documents."""

    columns = ("negative", "neutral", "positive")
    neutral = (0.0, 1.0, 0.0)
    batch: ClassVar[int] = 10

    def __init__(self, endpoint: str, language: str, tariff: RecordTariff) -> None:
        """Describes the service; nothing is called.

        Args:
            endpoint: Of the resource, such as https://name.cognitiveservices.azure.com.
            language: ISO 639-1 code of the reviews.
            tariff: What it charges.
        """
        self.identity = Identity(NAME, MODEL_VERSION, f"{API_VERSION} {language}", endpoint)
        self._language, self.tariff = language, tariff
        self._client: Any = None

    def open(self, access: Access, till: Till) -> None:
        """Prepares calls; each attempt will pass the till."""
        from azure.ai.textanalytics import TextAnalyticsClient
        from azure.core.credentials import AzureKeyCredential

        self._till = till
        self._client = TextAnalyticsClient(
            access.endpoint,
            AzureKeyCredential(access.key),
            api_version=API_VERSION,
            transport=_till_transport(till),
            retry_policy=_retry_policy(),
            # The SDK would take the key, in a header of its own, to any other host.
            permit_redirects=False,
            connection_timeout=_TIMEOUT_SECONDS,
            read_timeout=_TIMEOUT_SECONDS,
        )

    def price_eur(self, text: str) -> float:
        """Returns the price of the text's records."""
        return self.tariff.price_eur(_cut(text))

    def ask(self, texts: Sequence[str]) -> list[Answer | None]:
        """Returns the answers to at most 10 texts, in one request; None where the service left a document out.

        Raises:
            ServiceError: No answer after the SDK's retries, or one that is not a sentiment analysis.
        """
        documents = [
            {"id": str(number), "language": self._language, "text": _cut(text)} for number, text in enumerate(texts)
        ]
        self._till.prepare(len(texts), sum(self.price_eur(text) for text in texts))
        answers = self._analyze(documents)
        return [answers.get(document["id"]) for document in documents]

    def _analyze(self, documents: list[dict[str, str]]) -> dict[str, Answer]:
        from azure.core.exceptions import AzureError, HttpResponseError

        # What the service says in an error is not repeated: it may hold the key, or a review.
        try:
            return self._client.analyze_sentiment(
                documents,
                model_version=MODEL_VERSION,
                disable_service_logs=True,
                show_stats=True,
                # The documents may be analysed again without harm; the SDK does not try POST again of itself.
                retry_on_methods=frozenset({"POST"}),
                cls=self._read,
            )
        except (AzureError, ValueError, KeyError, AttributeError, TypeError) as error:
            status = (error.status_code or 0) if isinstance(error, HttpResponseError) else 0
            if status >= 300:  # a body that cannot be read is such an error too, with status 200
                raise ServiceError(describe_status(NAME, status, "the language of the reviews")) from None
            raise ServiceError(f"{NAME} did not answer as documented ({type(error).__name__}); try again") from None

    def _read(self, response: Any, analysis: Any, headers: Any) -> dict[str, Answer]:
        """Returns the answers by document; the SDK's own reading fails where a document was left out."""
        answers = {document.id: _answer(document) for document in analysis.results.documents}
        for failed in analysis.results.errors:
            answers[failed.id] = self.without_answer("not analysed")
        return answers


def describe_status(service: str, status: int, request: str) -> str:
    """Returns what an HTTP status means for the user of a service, in one sentence.

    Args:
        service: Its name.
        status: The HTTP status, 300 or more.
        request: What to check where the service does not take the request.
    """
    if status < 400:
        return f"{service} redirects (HTTP status {status}), where neither key nor reviews go; correct the endpoint"
    if status == 400:
        return f"{service} does not take the request (HTTP status 400); check {request}"
    if status in (401, 403):
        return f"{service} refuses the key (HTTP status {status}); check the key, its quota and the endpoint"
    if status == 404:
        return f"{service} is not at this endpoint (HTTP status 404); check the address and the model's name"
    if status == 429:
        return f"{service} allows no more requests now (HTTP status 429); try again later, answers so far are kept"
    return f"{service} answered with HTTP status {status}; try again later, answers so far are kept"


def _answer(document: Any) -> Answer:
    scores = document.confidence_scores
    return Answer((scores.negative, scores.neutral, scores.positive), _VERDICTS[document.sentiment.lower()])


def _cut(text: str) -> str:
    # Documents are measured in text elements, of which a text has at most as many as characters.
    return text[:_MOST_CHARACTERS]


def _retry_policy() -> Any:
    from azure.core.pipeline.policies import RetryPolicy

    class ShortPausesPolicy(RetryPolicy):
        """Tries again, but not after a pause that is too long."""

        def get_retry_after(self, response: Any) -> float | None:
            """Returns the pause that is asked for, in seconds, None without a readable one."""
            try:
                pause = super().get_retry_after(response)
            except (ValueError, OverflowError):
                return None
            if pause is not None and pause > _LONGEST_PAUSE_SECONDS:
                status = response.http_response.status_code
                raise ServiceError(f"{NAME} asks to wait {pause:.0f} seconds (HTTP status {status}); try again then")
            return pause

    return ShortPausesPolicy(
        retry_total=_RETRIES, retry_status=_RETRIES, retry_connect=_RETRIES, retry_read=_READ_RETRIES
    )


def _till_transport(till: Till) -> Any:
    from azure.core.pipeline.transport import RequestsTransport

    class TillTransport(RequestsTransport):
        """Sends each attempt, the SDK's retries included, past the till."""

        def send(self, request: Any, **options: Any) -> Any:
            """Returns the response."""
            till.begin()
            response = super().send(request, **options)
            till.end(response.status_code)
            return response

    return TillTransport()
