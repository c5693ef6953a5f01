"""What can be had without training: VADER, and paid services if they are named and there is a key.

For each paid service there is a record with its price; the price needs no key. A service that is asked becomes one or
two candidates: its answers to a part of tune are calibrated to the labels, plain and, where class weights meet rare
labels, "-balanced"; those to select and test are kept for evaluate.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from components.off_the_shelf.neutrals import describe_neutrals
from components.shared.bundle import Manifest, write_bundle
from components.shared.meter import Meter, Usage
from components.shared.need import Need
from components.shared.notes import note
from components.shared.records.candidates import bundle_directory, write_failures
from components.shared.records.features import Features, profile_file, read_features, read_split
from components.shared.records.plan import read_plan
from components.shared.services import calibration
from components.shared.services.access import Access, is_local, missing_variables, read_access
from components.shared.services.answers import AnswerStore, Call, CapReachedError, Caps
from components.shared.services.calibration import CALIBRATION_ROWS, Calibration
from components.shared.services.catalogue import PaidService, describe_service, open_service, tariff_of
from components.shared.services.collecting import check_estimate, collect, estimate, scores_of_answers
from components.shared.services.interface import PAID_SERVICES, Answer, PaidName, ServiceError
from components.shared.services.predictors import ServiceParameters, VaderParameters
from components.shared.services.record import Offer, OfferStatus, ServiceRecord, write_answers, write_record
from components.shared.services.vader import EMOJI, LEXICON, Vader, package_directory
from components.shared.training.examples import stratified_sample

_ASKED_SPLITS = ("select", "test")
_TEST_SERVER = "its endpoint is on this machine: a test server, whose figures would say nothing of the service"


@dataclass(frozen=True)
class Wish:
    """What the user wants of the services.

    Attributes:
        services: Names, any of SERVICES; the paid ones are called only if they are named here.
        chat_model: Name of the chat model.
        caps: What all calls may come to.
        answers: Directory of the answers and the ledger; created at the first call.
        seed: Seed of the choice of tune reviews.
    """

    services: Sequence[str]
    chat_model: str
    caps: Caps
    answers: Path
    seed: int


@dataclass(frozen=True)
class _Reviews:
    """The features' description, what every bundle keeps of them, and the reviews of tune, select and test."""

    description: Features
    profile: dict[str, bytes]
    tables: dict[str, pd.DataFrame]

    def texts(self, split: str) -> list[str]:
        return self.tables[split]["natural"].tolist()

    def truth(self, split: str) -> NDArray[np.int64]:
        return self.description.task.indices(self.tables[split]["label"].tolist())


def offer_services(features: Path, plan: Path, wish: Wish, candidates: Path) -> None:
    """Writes the candidates that are to be had without training, and the record of every paid service.

    Args:
        features: Directory of features.
        plan: The plan, from define; holds the prices.
        wish: Which services, and how much they may cost.
        candidates: The directory of candidates to write.

    Raises:
        UserError: An endpoint in the environment is unfit, or no price of the chat model is known.
    """
    need, description = read_plan(plan).need, read_features(features)
    tables = {split: read_split(features, split) for split in ("tune", *_ASKED_SPLITS)}
    reviews = _Reviews(description, profile_file(features), tables)
    failures: dict[str, str] = {}
    if "vader" in wish.services:
        try:
            _make_vader(candidates, reviews, need)
        except ServiceError as error:
            failures["vader"] = str(error)
    sample = stratified_sample(tables["tune"], CALIBRATION_ROWS, wish.seed)
    reviews = replace(reviews, tables=tables | {"tune": sample})
    for name in PAID_SERVICES:
        offer = _make_offer(candidates, name, reviews, need, wish)
        if offer.status == "failed":
            failures[name] = offer.reason
        note(f"{name}: {offer.status}, about {offer.price_per_1000_eur:.3g} € per 1,000 reviews")
    write_failures(candidates, failures)


def _make_vader(candidates: Path, reviews: _Reviews, need: Need) -> None:
    with Meter(price_hour_eur=need.prices.cpu_hour_eur) as meter:
        service = Vader()
        answers = _answered(service, reviews.texts("tune"))
        calibrations = _calibrate("vader", answers, reviews)
    files = {name: (package_directory() / name).read_bytes() for name in (LEXICON, EMOJI)}
    selected = _answered(service, reviews.texts("select"))
    notes = describe_neutrals(selected, reviews.truth("select"), len(reviews.description.task.labels), "select")
    for candidate, fitted in calibrations.items():
        _write_bundle(candidates, reviews, candidate, service.identity.version, fitted, meter.usage, files)
        write_record(candidates, candidate, ServiceRecord(notes=tuple(notes)))


def _answered(service: Vader, texts: list[str]) -> list[Answer]:
    progress = tqdm(texts, desc="vader", unit="review", mininterval=1.0)
    return [answer for text in progress for answer in service.ask([text]) if answer is not None]


def _make_offer(candidates: Path, name: PaidName, reviews: _Reviews, need: Need, wish: Wish) -> Offer:
    """Asks a paid service if it is wanted and can be had; writes its record and returns its offer."""
    named = name in wish.services
    access = read_access(name) if named else None
    tariff = tariff_of(name, wish.chat_model, need)
    description = reviews.description
    labels, language = description.task.labels, description.text.language
    service = describe_service(name, access.endpoint if access else "", wish.chat_model, language, labels, tariff)
    if not named:
        return _price_only(candidates, service, reviews, "not named", f"it is called only if services names {name}")
    if access is None:
        return _price_only(
            candidates, service, reviews, "no key", f"set {missing_variables(name)} to have it measured"
        )
    store = AnswerStore(wish.answers)
    try:
        return _ask(candidates, name, service, access, store, reviews, wish.caps, language)
    except CapReachedError as reached:
        return _price_only(candidates, service, reviews, "over the cap", str(reached))
    except ServiceError as error:
        return _price_only(candidates, service, reviews, "failed", str(error))


