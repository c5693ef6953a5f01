"""Which task runs where: one table, applied by one function.

Requests are what a task needs on a small run; limits are generous. A node selector and a toleration for GPU
tasks are pipeline parameters, so that a cluster without GPUs sets `gpu_count=0` and `gpu_node_selector={}`.
"""

from dataclasses import dataclass
from typing import Any

from kfp import dsl, kubernetes

from components.shared.services.access import VARIABLES

MODEL_STORE_MOUNT = "/models"


@dataclass(frozen=True)
class Placement:
    """Where and how a task runs.

    Attributes:
        cpu, memory: Requests; the memory limit is twice the request.
        gpu: Whether it asks for an accelerator.
        hours: It is stopped after this long.
        retries: How often it is tried again. Never for what must not happen twice.
        cache: Whether its result may be taken from an earlier run with the same inputs.
        store: Whether the model store's volume is mounted at MODEL_STORE_MOUNT.
        keys: Whether it gets the keys of paid services, from a secret that need not exist.
    """

    cpu: str = "1"
    memory_gi: int = 2
    gpu: bool = False
    hours: float = 1
    retries: int = 1
    cache: bool = True
    store: bool = False
    keys: bool = False


@dataclass(frozen=True)
class GpuNodes:
    """The GPU nodes to ask for; each value may be a pipeline parameter."""

    accelerator: Any
    count: Any
    node_selector: Any
    toleration: Any


PLACEMENTS: dict[str, Placement] = {
    "define": Placement(memory_gi=1, cache=False),
    "ingest": Placement(memory_gi=4, retries=3, cache=False),
    "explore": Placement(memory_gi=4),
    "clean": Placement(memory_gi=4),
    "engineer-features": Placement(memory_gi=4),
    # Calls cost money: never twice by itself. What was answered before is found in the model store's volume.
    "off-the-shelf": Placement(memory_gi=2, hours=6, retries=0, cache=False, store=True, keys=True),
    "train-floor": Placement(cpu="2", memory_gi=4, hours=6, store=True),
    # Their nodes may be taken away: started again, they find what was trained so far in the model store's volume.
    "train-lstm": Placement(cpu="2", memory_gi=6, gpu=True, hours=6, retries=2, store=True),
    "finetune-distilbert": Placement(cpu="2", memory_gi=8, gpu=True, hours=12, retries=2, store=True),
    "shrink": Placement(cpu="2", memory_gi=8, gpu=True, hours=6, retries=2),
    "prune": Placement(cpu="2", memory_gi=8, gpu=True, hours=6, retries=2),
    "cluster": Placement(cpu="2", memory_gi=8, gpu=True, hours=6, retries=2),
    "quantize": Placement(cpu="2", memory_gi=8, hours=2),
    "quantize-aware": Placement(cpu="2", memory_gi=8, gpu=True, hours=6, retries=2),
    "scan-sensitivity": Placement(cpu="2", memory_gi=4),
    "gather": Placement(cpu="100m", memory_gi=1, cache=False),
    # Measuring wants the processor of the target to itself: a whole request, no cached latencies.
    "evaluate": Placement(cpu="2", memory_gi=4, hours=4, cache=False, store=True),
    "probe-robustness": Placement(cpu="2", memory_gi=4, hours=4, cache=False),
    "compare": Placement(memory_gi=2, cache=False),
    "deploy": Placement(memory_gi=2, retries=0, cache=False, store=True),
    "record-refusal": Placement(cpu="100m", memory_gi=1, cache=False),
}


def place(
    task: dsl.PipelineTask, name: str, gpu: GpuNodes | None = None, store_claim: Any = None, key_secret: Any = None
) -> dsl.PipelineTask:
    """Applies the table's row to a task.

    Args:
        task: The task.
        name: The row.
        gpu: GPU nodes; required where the row asks for an accelerator.
        store_claim: Name of the persistent volume claim of the model store; required where the row mounts it.
        key_secret: Name of the secret with the keys of paid services; required where the row asks for them.
    """
    row = PLACEMENTS[name]
    task.set_cpu_request(row.cpu).set_memory_request(f"{row.memory_gi}Gi").set_memory_limit(f"{2 * row.memory_gi}Gi")
    task.set_caching_options(row.cache)
    kubernetes.set_timeout(task, seconds=int(row.hours * 3600))
    if row.retries:
        task.set_retry(row.retries, backoff_duration="30s", backoff_factor=2)
    if row.gpu:
        if gpu is None:
            raise ValueError(f"task '{name}' wants a GPU, but no GPU nodes were given")
        task.set_accelerator_type(gpu.accelerator).set_accelerator_limit(gpu.count)
        kubernetes.add_node_selector_json(task, gpu.node_selector)
        kubernetes.add_toleration_json(task, gpu.toleration)
    if row.store:
        if store_claim is None:
            raise ValueError(f"task '{name}' mounts the model store, but no claim was given")
        kubernetes.mount_pvc(task, pvc_name=store_claim, mount_path=MODEL_STORE_MOUNT)
    if row.keys:
        if key_secret is None:
            raise ValueError(f"task '{name}' wants the keys of paid services, but no secret was given")
        variables = {variable: variable for variable in VARIABLES}
        kubernetes.use_secret_as_env(task, key_secret, variables, optional=True)
    return task
