import asyncio
import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.types import Message

import serving.server
from components.shared.errors import UserError
from serving.server import MAXIMUM_BODY_BYTES, MAXIMUM_CHARACTERS, MAXIMUM_REVIEWS, BodyLimit, create_app


def _ask(app: Any, method: str, path: str, **options: Any) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            return await client.request(method, path, **options)

    return asyncio.run(ask())


@pytest.fixture
def app(logistic_bundle: Path) -> Any:
    return create_app(logistic_bundle)


def test_a_server_with_a_model_is_healthy(app: Any) -> None:
    response = _ask(app, "GET", "/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize(("paid", "predicted"), [(False, 1), (True, 0)])
def test_the_model_has_predicted_before_the_server_is_ready_unless_that_costs_money(
    logistic_bundle: Path, monkeypatch: pytest.MonkeyPatch, paid: bool, predicted: int
) -> None:
    calls: list[Any] = []
    predictor = SimpleNamespace(paid=paid, predict=calls.append)
    monkeypatch.setattr(serving.server, "load_bundle", lambda bundle: predictor)
    create_app(logistic_bundle)
    assert len(calls) == predicted


def test_the_model_says_what_it_is(app: Any) -> None:
    summary = _ask(app, "GET", "/v1/model").json()
    assert summary["candidate"] == "logistic"
    assert summary["labels"] == ["1", "2", "3"]
    assert len(summary["manifest_sha256"]) == 64


def test_reviews_get_predictions_in_their_order(app: Any) -> None:
    reviews = [{"text": "awful, itchy"}, {"title": "Lovely", "text": ""}, {"title": "", "text": "love, perfect"}]
    response = _ask(app, "POST", "/v1/predict", json={"reviews": reviews})
    assert response.status_code == 200
    bad, empty, good = response.json()["predictions"]
    assert (bad["label"], good["label"]) == ("1", "3")
    assert empty == {"label": None, "score": None, "probabilities": None}
    assert sum(good["probabilities"].values()) == pytest.approx(1)
    assert 1 <= bad["score"] < good["score"] <= 3


def test_labels_without_an_order_give_no_score(unordered_bundle: Path) -> None:
    app = create_app(unordered_bundle)
    assert _ask(app, "GET", "/v1/model").json()["ordered"] is False
    (answer,) = _ask(app, "POST", "/v1/predict", json={"reviews": [{"text": "love it"}]}).json()["predictions"]
    assert answer["label"] == "3" and answer["score"] is None and len(answer["probabilities"]) == 3


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"\xff\xfe",
        b"[]",
        b'{"reviews": []}',
        b'{"reviews": [{"title": "no text"}]}',
        b'{"reviews": [{"text": 5}]}',
        b'{"reviews": [{"text": "secret \\ud800"}]}',
        b'{"reviews": [{"text": "fine", "txet": "secret"}]}',
        json.dumps({"reviews": [{"text": "x"}] * (MAXIMUM_REVIEWS + 1)}).encode(),
        json.dumps({"reviews": [{"text": "x" * (MAXIMUM_CHARACTERS + 1)}]}).encode(),
    ],
)
def test_a_malformed_request_is_refused_as_json_without_repeating_it(app: Any, body: bytes) -> None:
    response = _ask(app, "POST", "/v1/predict", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code in (400, 422)
    assert response.json()["detail"]
    assert "secret" not in response.text and "xxxx" not in response.text


def test_a_request_that_is_too_long_is_refused_as_json(app: Any) -> None:
    body = b" " * (MAXIMUM_BODY_BYTES + 1)
    response = _ask(app, "POST", "/v1/predict", content=body)
    assert response.status_code == 413
    assert "fewer reviews" in response.json()["detail"]


def test_a_long_body_is_refused_before_it_has_all_arrived() -> None:
    arrived = 0
    sent: list[Message] = []

    async def receive() -> Message:
        nonlocal arrived
        arrived += 1
        return {"type": "http.request", "body": b"x" * 60, "more_body": True}

    async def send(message: Message) -> None:
        sent.append(message)

    async def unreachable(*_: object) -> None:
        raise AssertionError("the application must not see the request")

    asyncio.run(BodyLimit(unreachable, maximum_bytes=100)({"type": "http"}, receive, send))
    assert arrived == 2
    assert sent[0]["status"] == 413


def test_the_model_works_on_one_request_at_a_time(logistic_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = 0
    most = 0
    together = threading.Barrier(2)
    predict = serving.server.predict_reviews

    def slow(*arguments: Any) -> Any:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        with pytest.raises(threading.BrokenBarrierError):
            together.wait(0.05)
        together.reset()
        inside -= 1
        return predict(*arguments)

    monkeypatch.setattr(serving.server, "predict_reviews", slow)
    app = create_app(logistic_bundle)
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(lambda _: _ask(app, "POST", "/v1/predict", json={"reviews": [{"text": "love"}]}), range(4))
        )
    assert [answer.status_code for answer in answers] == [200] * 4
    assert most == 1


def test_a_failing_model_is_logged_without_the_review(
    logistic_bundle: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(predictor: object, reviews: list[Any]) -> None:
        raise ValueError(f"cannot read {reviews[0].text}")

    monkeypatch.setattr(serving.server, "predict_reviews", fail)
    with caplog.at_level(logging.DEBUG):
        response = _ask(create_app(logistic_bundle), "POST", "/v1/predict", json={"reviews": [{"text": "my secret"}]})
    assert response.status_code == 500 and response.json()["detail"]
    assert "ValueError" in caplog.text
    assert "secret" not in caplog.text + response.text


def test_no_server_starts_without_a_bundle(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not a model bundle"):
        create_app(tmp_path)
