"""The record_refusal component: the gate's other branch."""

from kfp import dsl

from components import images


@dsl.component(base_image=images.DATA, install_kfp_package=False)
def record_refusal(
    verdict: str, decision: dsl.Input[dsl.Artifact], record: dsl.Output[dsl.Markdown], usage: dsl.Output[dsl.Metrics]
) -> None:
    """Records why nothing was deployed; what is deployed stays as it is.

    Args:
        verdict: keep, inconclusive or none.
        decision: The decision, from compare.
        record: The reasons, for the KFP UI.
        usage: What the step took.
    """
    import json
    from pathlib import Path

    from components.shared.step_meter import metered

    with metered("record-refusal", usage):
        from components.shared.files import write_text

        reasons = json.loads(Path(decision.path).read_text(encoding="utf-8"))["reasons"]
        lines = [f"Nothing was deployed: the verdict is **{verdict}**.", "", *(f"- {reason}" for reason in reasons)]
        write_text(Path(record.path), "\n".join(lines) + "\n")
        print("\n".join(lines))
