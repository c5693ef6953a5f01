"""Local HTTP servers that behave as Azure AI Language and OpenAI's chat completions document it."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

KEY = "sk-planted-0123456789abcdef"


@dataclass
class Reply:
    """A response that a test wants instead of the usual one."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    #: The body breaks off after this many bytes although more were announced.
    cut: int | None = None


@dataclass
class Server:
    """A running server.

    Attributes:
        url: Its base URL.
        requests: (path, headers by lower-case name, body) of each request, in order.
        replies: Used up one by one before the usual behaviour takes over.
    """

    url: str
    requests: list[tuple[str, dict[str, str], Any]]
    replies: list[Reply]

    def reply(self, status: int, body: Any, cut: int | None = None, **headers: str) -> None:
        """Plans the next response; header names are written with _ for -."""
        self.replies.append(
            Reply(status, body, {name.replace("_", "-"): value for name, value in headers.items()}, cut)
        )

    @property
    def texts(self) -> list[str]:
        """Every review that was sent, in order."""
        return [text for _, _, body in self.requests for text in _texts(body)]


def _texts(body: Any) -> list[str]:
    if "analysisInput" in body:
        return [document["text"] for document in body["analysisInput"]["documents"]]
    return [json.loads(body["messages"][-1]["content"])["review"]]


def _serve(answer: Callable[[str, Any], Reply]) -> Iterator[Server]:
    server = Server("", [], [])

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "null")
            server.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            reply = server.replies.pop(0) if server.replies else answer(self.path, body)
            content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in ({"Content-Type": "application/json"} | reply.headers).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: reply.cut])
            if reply.cut is not None:
                self.close_connection = True

        do_GET = do_POST

        def log_message(self, *arguments: Any) -> None:
            """Says nothing."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    server.url = f"http://127.0.0.1:{httpd.server_address[1]}"
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    httpd.shutdown()
    httpd.server_close()


def azure_sentiment(text: str) -> dict[str, Any]:
    """Returns what the fake service thinks of a text."""
    positive, negative = text.lower().count("love"), text.lower().count("awful")
    sentiment = "positive" if positive > negative else "negative" if negative > positive else "neutral"
    if positive and negative:
        sentiment = "mixed"
    scores = {"positive": 0.05, "neutral": 0.05, "negative": 0.05}
    scores["neutral" if sentiment == "mixed" else sentiment] = 0.9
    return {"sentiment": sentiment, "confidenceScores": scores}


def azure_results(documents: list[dict[str, str]], errors: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """Returns the body of a documented response to sentiment analysis."""
    return {
        "kind": "SentimentAnalysisResults",
        "results": {
            "documents": [
                {
                    "id": one["id"],
                    **azure_sentiment(one["text"]),
                    "statistics": {"charactersCount": len(one["text"]), "transactionsCount": 1},
                    "warnings": [],
                    "sentences": [],
                }
                for one in documents
            ],
            "errors": errors or [],
            "statistics": {
                "documentsCount": len(documents) + len(errors or []),
                "validDocumentsCount": len(documents),
                "erroneousDocumentsCount": len(errors or []),
                "transactionsCount": len(documents),
            },
            "modelVersion": "2022-11-01",
        },
    }


def azure_error(code: str, message: str) -> dict[str, Any]:
    """Returns the body of a documented error."""
    return {"error": {"code": code, "message": message, "innererror": {"code": code, "message": message}}}


def _analyze(path: str, body: Any) -> Reply:
    documents = body["analysisInput"]["documents"]
    if not path.startswith("/language/:analyze-text?") or "api-version=2023-04-01" not in path:
        return Reply(404, azure_error("404", "Resource not found"))
    if body["kind"] != "SentimentAnalysis" or len(documents) > 10:
        return Reply(400, azure_error("InvalidRequest", "Batch request contains too many records. Max 10 records."))
    good = [one for one in documents if 0 < len(one["text"]) <= 5120]
    errors = [
        {"id": one["id"], **azure_error("InvalidArgument", "A document within the request was too large.")}
        for one in documents
        if one not in good
    ]
    return Reply(body=azure_results(good, errors))


def completion(content: str | None, finish_reason: str = "stop", **message: Any) -> dict[str, Any]:
    """Returns the body of a documented chat completion."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4.1-nano",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content, "refusal": None} | message,
                "logprobs": None,
                "finish_reason": finish_reason,
            }
        ],
        "usage": {"prompt_tokens": 90, "completion_tokens": 6, "total_tokens": 96},
    }


def chat_error(kind: str, message: str, param: str | None = None) -> dict[str, Any]:
    """Returns the body of a documented error."""
    return {"error": {"message": message, "type": kind, "param": param, "code": kind}}


def _refusal(body: Any) -> Reply | None:
    """Returns how a reasoning model refuses the parameters that it does not know."""
    if "max_tokens" in body:
        message = "Unsupported parameter: 'max_tokens' is not supported with this model."
        return Reply(400, chat_error("unsupported_parameter", message, "max_tokens"))
    if body.get("temperature", 1) != 1:
        message = "Unsupported value: 'temperature' does not support 0 with this model."
        return Reply(400, chat_error("unsupported_value", message, "temperature"))
    return None


def _complete(path: str, body: Any) -> Reply:
    refusal = _refusal(body) if body["model"].startswith("gpt-5") else None
    if refusal is not None:
        return refusal
    if path != "/v1/chat/completions":
        return Reply(404, chat_error("not_found", "Unknown request URL"))
    (text,) = _texts(body)
    # As the instruction says: labels from worst to best.
    labels = json.loads(body["messages"][0]["content"].partition("are ")[2].partition("]")[0] + "]")
    label = (
        labels[-1] if "love" in text.lower() else labels[0] if "awful" in text.lower() else labels[len(labels) // 2]
    )
    return Reply(body=completion(json.dumps({"label": label})))


@pytest.fixture
def documented() -> SimpleNamespace:
    """The bodies that the services document, and a key to plant."""
    return SimpleNamespace(
        results=azure_results, azure_error=azure_error, completion=completion, chat_error=chat_error, key=KEY
    )


@pytest.fixture
def azure_server() -> Iterator[Server]:
    """A server that behaves as Azure AI Language documents it."""
    yield from _serve(_analyze)


@pytest.fixture
def chat_server() -> Iterator[Server]:
    """A server that behaves as OpenAI documents chat completions; its API is below /v1."""
    yield from _serve(_complete)


@pytest.fixture
def elsewhere() -> Iterator[Server]:
    """A server of somebody else, who would like to see a key."""
    yield from _serve(lambda path, body: Reply(body={}))


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, in seconds, in order; nobody waits for them."""
    made: list[float] = []
    monkeypatch.setattr(time, "sleep", made.append)
    return made


class Clock:
    """A clock that goes on only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def till_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that the till goes by."""
    clock = Clock()
    monkeypatch.setattr("components.shared.services.till.time", clock)
    return clock
