"""The train_floor component: what costs nothing to run, as the level that deep models have to beat."""

from kfp import dsl

from components import images


@dsl.component(base_image=images.DATA, install_kfp_package=False)
def train_floor(
    features: dsl.Input[dsl.Dataset],
    plan: dsl.Input[dsl.Artifact],
    models: list[str],
    features_fingerprint: str,
    seed: int,
    candidates: dsl.Output[dsl.Model],
) -> str:
    """Fits the majority class and logistic regression on TF-IDF and on hashed terms, plain and balanced.

    Regularisation and n-gram range are chosen by cross-validation on train.

    Args:
        features: Directory of features.
        plan: The plan, from define.
        models: Wanted models, for the cache.
        features_fingerprint: Fingerprint of the features, for the cache.
        seed: Seed of the folds and the solver.
        candidates: Directory of candidates.

    Returns:
        The fingerprint of what was written, which cached steps after this one take as input.
    """
    from pathlib import Path

    from components.shared.fingerprints import directory_fingerprint
    from components.train_floor.floor import train_floors

    train_floors(Path(features.path), Path(plan.path), seed, Path(candidates.path))
    return directory_fingerprint(Path(candidates.path))
