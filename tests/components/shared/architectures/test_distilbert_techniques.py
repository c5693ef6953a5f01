"""Every technique on a fine-tuned tiny DistilBERT, through the steps that the pipeline runs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.cluster.clustering import ClusteringSettings, cluster_candidates
from components.finetune_distilbert.finetuning import DistilBertSettings, finetune
from components.prune.pruning import PruningSettings, prune_candidates
from components.quantize.quantization import QuantizationSettings, quantize_candidates
from components.shared.architectures.litert_conversion import stored_matrices
from components.shared.bundle import load_bundle, read_manifest
from components.shared.records.candidates import checkpoint_directory, list_bundles, read_failures
from components.shared.records.conversions import read_conversions
from components.shared.records.features import read_split
from components.shared.records.plan import Cell, Plan, read_plan
from components.shared.training.checkpoints import load_checkpoint
from components.shared.training.finetuning import Finetuning

_CHAINS = (
    ("dynamic",),
    ("float16",),
    ("int8",),
    ("qat",),
    ("prune",),
    ("prune", "int8"),
    ("cluster",),
    ("cluster", "dynamic"),
    ("prune", "cluster"),
    ("prune", "cluster", "dynamic"),
    ("prune", "cluster", "qat"),
)
_QUANTIZATION = QuantizationSettings(calibration_rows=20, per_channel=True, kept_in_float=[], aware_steps=0)


@dataclass(frozen=True)
class Optimised:
    """Directories of candidates, one a step."""

    features: Path
    trained: Path
    pruned: Path
    clustered: Path
    quantized: Path
    aware: Path

    def sources(self) -> list[Path]:
        return [self.trained, self.pruned, self.clustered, self.quantized, self.aware]

    def bundles(self) -> dict[str, Path]:
        return {name: path for source in self.sources() for name, path in list_bundles(source).items()}

    def kernels(self, candidate: str) -> list[Any]:
        """Returns the kernels of the compressible layers, from the candidate's checkpoint."""
        directory = next(
            path for source in self.sources() if (path := checkpoint_directory(source, candidate)).is_dir()
        )
        checkpoint = load_checkpoint(directory)
        layers = checkpoint.architecture.compressible_layers(checkpoint.build())
        return [checkpoint.weights[f"{layer}/0"] for layer in layers]


@pytest.fixture(scope="module")
def optimised(trained: Any, pretrained: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Optimised:
    root = tmp_path_factory.mktemp("optimised")
    other = read_plan(trained.plan)
    cells = tuple(Cell(model="distilbert", chain=chain) for chain in ((), *_CHAINS))
    plan = Plan(need=other.need, models=("distilbert",), cells=cells, code_fingerprint=other.code_fingerprint)
    plan_path = root / "plan.json"
    plan_path.write_text(plan.model_dump_json(), encoding="utf-8")
    result = Optimised(trained.features, *(root / name for name in ("trained", "p", "c", "q", "aware")))
    settings = DistilBertSettings(
        base_model=str(pretrained["distilbert"]),
        max_length=24,
        train_rows=0,
        epochs=4,
        patience=2,
        batch_size=16,
        learning_rate=3e-3,
        seed=1,
    )
    finetune(trained.features, plan_path, settings, result.trained)
    training_on = Finetuning(rows=96, epochs=2, learning_rate=0, seed=1)
    common: dict[str, Any] = {
        "model": "distilbert",
        "features": trained.features,
        "plan": plan_path,
        "finetuning": training_on,
        "accuracy_floor": 0.0,
    }
    pruning = PruningSettings(sparsity=0.5, schedule="polynomial", layers=["*"], kept_in_float=[])
    prune_candidates(**common, sources=[result.trained], settings=pruning, destination=result.pruned)
    clustering = ClusteringSettings(clusters=16, initialization="kmeans++", preserve_sparsity=True, kept_in_float=[])
    sources = [result.trained, result.pruned]
    cluster_candidates(**common, sources=sources, settings=clustering, destination=result.clustered)
    parents = [result.trained, result.pruned, result.clustered]
    for aware, destination in ((False, result.quantized), (True, result.aware)):
        quantize_candidates(**common, aware=aware, sources=parents, settings=_QUANTIZATION, destination=destination)
    return result


def test_every_planned_chain_becomes_a_bundle(optimised: Optimised) -> None:
    failures = [read_failures(source) for source in optimised.sources()]
    assert not any(failures)
    assert set(optimised.bundles()) == {"-".join(("distilbert", *chain)) for chain in ((), *_CHAINS)}


def test_pruned_kernels_stay_half_zero_when_clustered(optimised: Optimised) -> None:
    for candidate in ("distilbert-prune", "distilbert-prune-cluster"):
        for kernel in optimised.kernels(candidate):
            assert 0.45 < (kernel == 0).mean() < 0.6


def test_clustered_kernels_have_few_values(optimised: Optimised) -> None:
    for candidate in ("distilbert-cluster", "distilbert-prune-cluster"):
        assert max(len(np.unique(kernel)) for kernel in optimised.kernels(candidate)) <= 17


@pytest.mark.parametrize("candidate", ["distilbert-prune-int8", "distilbert-prune-cluster-qat"])
def test_zeros_survive_quantisation(optimised: Optimised, candidate: str) -> None:
    assert 0.45 < read_conversions(optimised.sources())[candidate].sparsity < 0.6


@pytest.mark.parametrize(
    "candidate", ["distilbert-cluster-dynamic", "distilbert-prune-cluster-dynamic", "distilbert-prune-cluster-qat"]
)
def test_each_channel_has_no_more_values_after_quantisation_than_there_were_clusters(
    optimised: Optimised, candidate: str
) -> None:
    for matrix in stored_matrices((optimised.bundles()[candidate] / "model.tflite").read_bytes()):
        assert max(len(np.unique(channel)) for channel in matrix) <= 17


def test_records_say_what_int8_and_aware_training_do_otherwise(optimised: Optimised) -> None:
    records = read_conversions(optimised.sources())
    assert any("attention, layer norms and GELU" in note for note in records["distilbert-int8"].notes)
    assert any("then converted as dynamic" in note for note in records["distilbert-qat"].notes)
    assert records["distilbert-cluster"].distinct_weights <= 17
    assert records["distilbert-dynamic"].distinct_weights > 100


def test_optimised_models_stay_near_the_one_they_come_from(optimised: Optimised) -> None:
    texts = read_split(optimised.features, "select")["natural"].tolist()
    bundles = optimised.bundles()
    parent = load_bundle(bundles["distilbert"]).predict(texts)
    for candidate in ("distilbert-dynamic", "distilbert-float16", "distilbert-int8", "distilbert-qat"):
        predicted = load_bundle(bundles[candidate]).predict(texts)
        assert (predicted.argmax(axis=1) == parent.argmax(axis=1)).mean() > 0.85, candidate


def test_quantised_models_are_smaller(optimised: Optimised) -> None:
    bytes_of = {name: read_manifest(path).files["model.tflite"].bytes for name, path in optimised.bundles().items()}
    for candidate in ("distilbert-dynamic", "distilbert-int8", "distilbert-qat", "distilbert-prune-int8"):
        assert bytes_of[candidate] < 0.75 * bytes_of["distilbert"], candidate


def test_the_cost_of_a_chain_includes_the_training_of_its_parent(optimised: Optimised) -> None:
    seconds = {name: read_manifest(path).training.seconds for name, path in optimised.bundles().items()}
    assert seconds["distilbert"] < seconds["distilbert-prune"] < seconds["distilbert-prune-int8"]
