"""Whole offers: features in, candidates out, against local servers; then measured and compared like any other."""

import csv
import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from components.compare.comparison import compare_candidates
from components.evaluate import bench, evaluation, machine
from components.off_the_shelf import offers
from components.off_the_shelf.offers import Wish, offer_services
from components.shared.bundle import load_bundle, read_manifest
from components.shared.errors import UserError
from components.shared.records import features as features_module
from components.shared.records.candidates import bundle_directory, list_bundles, read_failures
from components.shared.records.features import read_split
from components.shared.records.measurements import read_measurements, read_predictions
from components.shared.records.robustness import Robustness, write_robustness
from components.shared.services.access import VARIABLES
from components.shared.services.answers import AnswerStore, Caps
from components.shared.services.interface import SERVICES
from components.shared.services.record import read_records
from components.shared.texts.text import join_title

_CAPS = Caps(maximum_calls=1000, maximum_eur=5.0)


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(machine, "_SAMPLE_SECONDS", 0.01)
    monkeypatch.setattr(bench, "_STARTS", 1)
    monkeypatch.setattr(
        "components.shared.services.catalogue._ATTEMPTS_PER_MINUTE", dict.fromkeys(("azure-language", "chat"), 10**7)
    )


@pytest.fixture
def with_keys(monkeypatch, azure_server, chat_server, documented):
    """The keys of both services, which are test servers."""
    monkeypatch.setenv("AZURE_LANGUAGE_KEY", documented.key)
    monkeypatch.setenv("AZURE_LANGUAGE_ENDPOINT", azure_server.url)
    monkeypatch.setenv("CHAT_API_KEY", documented.key)
    monkeypatch.setenv("CHAT_BASE_URL", f"{chat_server.url}/v1")


@pytest.fixture
def offer(trained, few, tmp_path, answers_directory):
    def run(*services, caps=_CAPS, chat_model="gpt-4.1-nano", candidates=tmp_path / "candidates", features=few):
        wish = Wish(services, chat_model, caps, answers_directory, seed=1)
        offer_services(features, trained.plan, wish, candidates)
        return candidates

    return run


@pytest.fixture
def described(few, tmp_path):
    """Few reviews, described in another way."""

    def change(**values):
        directory = tmp_path / "described"
        shutil.copytree(few, directory)
        description = features_module.read_features(directory).model_copy(update=values)
        (directory / features_module.DESCRIPTION).write_text(description.model_dump_json(), encoding="utf-8")
        return directory

    return change


def _texts(features, split):
    table = read_split(features, split)
    return [join_title(title, text) for title, text in zip(table["title"], table["text"], strict=True)]


def test_vader_is_a_bundle_that_scores_offline_without_tensorflow(offer):
    bundle = bundle_directory(offer("vader"), "vader")
    script = (
        "import socket, sys; from pathlib import Path\n"
        "def refuse(*arguments, **options): raise OSError('no network')\n"
        "socket.socket = refuse\n"
        "from components.shared.bundle import load_bundle\n"
        f"good, bad = load_bundle(Path({str(bundle)!r})).predict(['I love it, perfect!', 'Awful, terrible, bad.'])\n"
        "assert abs(good.sum() - 1) < 1e-5 and good @ range(5) > bad @ range(5)\n"
        "sys.exit('TensorFlow was loaded' if 'tensorflow' in sys.modules else 0)"
    )
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    manifest = read_manifest(bundle)
    assert (manifest.runtime, manifest.model) == ("vader", "vader")
    assert {"vader_lexicon.txt", "emoji_utf8_lexicon.txt", "calibration.npz"} <= manifest.files.keys()


def test_the_calibration_sees_the_tune_split_only(offer, few, monkeypatch):
    asked = []
    real = offers.Calibration.fit
    monkeypatch.setattr(
        offers.Calibration,
        "fit",
        lambda scores, truth, *rest: asked.append(truth.tolist()) or real(scores, truth, *rest),
    )
    offer("vader")
    description = features_module.read_features(few)
    assert asked == [description.task.indices(read_split(few, "tune")["label"].tolist()).tolist()] * 2


