"""Measures a paid service from what was bought: its answers, and the times of the calls that brought them."""

from pathlib import Path

import numpy as np

from components.shared.bundle import content_fingerprint, load_bundle, read_manifest
from components.shared.errors import UserError
from components.shared.records.measurements import Measurement, Spread
from components.shared.services.predictors import ServicePredictor
from components.shared.services.record import ServiceRecord, read_answers


def measure_service(name: str, bundle: Path, record: ServiceRecord, predictions: Path) -> Measurement:
    """Writes the predictions of a paid service and returns its figures; nothing is called.

    Args:
        name: Identifier of the candidate.
        bundle: Its bundle; the answers are beside it.
        record: What off_the_shelf told of it; its offer is there.
        predictions: File to write, see components/shared/records/measurements.py.

    Raises:
        UserError: The bundle cannot be loaded, or no call is on record.
    """
    manifest, predictor, offer = read_manifest(bundle), load_bundle(bundle), record.offer
    if not isinstance(predictor, ServicePredictor) or offer is None:
        raise UserError(f"{bundle}: not the bundle of a paid service")
    if not record.call_seconds:
        raise UserError(f"{name}: no answered call is on record, so there is nothing to tell of its speed")
    answers = read_answers(bundle.parent)
    np.savez(
        predictions,
        allow_pickle=False,
        **{split: predictor.calibrate(scores) for split, scores in answers.items()},
    )
    milliseconds = np.array(record.call_seconds) * 1000
    rates = np.array(record.call_reviews) / np.array(record.call_seconds)
    most = max(record.call_reviews)
    times = (
        f"its times are those of {len(milliseconds)} real calls of up to {most} reviews, one after the other, over "
        "the network; answers from the cache are not among them; its size and memory are not measured"
    )
    return Measurement(
        candidate=name,
        model=manifest.model,
        chain=manifest.chain,
        base_model=manifest.base_model,
        runtime=manifest.runtime,
        content=content_fingerprint(manifest),
        size_bytes=None,
        gzip_bytes=None,
        latency_reviews=len(milliseconds),
        latency_p50_ms=float(np.quantile(milliseconds, 0.5)),
        latency_p95_ms=float(np.quantile(milliseconds, 0.95)),
        latency_p99_ms=float(np.quantile(milliseconds, 0.99)),
        latency_timings=len(milliseconds),
        reviews_per_second=Spread.of(rates.tolist()),
        peak_memory_mb=None,
        startup_seconds=None,
        cpu_seconds=None,
        training=manifest.training,
        price_per_1000_eur=offer.price_per_1000_eur,
        load_average=None,
        busy_share=None,
        notes=(times, *record.notes),
    )
