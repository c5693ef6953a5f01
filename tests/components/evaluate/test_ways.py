import json

import pytest

from components.evaluate import bench, machine
from components.evaluate.evaluation import evaluate_candidates
from components.evaluate.processes import MeasuringFailedError
from components.evaluate.trying import NEAR_TIE, WAYS, Way, executions, preferred, simplest_first, try_ways
from components.evaluate.ways import choose_way
from components.shared.bundle import load_bundle, read_manifest, write_bundle
from components.shared.predictors.running import Execution
from components.shared.records.candidates import bundle_directory, onnx_directory, write_no_onnx
from components.shared.records.measurements import read_measurements


@pytest.fixture
def candidate(trained, tmp_path):
    """A bundle said to be for LiteRT, and one said to be for ONNX Runtime beside it; both are quick in truth."""
    source = bundle_directory(trained.sources[0], "majority")
    candidates = tmp_path / "candidates"
    for runtime, directory in (("litert", bundle_directory), ("onnxruntime", onnx_directory)):
        manifest = read_manifest(source).model_copy(update={"runtime": runtime})
        write_bundle(directory(candidates, "majority"), manifest, {})
    return candidates


@pytest.fixture
def texts(tmp_path):
    path = tmp_path / "texts.json"
    path.write_text(json.dumps({"select": ["nice", "awful"] * 10, "test": []}))
    return path


def _runs(speeds):
    """Returns what stands for processes: it writes how fast each directory is, or raises what it is given."""

    def run(command):
        options = dict(zip(command[3::2], command[4::2], strict=True))
        answer = speeds[options["--bundle"].rpartition("/")[2]]
        if isinstance(answer, Exception):
            raise answer
        with open(options["--ways"], "wb") as file:
            file.write(WAYS.dump_json(answer))

    return run


def _way(rate, p95=1.0, **execution):
    return Way(execution=Execution(**execution), reviews_per_second=rate, p95_ms=p95)


def test_the_fastest_run_time_and_its_threads_are_taken(candidate, texts):
    speeds = {
        "bundle": [_way(100, threads=1), _way(150, threads=2)],
        "onnx": [_way(90), _way(210, threads=1, workers=2)],
    }
    directory, execution, tried = choose_way(bundle_directory(candidate, "majority"), texts, _runs(speeds))
    assert directory == onnx_directory(candidate, "majority")
    assert execution == Execution(threads=1, workers=2)
    assert [one.reviews_per_second for one in tried] == [100, 150, 90, 210]
    assert [one.runtime for one in tried] == ["litert"] * 2 + ["onnxruntime"] * 2


def test_a_near_tie_goes_to_the_candidates_own_run_time(candidate, texts):
    own, other = bundle_directory(candidate, "majority"), onnx_directory(candidate, "majority")
    for rate, chosen in ((100 / (1 - NEAR_TIE) - 1, own), (100 / (1 - NEAR_TIE) + 1, other)):
        speeds = {"bundle": [_way(100, threads=2)], "onnx": [_way(rate, threads=1)]}
        assert choose_way(own, texts, _runs(speeds))[0] == chosen


def test_a_near_tie_of_one_run_time_goes_to_fewer_workers_and_threads_and_the_usual_batch(candidate, texts):
    ways = [
        _way(110, threads=1, workers=2, batch_size=8),
        _way(100, threads=1, workers=2),
        _way(100, threads=2, batch_size=4),
        _way(100, threads=2),
        _way(100, threads=1, batch_size=16),
        _way(100, threads=1, batch_size=4),
        _way(100, threads=1),
    ]
    for left in range(len(ways), 0, -1):
        speeds = {"bundle": ways[:left], "onnx": [_way(1)]}
        _, execution, _ = choose_way(bundle_directory(candidate, "majority"), texts, _runs(speeds))
        assert execution == ways[left - 1].execution