def test_every_service_comes_plain_and_balanced_from_the_same_answers(
    offer, with_keys, described, few, azure_server, chat_server, monkeypatch, answers_directory
):
    monkeypatch.setenv("SERVICE_ANSWERS", str(answers_directory))
    features = described(class_weights=(9.0, 9.0, 9.0, 1.0, 1.0))
    candidates = offer("vader", "azure-language", "chat", features=features)
    natural = {text for split in ("tune", "select", "test") for text in read_split(few, split)["natural"]}
    assert sorted(azure_server.texts) == sorted(chat_server.texts) == sorted(natural)
    bundles, records = list_bundles(candidates), read_records(candidates)
    assert bundles.keys() == {name + end for name in SERVICES for end in ("", "-balanced")}
    for name in SERVICES:
        plain, balanced = bundles[name], bundles[f"{name}-balanced"]
        assert read_manifest(balanced).model == read_manifest(plain).model == name
        assert read_manifest(balanced).candidate == f"{name}-balanced"
        assert records[f"{name}-balanced"] == records[name]
        texts = _texts(few, "select")
        rare = [load_bundle(one).predict(texts)[:, :3].sum() for one in (plain, balanced)]
        assert rare[1] > 1.2 * rare[0]
    assert sorted(azure_server.texts) == sorted(chat_server.texts) == sorted(natural)


@pytest.mark.parametrize("imbalance", ["none", "oversample", "undersample"])
def test_nothing_is_balanced_where_class_weights_do_not_meet_rare_labels(offer, described, imbalance):
    assert list_bundles(offer("vader", features=described(imbalance=imbalance))).keys() == {"vader"}


def test_a_paid_service_is_not_called_unless_it_is_named(
    offer, with_keys, azure_server, chat_server, answers_directory
):
    records = read_records(offer("vader"))
    assert azure_server.requests == chat_server.requests == []
    assert {name: record.offer.status for name, record in records.items() if record.offer} == {
        "azure-language": "not named",
        "chat": "not named",
    }
    assert not answers_directory.exists()


def test_without_a_key_there_is_a_price_and_nothing_else(offer):
    candidates = offer("azure-language", "chat")
    assert list_bundles(candidates) == {}
    for record in read_records(candidates).values():
        assert record.offer.status == "no key"
        assert "_KEY" in record.offer.reason
        assert record.offer.price_per_1000_eur > 0
        assert record.call_seconds == ()
    assert read_records(candidates)["azure-language"].offer.price_per_1000_eur == pytest.approx(0.9)


def test_no_review_is_paid_for_twice(offer, with_keys, few, azure_server, chat_server, tmp_path):
    offer("azure-language", "chat")
    natural = {text for split in ("tune", "select", "test") for text in read_split(few, split)["natural"]}
    assert sorted(azure_server.texts) == sorted(chat_server.texts) == sorted(natural)
    assert all(len(body["analysisInput"]["documents"]) <= 10 for _, _, body in azure_server.requests)
    before = len(azure_server.requests), len(chat_server.requests)
    offer("azure-language", "chat", candidates=tmp_path / "again")
    assert (len(azure_server.requests), len(chat_server.requests)) == before
    for name in ("azure-language", "chat"):
        first, again = (tmp_path / place / name / "answers.json" for place in ("candidates", "again"))
        assert first.read_bytes() == again.read_bytes()


@pytest.mark.parametrize(
    ("caps", "word"),
    [(Caps(maximum_calls=3, maximum_eur=9), "maximum_calls"), (Caps(maximum_calls=10**4, maximum_eur=0.01), "eur")],
)
def test_what_would_exceed_a_cap_is_not_even_begun(offer, with_keys, azure_server, caps, word):
    offered = read_records(offer("azure-language", caps=caps))["azure-language"].offer
    assert offered.status == "over the cap"
    assert word in offered.reason
    assert azure_server.requests == []


@pytest.mark.parametrize("name", ["azure-language", "chat"])
def test_the_caps_that_a_service_is_said_to_need_are_enough_and_no_call_less(offer, with_keys, tmp_path, name):
    reason = read_records(offer(name, caps=Caps(maximum_calls=0, maximum_eur=0)))[name].offer.reason
    found = re.search(
        r"service_maximum_calls of at least ([\d,]+) and service_maximum_eur of at least ([\d.]+)", reason
    )
    calls, eur = int(found[1].replace(",", "")), float(found[2])
    fewer = offer(name, caps=Caps(maximum_calls=calls - 1, maximum_eur=eur), candidates=tmp_path / "fewer")
    assert read_records(fewer)[name].offer.status == "over the cap"
    enough = offer(name, caps=Caps(maximum_calls=calls, maximum_eur=eur), candidates=tmp_path / "enough")
    assert read_records(enough)[name].offer.status == "test server"


