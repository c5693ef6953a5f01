import numpy as np
import pytest

from builders import measurement
from components.evaluate.select_figures import select_figures
from components.shared.meter import Usage
from components.shared.metrics import quality
from components.shared.records.features import DESCRIPTION, read_features, read_split
from components.shared.records.measurements import (
    MEASUREMENTS,
    Champion,
    Machine,
    Measurements,
    predictions_path,
)


def _measurement(name):
    return measurement(name, model=name, runtime="scikit-learn", training=Usage(seconds=1.0))


@pytest.fixture
def measured(trained, tmp_path):
    """Measurements of one candidate and the champion, with the candidate's probabilities on select."""
    probabilities = np.random.default_rng(0).dirichlet(np.ones(5), len(read_split(trained.features, "select")))
    for name in ("logistic", "champion"):
        predictions_path(tmp_path, name).parent.mkdir(exist_ok=True)
        np.savez(predictions_path(tmp_path, name), select=probabilities.astype(np.float32))
    measurements = Measurements(
        machine=Machine(processor="p", cores=1, memory_mb=1, flags=(), system="s", python="3"),
        candidates=(_measurement("logistic"),),
        failures={},
        champion=Champion(status="measured"),
        champion_measurement=_measurement("champion"),
    )
    (tmp_path / MEASUREMENTS).write_text(measurements.model_dump_json())
    return tmp_path, probabilities.astype(np.float32)


def test_every_candidate_and_the_champion_have_the_figures_of_the_comparison(trained, measured):
    directory, probabilities = measured
    task = read_features(trained.features).task
    truth = task.indices(read_split(trained.features, "select")["label"].tolist())
    expected = quality(truth, probabilities, np.array(task.scores))
    found = select_figures(trained.features, directory)
    for name in ("logistic", "champion"):
        assert found[f"{name}: macro-F1"] == expected.macro_f1
        assert found[f"{name}: quadratic kappa"] == expected.quadratic_kappa
        assert found[f"{name}: error of average"] == expected.average_error


def test_what_labels_without_an_order_do_not_have_is_left_out(trained, measured, tmp_path):
    features = tmp_path / "features"
    features.mkdir()
    for path in trained.features.iterdir():
        if path.is_file():
            (features / path.name).write_bytes(path.read_bytes())
    description = read_features(features)
    task = description.task.model_copy(update={"ordered": False})
    (features / DESCRIPTION).write_text(description.model_copy(update={"task": task}).model_dump_json())
    found = select_figures(features, measured[0])
    assert "logistic: macro-F1" in found
    assert "logistic: quadratic kappa" not in found