def _ask(
    candidates: Path,
    name: PaidName,
    service: PaidService,
    access: Access,
    store: AnswerStore,
    reviews: _Reviews,
    caps: Caps,
    language: str,
) -> Offer:
    description = reviews.description
    texts = {split: reviews.texts(split) for split in ("tune", *_ASKED_SPLITS)}
    every = [text for some in texts.values() for text in some]
    wanted = estimate(service, every, store)
    check_estimate(wanted, store, caps)
    open_service(service, access, store, caps)
    with tqdm(total=wanted.reviews, desc=name, unit="review", mininterval=1.0) as progress, Meter() as meter:
        # All at once: split by split, the last batches would not be full, and calls more than estimated.
        answered = dict(zip(every, collect(service, every, store, progress.update), strict=True))
        answers = {split: [answered[text] for text in some] for split, some in texts.items()}
        calibrations = _calibrate(name, answers["tune"], reviews)
    training = Usage(
        seconds=meter.usage.seconds,
        cpu_seconds=meter.usage.cpu_seconds,
        peak_memory_mb=meter.usage.peak_memory_mb,
        cost_eur=sum(map(service.price_eur, texts["tune"])),
    )
    parameters = ServiceParameters(
        service=name,
        model=service.identity.model,
        endpoint=access.endpoint,
        language=language,
        tariff=service.tariff,
        caps=caps,
    )
    calls = store.answered_calls(service.identity)
    notes = describe_neutrals(answers["select"], reviews.truth("select"), len(description.task.labels), "select")
    offer = (
        _offer(service, reviews, "test server", _TEST_SERVER)
        if is_local(access.endpoint)
        else _charged_offer(service, calls)
    )
    record = ServiceRecord(
        offer=offer,
        notes=tuple(notes),
        call_seconds=tuple(call.seconds for call in calls),
        call_reviews=tuple(call.reviews for call in calls),
    )
    for candidate, fitted in calibrations.items():
        _write_bundle(candidates, reviews, candidate, parameters.model, fitted, training, {}, parameters)
        write_answers(candidates, candidate, {split: _as_lists(answers[split]) for split in _ASKED_SPLITS})
        write_record(candidates, candidate, record)
    return offer


def _calibrate(service: str, answers: Sequence[Answer], reviews: _Reviews) -> dict[str, Calibration]:
    """Returns the calibration of each candidate that a service's answers to tune make."""
    description = reviews.description
    weightings: dict[str, tuple[float, ...] | None] = {service: None}
    if description.imbalance == "weights":
        weightings[f"{service}-balanced"] = description.class_weights
    scores, truth, classes = scores_of_answers(answers), reviews.truth("tune"), len(description.task.labels)
    return {candidate: Calibration.fit(scores, truth, weights, classes) for candidate, weights in weightings.items()}


def _price_only(candidates: Path, service: PaidService, reviews: _Reviews, status: OfferStatus, reason: str) -> Offer:
    offer = _offer(service, reviews, status, reason)
    write_record(candidates, offer.service, ServiceRecord(offer=offer))
    return offer


def _offer(service: PaidService, reviews: _Reviews, status: OfferStatus, reason: str = "") -> Offer:
    texts = reviews.texts("select")
    return Offer(
        service=service.identity.service,
        model=service.identity.model,
        status=status,
        reason=reason,
        price_per_1000_eur=1000 * float(np.mean([service.price_eur(text) for text in texts])),
        basis=f"{service.tariff.in_words()}, estimated from the length of this run's {len(texts)} select reviews",
    )


def _charged_offer(service: PaidService, calls: Sequence[Call]) -> Offer:
    """Returns the offer of a service that was asked, at the price that its calls came to."""
    reviews = sum(call.reviews for call in calls)
    return Offer(
        service=service.identity.service,
        model=service.identity.model,
        status="measured",
        price_per_1000_eur=1000 * sum(call.eur for call in calls) / reviews,
        basis=f"{service.tariff.in_words()}, for what {len(calls)} answered calls on {reviews} reviews used",
    )


def _as_lists(answers: Sequence[Answer]) -> list[list[float]]:
    return [list(answer.scores) for answer in answers]


def _write_bundle(
    candidates: Path,
    reviews: _Reviews,
    candidate: str,
    base_model: str,
    fitted: Calibration,
    training: Usage,
    files: dict[str, bytes],
    parameters: ServiceParameters | None = None,
) -> None:
    kind: dict[str, Any] = (
        {"model": "vader", "runtime": "vader", "predictor": "vader", "preprocessing": VaderParameters().model_dump()}
        if parameters is None
        else {
            "model": parameters.service,
            "runtime": "service",
            "predictor": "service",
            "preprocessing": parameters.model_dump(),
        }
    )
    description = reviews.description
    manifest = Manifest(
        candidate=candidate,
        task=description.task,
        base_model=base_model,
        natural_steps=description.natural_steps,
        data_fingerprint=description.data_fingerprint,
        code_fingerprint=description.code_fingerprint,
        training=training,
        **kind,
    )
    files = files | {calibration.FILE: fitted.content()} | reviews.profile
    write_bundle(bundle_directory(candidates, candidate), manifest, files)
