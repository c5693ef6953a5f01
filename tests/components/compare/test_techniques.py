import numpy as np

from builders import measurement
from components.compare.techniques import changes_of_quality, describe_gains
from components.shared.meter import Usage
from components.shared.records.conversions import Conversion, Likeness
from components.shared.records.measurements import Spread


def _measurement(name, chain=(), size=10_000_000, gzip=8_000_000, p50=10.0, speed=100.0):
    return measurement(
        name,
        model=name.split("-")[0],
        chain=chain,
        size_bytes=size,
        gzip_bytes=gzip,
        latency_p50_ms=p50,
        latency_p95_ms=p50,
        reviews_per_second=Spread(median=speed, low=speed, high=speed, repetitions=3),
        startup_seconds=Spread.of([1.0]),
    )


def _conversion(**values):
    defaults = {"agreement": 0.99, "largest_difference": 0.021, "accuracy": 0.6, "float_accuracy": 0.61}
    defaults |= {"reviews": 300, "sparsity": 0.5, "distinct_weights": 32, "usage": Usage(seconds=3.0)}
    return Conversion(**(defaults | values))


def _gains(measured, quality=0.5, noise=0.0, conversions=None):
    qualities = {one.candidate: quality if one.chain else 0.5 for one in measured}
    spread = noise * np.linspace(-1, 1, 101)
    samples = {name: value + (spread if value != 0.5 else 0 * spread) for name, value in qualities.items()}
    changes = changes_of_quality(measured, qualities, samples)
    return {gain.candidate: gain for gain in describe_gains(measured, changes, conversions or {})}


def _gain(child, **options):
    return _gains([_measurement("lstm"), child], **options)[child.candidate]


def test_a_technique_that_changes_nothing_is_said_to_have_brought_nothing_on_this_run_time():
    gain = _gain(_measurement("lstm-float16", ("float16",), size=9_900_000, p50=9.5, speed=105.0))
    assert gain.nothing
    assert {gain.disk, gain.gzip, gain.one_review, gain.many_reviews} == {"no gain"}
    assert gain.quality_in_words == "no difference shown"
    assert gain.words == ("It brought nothing on litert: neither smaller nor faster nor better.",)


def test_a_smaller_and_faster_model_is_told_by_how_much():
    child = _measurement("lstm-dynamic", ("dynamic",), size=2_500_000, gzip=2_000_000, p50=5.0, speed=300.0)
    gain = _gain(child)
    assert not gain.nothing
    assert (gain.disk, gain.gzip) == ("4.0× smaller", "4.0× smaller")
    assert (gain.one_review, gain.many_reviews) == ("2.0× faster", "3.0× faster")
    assert gain.words == ()


def test_zeros_that_only_compress_are_said_to_bring_only_compressed_size():
    child = _measurement("lstm-prune", ("prune",), gzip=4_000_000)
    gain = _gain(child, conversions={"lstm-prune": _conversion()})
    assert not gain.nothing
    assert gain.disk == "no gain"
    assert gain.words[-1] == (
        "50% of its weights are zero: against lstm that brings only compressed size (2.0 times smaller) on litert."
    )


def test_clusters_are_compared_with_the_same_chain_without_them():
    measured = [
        _measurement("lstm"),
        _measurement("lstm-dynamic", ("dynamic",), size=2_500_000, gzip=2_000_000, p50=5.0),
        _measurement("lstm-cluster-dynamic", ("cluster", "dynamic"), size=2_500_000, gzip=1_000_000, p50=5.0),
    ]
    gain = _gains(measured, conversions={"lstm-cluster-dynamic": _conversion()})["lstm-cluster-dynamic"]
    assert gain.words[-1] == (
        "Its matrices have 32 distinct weights in the median: against lstm-dynamic that brings only compressed size "
        "(2.0 times smaller) on litert."
    )


def test_zeros_that_bring_nothing_or_more_than_compression_are_told_as_such():
    assert _gain(_measurement("lstm-prune", ("prune",))).words[-1].endswith("that brings nothing on litert.")
    faster = _gain(_measurement("lstm-prune", ("prune",), p50=5.0, gzip=4_000_000)).words[-1]
    assert "only" not in faster
    assert faster.endswith("compressed size (2.0 times smaller), time for one review (2.0 times faster) on litert.")


def test_what_follows_a_chain_whose_shorter_one_was_not_measured_is_left_unsaid():
    assert _gain(_measurement("lstm-prune-dynamic", ("prune", "dynamic"), size=1)).words == ()


def test_a_slower_model_is_said_to_be_slower_than_float_on_this_run_time():
    gain = _gain(_measurement("lstm-int8", ("int8",), p50=20.0, speed=50.0))
    assert (gain.one_review, gain.many_reviews) == ("2.0× slower", "2.0× slower")
    assert gain.words[-1] == "Slower than float on litert: one review 2.0 times, many reviews 2.0 times."
    assert gain.nothing


def test_speeds_whose_spreads_overlap_are_no_gain():
    child = _measurement("lstm-dynamic", ("dynamic",), speed=150.0)
    wide = child.model_copy(update={"reviews_per_second": Spread(median=150.0, low=90.0, high=200.0, repetitions=3)})
    assert _gain(child).many_reviews == "1.5× faster"
    assert _gain(wide).many_reviews == "no gain"


def test_two_run_times_are_both_named():
    child = _measurement("lstm-prune", ("prune",), gzip=4_000_000).model_copy(update={"runtime": "onnxruntime"})
    assert _gain(child).words[-1].endswith("(2.0 times smaller) on onnxruntime (lstm on litert).")


def test_the_record_of_the_conversion_stands_beside_and_its_notes_are_told():
    conversion = _conversion(notes=("The classifier stays in float.",))
    gain = _gain(_measurement("lstm-dynamic", ("dynamic",), size=1), conversions={"lstm-dynamic": conversion})
    assert gain.likeness == Likeness(agreement=0.99, largest_difference=0.021)
    assert gain.words == ("The classifier stays in float.",)


def test_the_likeness_is_that_of_the_run_time_that_was_measured():
    on_onnx = Likeness(agreement=0.9, largest_difference=0.2)
    child = _measurement("lstm-dynamic", ("dynamic",)).model_copy(update={"runtime": "onnxruntime"})
    assert _gain(child, conversions={"lstm-dynamic": _conversion(onnxruntime=on_onnx)}).likeness == on_onnx
    assert _gain(child, conversions={"lstm-dynamic": _conversion()}).likeness is None


def test_lost_and_gained_quality_are_told_from_no_difference():
    child = _measurement("lstm-int8", ("int8",))
    assert _gain(child, quality=0.4).quality_in_words == "worse"
    assert _gain(child, quality=0.6).quality_in_words == "better"
    assert _gain(child, quality=0.51, noise=0.1).quality_in_words == "no difference shown"


def test_candidates_without_a_measured_parent_are_left_out():
    orphan = _measurement("lstm-prune", ("prune",))
    assert describe_gains([orphan], {}, {}) == []


def test_techniques_are_compared_with_the_model_they_were_applied_to_not_with_its_variants():
    measured = [_measurement("lstm"), _measurement("lstm-dynamic", ("dynamic",)), _measurement("lstm-random-tuned")]
    assert [gain.parent for gain in _gains(measured).values()] == ["lstm"]
