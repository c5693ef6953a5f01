"""The DAG as compiled: wiring, placement, caching, and what a thirteenth step must not forget."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from components import images
from pipelines.arguments import NOT_LOCAL
from pipelines.compile import compile_pipelines
from pipelines.placement import PLACEMENTS

ROOT = Path(__file__).resolve().parents[2]
STEPS = (
    "ingest explore clean engineer-features train-lstm finetune-distilbert "
    "shrink quantize prune cluster evaluate compare deploy"
).split()
#: Of the two quantize tasks, the second trains.
GPU_TASKS = {"train-lstm", "finetune-distilbert", "shrink", "prune", "cluster", "quantize-2"}


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    path = compile_pipelines(tmp_path_factory.mktemp("compiled"))[0]
    pipeline, platform = yaml.safe_load_all(path.read_text(encoding="utf-8"))
    return pipeline, platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]


@pytest.fixture(scope="module")
def executors(documents: tuple[dict[str, Any], dict[str, Any]]) -> dict[str, Any]:
    return {
        name.removeprefix("exec-"): spec["container"]
        for name, spec in documents[0]["deploymentSpec"]["executors"].items()
    }


@pytest.fixture(scope="module")
def kubernetes(documents: tuple[dict[str, Any], dict[str, Any]]) -> dict[str, Any]:
    return {name.removeprefix("exec-"): spec for name, spec in documents[1].items()}


@pytest.fixture(scope="module")
def tasks(documents: tuple[dict[str, Any], dict[str, Any]]) -> dict[str, Any]:
    """Every task of every DAG, by name."""
    pipeline = documents[0]
    dags = [pipeline["root"], *pipeline["components"].values()]
    return {name: task for dag in dags for name, task in dag.get("dag", {}).get("tasks", {}).items()}


def test_every_step_of_the_mission_is_a_component_with_its_folder(executors: dict[str, Any]) -> None:
    for step in STEPS:
        assert step in executors
        assert (ROOT / "components" / step.replace("-", "_") / "component.py").is_file()


def test_every_component_folder_is_in_the_dag_and_in_the_placement_table(executors: dict[str, Any]) -> None:
    for component in (ROOT / "components").glob("*/component.py"):
        name = component.parent.name.replace("_", "-")
        assert name in executors, f"{name}: add its block to pipelines/training.py"
        assert name in PLACEMENTS, f"{name}: add its row to pipelines/placement.py"


def test_every_executor_runs_in_an_image_of_the_registry(executors: dict[str, Any]) -> None:
    known = {images.DATA, images.TRAIN, images.EVALUATE, images.SERVE}
    assert {container["image"] for container in executors.values()} <= known
    assert executors["evaluate"]["image"] == images.EVALUATE
    assert executors["train-lstm"]["image"] == images.TRAIN


def test_training_tasks_and_no_others_ask_for_a_gpu(
    documents: tuple[dict[str, Any], dict[str, Any]], executors: dict[str, Any], kubernetes: dict[str, Any]
) -> None:
    pipeline = documents[0]
    seen = set()
    for dag in [pipeline["root"], *pipeline["components"].values()]:
        for name, task in dag.get("dag", {}).get("tasks", {}).items():
            executor = pipeline["components"][task["componentRef"]["name"]].get("executorLabel", "")
            if not executor:
                continue
            resources, platform = (
                executors[executor.removeprefix("exec-")]["resources"],
                kubernetes[executor.removeprefix("exec-")],
            )
            if name not in GPU_TASKS:
                assert "accelerator" not in resources and "nodeSelector" not in platform, name
                continue
            seen.add(name)
            assert "gpu_type" in resources["accelerator"]["resourceType"]
            assert "gpu_count" in resources["accelerator"]["resourceCount"]
            selector, toleration = platform["nodeSelector"], platform["tolerations"][0]
            assert selector["nodeSelectorJson"]["componentInputParameter"].endswith("gpu_node_selector")
            assert toleration["tolerationJson"]["componentInputParameter"].endswith("gpu_toleration")
    assert seen == GPU_TASKS


def test_every_task_has_requests_limits_and_a_timeout(executors: dict[str, Any], kubernetes: dict[str, Any]) -> None:
    for name, container in executors.items():
        assert container["resources"]["resourceCpuRequest"], name
        assert container["resources"]["resourceMemoryRequest"], name
        assert container["resources"]["resourceMemoryLimit"], name
        assert int(kubernetes[name]["activeDeadlineSeconds"]) > 0, name


def test_only_what_may_happen_twice_is_retried(tasks: dict[str, Any]) -> None:
    assert "retryPolicy" not in tasks["deploy"]
    assert tasks["ingest"]["retryPolicy"]["maxRetryCount"] == 3
    assert tasks["train-lstm"]["retryPolicy"]["maxRetryCount"] >= 1


def test_what_depends_on_time_or_place_is_never_cached(tasks: dict[str, Any]) -> None:
    for name in ("define", "ingest", "evaluate", "compare", "deploy"):
        assert not tasks[name]["cachingOptions"].get("enableCache"), name
    for name in ("clean", "engineer-features", "train-lstm", "prune"):
        assert tasks[name]["cachingOptions"]["enableCache"], name


def test_cached_data_steps_take_the_fingerprints_of_data_and_code(tasks: dict[str, Any]) -> None:
    for name in ("explore", "clean", "engineer-features"):
        inputs = tasks[name]["inputs"]["parameters"]
        assert inputs["data_fingerprint"]["taskOutputParameter"]["producerTask"] == "ingest"
        assert inputs["code_fingerprint"]["taskOutputParameter"]["producerTask"] == "define"


def test_cached_training_steps_take_the_fingerprint_of_what_they_start_from(tasks: dict[str, Any]) -> None:
    for name in ("train-floor", "train-lstm", "finetune-distilbert"):
        inputs = tasks[name]["inputs"]["parameters"]
        assert inputs["features_fingerprint"]["taskOutputParameter"]["producerTask"] == "engineer-features"
    wanted = {"prune": {"trained"}, "cluster": {"trained", "pruned"}, "quantize": {"trained", "pruned", "clustered"}}
    for name, parents in wanted.items():
        assert {f"{parent}_fingerprint" for parent in parents} | {"techniques"} <= set(
            tasks[name]["inputs"]["parameters"]
        )


def test_the_same_nested_pipeline_optimises_both_models(tasks: dict[str, Any]) -> None:
    assert tasks["optimise"]["componentRef"] != {} and tasks["optimise-2"]["componentRef"] != {}
    assert tasks["optimise"]["inputs"]["parameters"]["model"]["runtimeValue"]["constant"] == "lstm"
    assert tasks["optimise-2"]["inputs"]["parameters"]["model"]["runtimeValue"]["constant"] == "distilbert"


def test_deploy_and_evaluate_mount_the_model_store(kubernetes: dict[str, Any]) -> None:
    for name in ("evaluate", "deploy"):
        assert kubernetes[name]["pvcMount"][0]["pvcNameParameter"]["componentInputParameter"].endswith("store_claim")


def test_keys_come_from_a_secret_that_need_not_exist_and_only_where_services_are_called(
    kubernetes: dict[str, Any], tasks: dict[str, Any]
) -> None:
    assert [name for name, spec in kubernetes.items() if "secretAsEnv" in spec] == ["off-the-shelf"]
    (secret,) = kubernetes["off-the-shelf"]["secretAsEnv"]
    assert secret["optional"] is True
    assert secret["secretNameParameter"]["componentInputParameter"].endswith("key_secret")
    assert {one["envVar"] for one in secret["keyToEnv"]} == {one["secretKey"] for one in secret["keyToEnv"]}
    assert {"AZURE_LANGUAGE_KEY", "CHAT_API_KEY"} <= {one["envVar"] for one in secret["keyToEnv"]}
    assert not any("KEY" in name for name in tasks["off-the-shelf"]["inputs"]["parameters"])


def test_calls_that_cost_money_are_neither_retried_nor_made_unasked(
    documents: tuple[dict[str, Any], dict[str, Any]], tasks: dict[str, Any], kubernetes: dict[str, Any]
) -> None:
    assert "retryPolicy" not in tasks["off-the-shelf"]
    assert kubernetes["off-the-shelf"]["pvcMount"]
    defaults = documents[0]["root"]["inputDefinitions"]["parameters"]
    assert defaults["services"]["defaultValue"] == ["vader"]
    assert 0 < defaults["service_maximum_eur"]["defaultValue"] <= 5


def test_the_gate_has_two_branches_on_the_verdict(tasks: dict[str, Any]) -> None:
    conditions = [task["triggerPolicy"]["condition"] for task in tasks.values() if "triggerPolicy" in task]
    assert sum("== 'deploy'" in condition and not condition.startswith("!") for condition in conditions) == 1
    assert sum("== 'deploy'" in condition and condition.startswith("!") for condition in conditions) == 1


def test_the_plan_keeps_every_parameter_but_where_the_run_keeps_its_state_and_where_it_runs(
    documents: tuple[dict[str, Any], dict[str, Any]], tasks: dict[str, Any]
) -> None:
    elsewhere = {"answers", "training_state", "tuning", *NOT_LOCAL}
    parameters = set(documents[0]["root"]["inputDefinitions"]["parameters"])
    assert set(tasks["define"]["inputs"]["parameters"]) == parameters - elsewhere