def test_the_caps_hold_for_both_services_together_and_over_runs(
    offer, with_keys, azure_server, chat_server, tmp_path, answers_directory
):
    caps = Caps(maximum_calls=12, maximum_eur=5)
    records = read_records(offer("azure-language", "chat", caps=caps))
    assert records["azure-language"].offer.status == "test server"
    assert records["chat"].offer.status == "over the cap"
    assert len(azure_server.requests) <= 12 and chat_server.requests == []
    offer("azure-language", "chat", caps=caps, candidates=tmp_path / "again")
    assert AnswerStore(answers_directory).spent().calls <= 12


def test_a_service_that_breaks_down_midway_fails_alone_and_what_it_answered_is_kept(
    offer, with_keys, azure_server, chat_server, documented, monkeypatch, tmp_path
):
    monkeypatch.setattr("components.shared.services.azure_language._RETRIES", 0)
    for _ in range(2):
        azure_server.reply(200, documented.results([{"id": str(i), "text": "I love it"} for i in range(10)]))
    azure_server.reply(500, documented.azure_error("500", f"broken for {documented.key}"))
    candidates = offer("vader", "azure-language", "chat")
    assert set(list_bundles(candidates)) == {"vader", "vader-balanced", "chat", "chat-balanced"}
    assert "HTTP status 500" in read_failures(candidates)["azure-language"]
    asked = len(azure_server.texts)
    offer("azure-language", candidates=tmp_path / "again")
    answered, again = azure_server.texts[:20], azure_server.texts[asked:]
    assert again and not set(answered) & set(again)


def test_a_key_is_in_no_file_and_no_output_although_the_service_echoes_it(
    offer, with_keys, azure_server, chat_server, documented, tmp_path, answers_directory, capfd, caplog, monkeypatch
):
    monkeypatch.setattr("components.shared.services.chat._RETRIES", 0)
    caplog.set_level("DEBUG")
    offer("vader", "azure-language")
    chat_server.reply(401, documented.chat_error("invalid_api_key", f"Incorrect key: {documented.key}"))
    candidates = offer("chat", candidates=tmp_path / "refused")
    assert "refuses the key" in read_failures(candidates)["chat"]
    written = [path for place in (tmp_path, answers_directory) for path in place.rglob("*") if path.is_file()]
    assert len(written) > 5
    for path in written:
        assert documented.key.encode() not in path.read_bytes(), path
    printed = capfd.readouterr()
    assert documented.key not in printed.out + printed.err + caplog.text


def test_a_chat_model_without_a_price_is_one_clear_line(offer):
    with pytest.raises(UserError, match="'mystery' is not in the price list"):
        offer("chat", chat_model="mystery")


def test_a_service_bundle_scores_through_the_answers(
    offer, with_keys, few, chat_server, answers_directory, monkeypatch
):
    monkeypatch.setenv("SERVICE_ANSWERS", str(answers_directory))
    predictor = load_bundle(bundle_directory(offer("chat"), "chat"))
    assert predictor.paid
    before = len(chat_server.requests)
    assert predictor.predict(_texts(few, "select")).shape == (40, 5)
    assert len(chat_server.requests) == before
    new = predictor.predict(["a new review: I love it", ""])
    np.testing.assert_allclose(new.sum(axis=1), 1, rtol=1e-5)
    assert len(chat_server.requests) == before + 1


def test_a_service_bundle_sends_no_key_to_an_endpoint_of_its_own(offer, with_keys, monkeypatch, answers_directory):
    bundle = bundle_directory(offer("chat"), "chat")
    monkeypatch.setenv("SERVICE_ANSWERS", str(answers_directory))
    monkeypatch.setenv("CHAT_BASE_URL", "https://api.openai.com/v1")
    with pytest.raises(UserError, match="another endpoint"):
        load_bundle(bundle).predict(["I love it"])
    monkeypatch.delenv("SERVICE_ANSWERS")
    with pytest.raises(UserError, match="SERVICE_ANSWERS is not set"):
        load_bundle(bundle).predict(["I love it"])


