"""Small records for tests that are about some of their fields."""

from typing import Any

from components.shared.meter import Usage
from components.shared.records.conversions import Conversion
from components.shared.records.measurements import Measurement, Spread


def measurement(candidate: str = "lstm", **values: Any) -> Measurement:
    """Returns a measurement of ones, but for the given values."""
    plain: dict[str, Any] = {
        "candidate": candidate,
        "model": "lstm",
        "chain": (),
        "base_model": "none",
        "runtime": "litert",
        "content": candidate,
        "size_bytes": 1,
        "gzip_bytes": 1,
        "latency_reviews": 1,
        "latency_p50_ms": 1.0,
        "latency_p95_ms": 1.0,
        "reviews_per_second": Spread.of([1.0]),
        "peak_memory_mb": 1.0,
        "startup_seconds": None,
        "cpu_seconds": 1.0,
        "training": Usage(),
        "load_average": 0.0,
        "busy_share": 0.0,
    }
    return Measurement(**(plain | values))


def conversion(**values: Any) -> Conversion:
    """Returns the record of a conversion that kept most labels, but for the given values."""
    plain: dict[str, Any] = {
        "agreement": 0.98,
        "largest_difference": 0.03,
        "accuracy": 0.6,
        "float_accuracy": 0.61,
        "reviews": 300,
        "sparsity": 0.5,
        "distinct_weights": 32,
        "usage": Usage(seconds=36.0),
    }
    return Conversion(**(plain | values))
