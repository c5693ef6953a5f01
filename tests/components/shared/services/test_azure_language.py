import numpy as np
import pytest

from components.shared.price_list import RecordTariff
from components.shared.services import azure_language
from components.shared.services.access import Access
from components.shared.services.answers import AnswerStore, CapReachedError, Caps
from components.shared.services.azure_language import AzureLanguage
from components.shared.services.calibration import Calibration
from components.shared.services.collecting import collect, scores_of_answers
from components.shared.services.interface import ServiceError
from components.shared.services.till import Till


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr(azure_language, "_RETRIES", 2)


@pytest.fixture
def store(tmp_path):
    return AnswerStore(tmp_path / "answers")


@pytest.fixture
def service(azure_server, store, documented):
    return _open(azure_server.url, store, documented.key)


def _open(url, store, key, calls=100, eur=1.0, per_minute=1_000_000):
    made = AzureLanguage(url, "en", RecordTariff(per_1000_records_eur=0.9))
    made.open(Access(url, key), Till(store, Caps(maximum_calls=calls, maximum_eur=eur), made.identity, per_minute))
    return made


def test_answers_come_back_in_order_with_the_services_scores(service):
    answers = service.ask(["I love it", "awful", "it is a shirt", "love the colour, awful fit"])
    assert [answer.verdict for answer in answers] == [1, -1, 0, 0]
    assert answers[0].scores == (0.05, 0.05, 0.9)


def test_the_request_is_as_documented(service, azure_server, documented):
    service.ask(["I love it"])
    path, headers, body = azure_server.requests[0]
    assert path.startswith("/language/:analyze-text") and "api-version=2023-04-01" in path
    assert headers["ocp-apim-subscription-key"] == documented.key
    assert body["kind"] == "SentimentAnalysis"
    assert body["parameters"]["loggingOptOut"] is True
    assert body["analysisInput"]["documents"] == [{"id": "0", "language": "en", "text": "I love it"}]


def test_at_most_ten_documents_go_into_one_request(service, store, azure_server):
    collect(service, [f"review {number}" for number in range(23)], store)
    assert [len(body["analysisInput"]["documents"]) for _, _, body in azure_server.requests] == [10, 10, 3]


def test_a_long_review_is_cut_to_what_the_service_takes(service, azure_server):
    (answer,) = service.ask(["love " + "x" * 9000])
    assert answer.verdict == 1
    assert len(azure_server.texts[0]) == 5120
    assert service.price_eur("x" * 9000) == pytest.approx(6 * 0.9 / 1000)


def test_a_document_that_cannot_be_analysed_is_neutral_and_the_others_are_answered(service, azure_server, documented):
    error = {"id": "1", **documented.azure_error("InvalidDocument", "Document is invalid.")}
    good = [{"id": "0", "text": "I love it"}, {"id": "2", "text": "awful"}]
    azure_server.reply(200, documented.results(good, [error]))
    answers = service.ask(["I love it", "?", "awful"])
    assert [answer.verdict for answer in answers] == [1, 0, -1]
    assert [answer.problem for answer in answers] == ["", "not analysed", ""]
    assert dict(zip(service.columns, answers[1].scores, strict=True)) == {"negative": 0, "neutral": 1, "positive": 0}


def test_what_is_without_an_answer_gets_the_label_of_the_services_own_neutral(service, azure_server, documented):
    negative, neutral, positive = (0.9, 0.05, 0.05), (0.05, 0.9, 0.05), (0.05, 0.05, 0.9)
    scores = np.array([negative] * 10 + [neutral] * 10 + [positive] * 40)
    truth = np.array([0] * 7 + [1] * 3 + [1] * 2 + [2] * 7 + [3] + [3] * 8 + [4] * 32)
    fitted = Calibration.fit(scores, truth, None, 5)
    error = {"id": "0", **documented.azure_error("InvalidDocument", "Document is invalid.")}
    azure_server.reply(200, documented.results([{"id": "1", "text": "it is a shirt"}], [error]))
    answers = service.ask(["?", "it is a shirt"])
    assert answers[1].scores == neutral
    assert fitted.apply(scores_of_answers(answers)).argmax(axis=1).tolist() == [2, 2]


def test_what_half_an_answer_leaves_out_is_asked_once_more_and_the_rest_kept(
    service, store, azure_server, documented
):
    azure_server.reply(200, documented.results([{"id": "0", "text": "I love it"}]))
    answers = collect(service, ["I love it", "awful"], store)
    assert [answer.verdict for answer in answers] == [1, -1]
    assert azure_server.texts == ["I love it", "awful", "awful"]


def test_a_review_that_is_left_out_twice_counts_as_neutral(service, store, azure_server, documented):
    azure_server.reply(200, documented.results([]))
    azure_server.reply(200, documented.results([]))
    (answer,) = collect(service, ["I love it"], store)
    assert (answer.verdict, answer.problem) == (0, "left out by the service")
    assert collect(service, ["I love it"], store) == [answer]
    assert len(azure_server.requests) == 2


