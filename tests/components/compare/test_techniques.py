import numpy as np

from components.compare.selection import Candidate
from components.compare.techniques import describe_gains
from components.shared.measurements import Measurement, Spread
from components.shared.meter import Usage


def _measurement(name, chain=(), size=10_000_000, gzip=8_000_000, p50=10.0):
    return Measurement(
        candidate=name,
        model=name.split("-")[0],
        chain=chain,
        base_model="none",
        runtime="litert",
        content=name,
        size_bytes=size,
        gzip_bytes=gzip,
        latency_reviews=1,
        latency_p50_ms=p50,
        latency_p95_ms=p50,
        reviews_per_second=Spread(median=1.0, low=1.0, high=1.0, repetitions=3),
        peak_memory_mb=1.0,
        startup_seconds=Spread.of([1.0]),
        cpu_seconds=1.0,
        training=Usage(),
        load_average=0.0,
        busy_share=0.0,
    )


def _gain(child, quality=0.5, noise=0.0):
    parent = _measurement("lstm")
    values = {"macro_f1": 0.5, "average_error": 0.0, "p95_ms": 1.0, "memory_mb": 1.0, "size_mb": 1.0, "cost_eur": 1.0}
    candidates = {
        "lstm": Candidate(name="lstm", quality=0.5, **values),
        child.candidate: Candidate(name=child.candidate, quality=quality, **values),
    }
    spread = noise * np.linspace(-1, 1, 101)
    samples = {"lstm": np.full(101, 0.5), child.candidate: quality + spread}
    return describe_gains([parent, child], candidates, samples)[0]


def test_a_technique_that_changes_nothing_is_said_to_have_brought_nothing():
    gain = _gain(_measurement("lstm-prune", ("prune",), size=9_900_000, p50=9.5))
    assert gain.nothing
    assert [word for word in gain.words if "no gain" in word] == list(gain.words[1:])
    assert "no difference shown" in gain.words[0]


def test_a_smaller_and_faster_model_is_told_by_how_much():
    gain = _gain(_measurement("lstm-dynamic", ("dynamic",), size=2_500_000, gzip=2_000_000, p50=5.0))
    assert not gain.nothing
    assert gain.words[1:] == (
        "On disk: 4.0 times smaller (2.5 MB, was 10 MB).",
        "Compressed with gzip: 4.0 times smaller (2 MB, was 8 MB).",
        "One review: 2.0 times faster (5 ms, was 10 ms).",
    )


def test_a_gain_only_when_compressed_is_a_gain():
    gain = _gain(_measurement("lstm-prune", ("prune",), gzip=4_000_000))
    assert not gain.nothing
    assert "On disk: no gain" in gain.words[1]


def test_a_slower_model_is_said_to_be_slower():
    gain = _gain(_measurement("lstm-int8", ("int8",), p50=20.0))
    assert gain.words[3] == "One review: 2.0 times slower (20 ms, was 10 ms)."
    assert gain.nothing


def test_lost_and_gained_quality_are_told_from_no_difference():
    child = _measurement("lstm-int8", ("int8",))
    assert "worse" in _gain(child, quality=0.4).words[0]
    assert "better" in _gain(child, quality=0.6).words[0]
    assert "no difference" in _gain(child, quality=0.51, noise=0.1).words[0]


def test_candidates_without_a_measured_parent_are_left_out():
    orphan = _measurement("lstm-prune", ("prune",))
    assert describe_gains([orphan], {}, {}) == []


def test_techniques_are_compared_with_the_model_they_were_applied_to_not_with_its_variants():
    measured = [_measurement("lstm"), _measurement("lstm-dynamic", ("dynamic",)), _measurement("lstm-random-tuned")]
    values = {"macro_f1": 0.5, "average_error": 0.0, "p95_ms": 1.0, "memory_mb": 1.0, "size_mb": 1.0, "cost_eur": 1.0}
    candidates = {one.candidate: Candidate(name=one.candidate, quality=0.5, **values) for one in measured}
    samples = {name: np.full(101, 0.5) for name in candidates}
    assert [gain.parent for gain in describe_gains(measured, candidates, samples)] == ["lstm"]
