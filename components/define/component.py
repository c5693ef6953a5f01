"""The define component: stage 1, the use case and the plan."""

from kfp import dsl

from components import images


@dsl.component(base_image=images.DATA, install_kfp_package=False)
def define(
    need: str,
    labels: list[str],
    models: list[str],
    techniques: list[str],
    language: str,
    plan: dsl.Output[dsl.Artifact],
) -> str:
    """Checks the need, the parameters and the wanted techniques before anything runs.

    Args:
        need: The need in YAML; empty means the clothing shop's.
        labels: Labels from worst to best.
        models: Any of logistic, lstm, distilbert.
        techniques: Chains of techniques for the deep models, such as prune+dynamic.
        language: ISO 639-1 code of the reviews to keep.
        plan: The need and the candidates to build, as JSON.

    Returns:
        The fingerprint of the code that runs.
    """
    from pathlib import Path

    from components.define.preflight import make_plan
    from components.shared.files import write_text

    result = make_plan(need=need, labels=labels, models=models, techniques=techniques, language=language)
    write_text(Path(plan.path), result.model_dump_json(indent=2))
    return result.code_fingerprint
