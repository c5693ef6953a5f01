"""Compiles every pipeline to YAML: `python pipelines/compile.py --output build`."""

import argparse
import sys
from itertools import dropwhile
from pathlib import Path

# Run as a file, Python looks for packages beside the file; the project's are one level up.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from kfp import compiler
from kfp.dsl.base_component import BaseComponent

from pipelines.training import training_pipeline

#: File name (without .yaml) -> pipeline.
PIPELINES: dict[str, BaseComponent] = {"training": training_pipeline}


def compile_pipelines(output: Path) -> list[Path]:
    """Writes one YAML file a pipeline and returns their paths; byte-identical for the same code.

    Args:
        output: Directory; created if it does not exist.
    """
    output.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, pipeline in PIPELINES.items():
        path = output / f"{name}.yaml"
        compiler.Compiler().compile(pipeline, package_path=str(path))
        _drop_header(path)
        paths.append(path)
    return paths


def _drop_header(path: Path) -> None:
    """Removes the comments that the compiler puts in front: the order of a dict in them changes from run to run."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(dropwhile(lambda line: line.startswith("#"), lines)), encoding="utf-8")


def main() -> None:
    """Compiles from the command line."""
    parser = argparse.ArgumentParser(description="Writes one YAML file a pipeline, ready for Kubeflow Pipelines.")
    parser.add_argument("--output", type=Path, default=Path("build"), help="directory to write to (default: build)")
    for path in compile_pipelines(parser.parse_args().output):
        print(path)


if __name__ == "__main__":
    main()
