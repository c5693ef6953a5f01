"""The train_floor component: what costs nothing to run, as the level that deep models have to beat."""

from kfp import dsl

from components import images


@dsl.component(base_image=images.DATA, install_kfp_package=False)
def train_floor(
    features: dsl.Input[dsl.Dataset],
    plan: dsl.Input[dsl.Artifact],
    seed: int,
    candidates: dsl.Output[dsl.Model],
) -> None:
    """Fits the majority class and TF-IDF with logistic regression, plain and balanced, on natural text.

    Args:
        features: Directory of features.
        plan: The plan, from define.
        seed: Seed of the solver.
        candidates: Directory of candidates.
    """
    from pathlib import Path

    from components.train_floor.floor import train_floors

    train_floors(Path(features.path), Path(plan.path), seed, Path(candidates.path))
