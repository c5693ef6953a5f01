"""A fine-tuned tiny DistilBERT whose words can be cut into letters, and what the shrinking step makes of it."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.finetune_distilbert.finetuning import DistilBertSettings, finetune
from components.prune.pruning import PruningSettings, prune_candidates
from components.quantize.quantization import QuantizationSettings, quantize_candidates
from components.shared.records.candidates import list_bundles
from components.shared.records.plan import Cell, Plan, read_plan
from components.shared.training.finetuning import Finetuning
from components.shrink.retraining import Retraining
from components.shrink.shrinking import ShrinkSettings, shrink_candidates

_CHAINS = (
    ("trim",),
    ("layers",),
    ("layers", "trim"),
    ("width",),
    ("layers", "width"),
    ("trim", "prune"),
    ("trim", "prune", "dynamic"),
    ("trim", "dynamic"),
    ("layers", "dynamic"),
    ("layers", "trim", "dynamic"),
    ("width", "dynamic"),
)
_UNUSED = ("zebra", "quilted", "##zy")
_SETTINGS = ShrinkSettings(
    kept_layers=1,
    kept_head_share=0.5,
    kept_neuron_share=0.5,
    minimum_piece_count=1,
    retraining=Retraining(rows=200, epochs=3, learning_rate=0, soft_label_weight=0.5, seed=1),
)


@dataclass(frozen=True)
class Optimised:
    """Where the steps left their candidates."""

    features: Path
    plan: Path
    trained: Path
    shrunk: Path
    pruned: Path
    quantized: Path

    def bundles(self) -> dict[str, Path]:
        """Returns candidate -> bundle, of all steps."""
        sources = (self.trained, self.shrunk, self.pruned, self.quantized)
        return {name: path for source in sources for name, path in list_bundles(source).items()}


@pytest.fixture(scope="session")
def optimised(trained: Any, pretrained: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Optimised:
    root = tmp_path_factory.mktemp("shrunk")
    base = _with_more_pieces(pretrained["distilbert"], root / "base")
    other = read_plan(trained.plan)
    cells = tuple(Cell(model="distilbert", chain=chain) for chain in ((), *_CHAINS))
    plan = Plan(need=other.need, models=("distilbert",), cells=cells, code_fingerprint=other.code_fingerprint)
    (root / "plan.json").write_text(plan.model_dump_json(), encoding="utf-8")
    result = Optimised(trained.features, root / "plan.json", *(root / name for name in "tspq"))
    settings = DistilBertSettings(
        base_model=str(base),
        max_length=24,
        train_rows=0,
        epochs=3,
        patience=3,
        batch_size=16,
        learning_rate=3e-3,
        seed=1,
    )
    finetune(trained.features, result.plan, settings, result.trained)
    given: dict[str, Any] = {
        "model": "distilbert",
        "features": trained.features,
        "plan": result.plan,
        "accuracy_floor": 0.5,
    }
    sources = [result.trained]
    shrink_candidates(**given, sources=sources, settings=_SETTINGS, destination=result.shrunk)
    given["finetuning"] = Finetuning(rows=96, epochs=1, learning_rate=0, seed=1)
    pruning = PruningSettings(sparsity=0.5, schedule="polynomial", layers=["*"], kept_in_float=[])
    sources = [result.trained, result.shrunk]
    prune_candidates(**given, sources=sources, settings=pruning, destination=result.pruned)
    quantization = QuantizationSettings(calibration_rows=20, per_channel=True, kept_in_float=[], aware_steps=0)
    sources = [result.trained, result.shrunk, result.pruned]
    quantize_candidates(**given, aware=False, sources=sources, settings=quantization, destination=result.quantized)
    return result


def _with_more_pieces(source: Path, destination: Path) -> Path:
    """Copies a model and adds letters, and words that no review uses, to its vocabulary."""
    from safetensors.numpy import load_file, save_file
    from transformers import DistilBertTokenizerFast

    shutil.copytree(source, destination)
    vocabulary = (source.parent / "vocab.txt").read_text(encoding="utf-8").split()
    letters = "abcdefghijklmnopqrstuvwxyz"
    more = [*letters, *(f"##{letter}" for letter in letters), *_UNUSED]
    vocabulary += [piece for piece in more if piece not in vocabulary]
    (destination / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    DistilBertTokenizerFast(str(destination / "vocab.txt")).save_pretrained(destination)
    weights = load_file(destination / "model.safetensors")
    vectors = np.random.default_rng(1).normal(0, 0.2, (len(vocabulary), 32)).astype(np.float32)
    name = "embeddings.word_embeddings.weight"
    vectors[: len(weights[name])] = weights[name]
    save_file(weights | {name: vectors}, destination / "model.safetensors")
    config = json.loads((destination / "config.json").read_text(encoding="utf-8"))
    (destination / "config.json").write_text(json.dumps(config | {"vocab_size": len(vocabulary)}), encoding="utf-8")
    return destination