def test_throttling_is_waited_for_as_the_service_asks_and_counted(service, store, azure_server, documented, pauses):
    azure_server.reply(429, documented.azure_error("429", "Rate limit is exceeded."), Retry_After="7")
    (answer,) = service.ask(["I love it"])
    assert 7 in pauses
    assert answer.verdict == 1
    assert store.spent().calls == 2
    assert store.spent().eur == pytest.approx(0.9 / 1000)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_error_is_tried_again(service, store, azure_server, documented, status):
    azure_server.reply(status, documented.azure_error(str(status), "try again"), retry_after_ms="1")
    assert service.ask(["I love it"])[0].verdict == 1
    assert store.spent().calls == 2


def test_a_lasting_error_ends_after_the_retries_in_one_line(service, azure_server, documented):
    for _ in range(5):
        azure_server.reply(429, documented.azure_error("429", "busy"), retry_after_ms="1")
    with pytest.raises(ServiceError, match="HTTP status 429"):
        service.ask(["I love it"])
    assert len(azure_server.requests) == 3


@pytest.mark.parametrize(
    "header",
    [
        {"Retry_After": "86400"},
        {"Retry_After": "86400.0"},
        {"Retry_After": "inf"},
        {"Retry_After": "Wed, 21 Oct 2099 07:28:00 GMT"},
        {"retry_after_ms": "86400000"},
        {"x_ms_retry_after_ms": "86400000"},
    ],
)
def test_a_pause_of_a_day_is_not_waited_for(service, azure_server, documented, pauses, header):
    azure_server.reply(429, documented.azure_error("429", "Quota exceeded."), **header)
    with pytest.raises(ServiceError, match=r"asks to wait \S+ seconds \(HTTP status 429\); try again then"):
        service.ask(["I love it"])
    assert max(pauses) < 1
    assert len(azure_server.requests) == 1


def test_a_pause_that_cannot_be_read_is_the_usual_one(service, azure_server, documented, pauses):
    azure_server.reply(429, documented.azure_error("429", "Rate limit is exceeded."), Retry_After="soon")
    assert service.ask(["I love it"])[0].verdict == 1
    assert max(pauses, default=0) < 10


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_takes_the_key_and_the_reviews_nowhere(service, azure_server, elsewhere, status):
    azure_server.reply(status, {}, Location=f"{elsewhere.url}/elsewhere")
    with pytest.raises(ServiceError, match=f"azure-language redirects .*{status}.*; correct the endpoint"):
        service.ask(["I love it"])
    assert elsewhere.requests == []
    assert len(azure_server.requests) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_not_repeated_although_the_service_echoes_it(
    service, azure_server, documented, status, caplog
):
    azure_server.reply(status, documented.azure_error("401", f"Access denied for {documented.key}"))
    with pytest.raises(ServiceError, match="refuses the key") as raised:
        service.ask(["I love it"])
    assert documented.key not in str(raised.value) + caplog.text
    assert raised.value.__suppress_context__
    assert len(azure_server.requests) == 1


@pytest.mark.parametrize(
    ("body", "cut"), [(b"<html>busy</html>", None), ({"kind": "Other"}, None), ({"results": "x" * 500}, 40)]
)
def test_an_answer_that_is_broken_off_or_of_another_kind_is_an_error(service, azure_server, body, cut):
    for _ in range(5):
        azure_server.reply(200, body, cut)
    with pytest.raises(ServiceError, match="did not answer as documented"):
        service.ask(["I love it"])


def test_no_attempt_exceeds_the_cap_on_calls_retries_included(azure_server, store, documented):
    service = _open(azure_server.url, store, documented.key, calls=2)
    for _ in range(5):
        azure_server.reply(500, documented.azure_error("500", "oops"))
    with pytest.raises(CapReachedError, match="service_maximum_calls"):
        service.ask(["I love it"])
    assert len(azure_server.requests) == 2


def test_no_call_exceeds_the_cap_on_euros(azure_server, store, documented):
    service = _open(azure_server.url, store, documented.key, eur=0.0019)
    service.ask(["one", "two"])
    with pytest.raises(CapReachedError, match="service_maximum_eur"):
        service.ask(["three"])
    assert len(azure_server.requests) == 1


def test_attempts_keep_to_the_rate_limit(azure_server, store, documented, till_clock):
    service = _open(azure_server.url, store, documented.key, per_minute=600)
    for text in ("a", "b", "c"):
        service.ask([text])
    assert till_clock.slept == pytest.approx([0, 0.1, 0.1])


def test_a_server_that_is_not_there_is_one_clear_line(store, documented, monkeypatch):
    monkeypatch.setattr(azure_language, "_RETRIES", 0)
    service = _open("http://127.0.0.1:9", store, documented.key)
    with pytest.raises(ServiceError, match="did not answer"):
        service.ask(["I love it"])