@pytest.fixture
def compared(trained, few, tmp_path):
    """Measures and compares a directory of candidates, if wanted beside the floors."""

    def run(candidates, *floors):
        sources = [*floors, candidates]
        evaluation.evaluate_candidates(
            few, trained.plan, sources, tmp_path / "champion", 5, 0, tmp_path / "measurements", 1
        )
        write_robustness(tmp_path / "robustness.json", Robustness())
        compare_candidates(
            features=few,
            plan=trained.plan,
            measurements=tmp_path / "measurements",
            robustness=tmp_path / "robustness.json",
            sources=sources,
            pages={},
            step_usages=[],
            explained_reviews=0,
            redact_reviews=False,
            override=None,
            seed=0,
            table=tmp_path / "candidates.csv",
            slices=tmp_path / "slices.csv",
            decision=tmp_path / "decision.json",
            winner=tmp_path / "winner",
            explanations=tmp_path / "explanations.json",
            report=tmp_path / "report.html",
            model_card=tmp_path / "model_card.md",
        )
        lines = (tmp_path / "candidates.csv").read_text(encoding="utf-8").splitlines()
        names = lines[0].split(",")
        rows = {row["candidate"]: row for row in csv.DictReader(lines)}
        assert list(next(iter(rows.values()))) == names
        return rows, (tmp_path / "report.html").read_text(encoding="utf-8")

    return run


def test_figures_of_a_test_server_are_never_shown(offer, with_keys, compared, tmp_path):
    rows, report = compared(offer("vader", "azure-language", "chat"))
    assert "vader-balanced" in rows and not {"azure-language-balanced", "chat-balanced"} & rows.keys()
    for name in ("azure-language", "chat"):
        assert rows[name]["status"] == "not measured: test server"
        assert "on this machine" in rows[name]["reason"]
        assert rows[name]["macro_f1"] == rows[name]["p95_ms"] == rows[name]["test_accuracy"] == ""
        assert float(rows[name]["cost_per_1000_eur"]) > 0
        assert not (tmp_path / "measurements" / "predictions" / f"{name}.npz").exists()
    assert "not measured: test server" in report
    assert rows["vader"]["macro_f1"] and "Neutral answers: " in rows["vader"]["reason"]


def test_without_a_key_only_the_price_appears_and_the_break_even(offer, compared, trained):
    rows, report = compared(offer("azure-language", "chat"), trained.sources[0])
    row = rows["azure-language"]
    assert row["status"] == "not measured: no key"
    assert float(row["cost_per_1000_eur"]) == pytest.approx(0.9)
    assert {name for name, value in row.items() if value and name not in ("on_front",)} == {
        "candidate", "model", "status", "running_per_month_eur", "cost_per_month_eur", "cost_per_1000_eur", "reason",
    }  # fmt: skip
    section = report[report.index('id="services"') :].partition("</section>")[0]
    assert "azure-language" in section and "is cheaper from" in section and "0.9 € per 1,000 records" in section


def test_a_real_service_is_measured_by_its_answers_and_its_calls(
    offer, with_keys, compared, monkeypatch, few, tmp_path, chat_server, answers_directory
):
    monkeypatch.setattr(offers, "is_local", lambda endpoint: False)
    candidates = offer("chat")
    before = len(chat_server.requests)
    rows, report = compared(candidates)
    assert len(chat_server.requests) == before
    row = rows["chat"]
    assert row["status"] == "not offered" and "paid service" in row["reason"]
    assert row["size_mb"] == row["gzip_mb"] == row["peak_memory_mb"] == row["startup_s"] == ""
    assert float(row["p95_ms"]) > 0 and float(row["macro_f1"]) > 0
    assert f"{before} real calls" in row["reason"]
    measured = read_measurements(tmp_path / "measurements")
    # The server says 90 tokens sent and 6 received for each review: 0.10 € and 0.40 € a million.
    assert {one.candidate: one.price_per_1000_eur for one in measured.candidates} == dict.fromkeys(
        ("chat", "chat-balanced"), pytest.approx(1000 * (90 * 0.1 + 6 * 0.4) / 1e6)
    )
    assert [one.service for one in measured.services] == ["azure-language", "chat"]
    predictions = read_predictions(tmp_path / "measurements", "chat", "select")
    monkeypatch.setenv("SERVICE_ANSWERS", str(answers_directory))
    expected = load_bundle(bundle_directory(candidates, "chat")).predict(_texts(few, "select"))
    np.testing.assert_array_equal(predictions, expected)
    cell = report[report.index('<th scope="row">chat</th>') :].partition("</tr>")[0]
    assert cell.count('<td data-value="">–</td>') >= 4
    assert json.loads((tmp_path / "decision.json").read_text())["candidate"] != "chat"
