"""The model file of a bundle, in the run time that it is for."""

from pathlib import Path

from components.shared.predictors.litert import LiteRtModel
from components.shared.predictors.onnx_runtime import OnnxModel
from components.shared.predictors.running import Execution, Model, Runner

#: Run times of the deep models, in the order in which they are tried.
RUNTIMES = ("litert", "onnxruntime")
LITERT_FILE, ONNX_FILE = "model.tflite", "model.onnx"


def load_runner(directory: Path, execution: Execution) -> Runner:
    """Returns what runs the model of a bundle."""

    def load(threads: int) -> Model:
        if (directory / ONNX_FILE).is_file():
            return OnnxModel(directory / ONNX_FILE, threads)
        return LiteRtModel(directory / LITERT_FILE, threads)

    return Runner(load, execution)