def test_noise_within_the_tolerance_leaves_the_choice_as_it_is(candidate, texts):
    bundle, chosen = bundle_directory(candidate, "majority"), set()
    for noise in (0.91, 1.0, 1.09):
        for other in (0.91, 1.0, 1.09):
            speeds = {
                "bundle": [_way(60 * noise, threads=1), _way(100 * other, threads=1, workers=2)],
                "onnx": [_way(55 * other, threads=1), _way(104 * noise, threads=2)],
            }
            directory, execution, _ = choose_way(bundle, texts, _runs(speeds))
            chosen.add((directory.name, execution.workers, execution.threads))
    assert chosen == {("bundle", 2, 1)}


def test_near_ties_are_held_against_the_fastest_and_not_one_against_the_next():
    row = [_way(100 * 0.9**step) for step in range(6, -1, -1)]
    assert preferred(row).reviews_per_second >= (1 - NEAR_TIE) * 100
    assert preferred(row).reviews_per_second < 90


def test_a_way_that_is_faster_by_far_is_taken_whatever_it_takes():
    ways = simplest_first([_way(300, threads=1, workers=4), _way(100, threads=1)])
    assert [way.reviews_per_second for way in ways] == [100, 300]
    assert preferred(ways).execution.workers == 4


def test_a_run_time_that_crashes_is_noted_and_the_other_taken(candidate, texts):
    speeds = {"bundle": MeasuringFailedError("its process was ended by SIGSEGV"), "onnx": [_way(5)]}
    directory, _, tried = choose_way(bundle_directory(candidate, "majority"), texts, _runs(speeds))
    assert directory == onnx_directory(candidate, "majority")
    assert tried[0].note == "its process was ended by SIGSEGV" and tried[0].reviews_per_second is None


def test_a_candidate_that_works_nowhere_fails_with_both_reasons(candidate, texts):
    speeds = {"bundle": MeasuringFailedError("no kernel"), "onnx": MeasuringFailedError("invalid node")}
    with pytest.raises(MeasuringFailedError, match="no kernel; invalid node"):
        choose_way(bundle_directory(candidate, "majority"), texts, _runs(speeds))


def test_why_there_is_no_version_for_onnx_runtime_is_among_what_was_tried(candidate, texts):
    onnx = onnx_directory(candidate, "majority")
    onnx.rename(onnx.with_name("away"))
    write_no_onnx(candidate, "majority", "no float16\nkernels")
    directory, _, tried = choose_way(bundle_directory(candidate, "majority"), texts, _runs({"bundle": [_way(1)]}))
    assert directory == bundle_directory(candidate, "majority")
    assert (tried[-1].runtime, tried[-1].note) == ("onnxruntime", "no float16 kernels")


def test_a_model_without_a_choice_of_run_time_is_not_tried(trained, texts):
    bundle = bundle_directory(trained.sources[0], "logistic")
    assert choose_way(bundle, texts, _runs({})) == (bundle, None, ())


def test_one_processor_leaves_nothing_to_share():
    assert executions(1) == [Execution(threads=1)]
    assert executions(4) == [Execution(threads=1), Execution(threads=4), Execution(threads=1, workers=4)]


def test_threads_are_tried_before_batch_sizes(tiny):
    bundle = bundle_directory(tiny.trained, "lstm")
    ways = try_ways(bundle, tiny.texts * 4, 2)
    assert [way.execution for way in ways[:3]] == executions(2)
    sizes = load_bundle(bundle).batch_sizes
    assert [way.execution.batch_size for way in ways[3:]] == list(sizes)
    assert all(way.reviews_per_second > 0 and way.p95_ms > 0 for way in ways)


def test_evaluate_measures_the_way_that_it_chose(trained, candidate, tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "_SAMPLE_SECONDS", 0.01)
    monkeypatch.setattr(bench, "_STARTS", 1)
    evaluate_candidates(
        trained.features, trained.plan, [candidate], tmp_path / "none", 5, 0, tmp_path / "measured", 1
    )
    (one,) = read_measurements(tmp_path / "measured").candidates
    best = max(one.tried, key=lambda way: way.reviews_per_second)
    assert {way.runtime for way in one.tried} == {"litert", "onnxruntime"}
    assert one.runtime in ("litert", "onnxruntime") and one.threads >= 1
    assert best.reviews_per_second > 0 and 0 < one.loaded_memory_mb <= one.peak_memory_mb
