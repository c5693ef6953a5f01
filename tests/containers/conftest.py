"""Builds the images and runs them: with docker where its engine answers, else with buildah and podman as root."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from google.protobuf import json_format
from kfp import dsl
from kfp.dsl.base_component import BaseComponent
from kfp.local.executor_input_utils import construct_executor_input, executor_input_to_dict

_ROOT = Path(__file__).resolve().parents[2]
_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
#: crun refuses a hybrid cgroup hierarchy: in a mount namespace of its own podman does not see it.
_PODMAN_RUN = 'umount /sys/fs/cgroup/unified 2>/dev/null; exec podman run "$@"'
#: The defaults of podman may be above what this machine allows.
_LIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")


@dataclass(frozen=True)
class Engine:
    """How images are built and run on this machine.

    Attributes:
        building: Start of the command that builds an image.
        running: Start of the command that runs one in the foreground.
    """

    building: tuple[str, ...]
    running: tuple[str, ...]

    def build(self, name: str) -> str:
        """Builds images/<name> from the repository's root and returns its reference."""
        reference = f"frugal-sentiment/{name}:test"
        # Without CUDA, which nothing here could use; images without that argument ignore it.
        options = ["--build-arg", "CUDA=0", "--tag", reference, "--file", f"images/{name}/Dockerfile"]
        subprocess.run([*self.building, *options, "."], cwd=_ROOT, check=True)
        return reference

    def command(
        self, image: str, arguments: Sequence[str], data: Path | None = None, options: Sequence[str] = ()
    ) -> list[str]:
        """Returns the command that runs an image; `data` is mounted at /data."""
        mount = ["--volume", f"{data}:/data"] if data else []
        return [*self.running, "--rm", "--network=host", *mount, *options, image, *arguments]

    def run(
        self, image: str, *arguments: str, data: Path | None = None, entrypoint: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Runs an image to its end; with `entrypoint` that program instead of the image's own."""
        options = ["--entrypoint", entrypoint] if entrypoint else []
        command = self.command(image, arguments, data, options)
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def run_step(
        self, image: str, step: BaseComponent, data: Path, parameters: dict[str, object], inputs: dict[str, str]
    ) -> None:
        """Runs a step in its image by the command that a cluster uses; its outputs are in data/<name of the step>.

        Args:
            image: The image.
            step: The component.
            data: Directory that is mounted at /data.
            parameters: The step's parameters by name.
            inputs: The step's artifacts: name -> path below `data`.
        """
        (component,) = step.pipeline_spec.components.values()
        (executor,) = json_format.MessageToDict(step.pipeline_spec.deployment_spec)["executors"].values()
        artifacts = {name: dsl.Artifact(name=name, uri=f"/data/{path}") for name, path in inputs.items()}
        task = construct_executor_input(component, parameters | artifacts, f"/data/{step.name}", False)
        program, *command = executor["container"]["command"]
        message = json.dumps(executor_input_to_dict(task, component))
        arguments = [message if word == "{{$}}" else word for word in executor["container"]["args"]]
        done = self.run(image, *command, *arguments, data=data, entrypoint=program)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """Docker, or buildah and podman; skips where there is neither."""
    if _succeeds("docker", "info"):
        return Engine(building=("docker", "build"), running=("docker", "run"))
    if os.geteuid() != 0 or not all(shutil.which(tool) for tool in ("buildah", "podman", "crun")):
        pytest.skip("no docker engine answers; without one this needs buildah, podman and crun, as root")
    for base in _bases():
        if not _succeeds("podman", "image", "exists", base) and not _succeeds("podman", "pull", base):
            _import_base(base, tmp_path_factory.mktemp("base"))
    building = ("buildah", "bud", "--layers", "--isolation", "chroot", *_certificates())
    running = ("unshare", "--mount", "sh", "-c", _PODMAN_RUN, "podman", *_LIMITS)
    return Engine(building, running)


@pytest.fixture(scope="session")
def data_image(engine: Engine) -> str:
    """The image of the steps before training."""
    return engine.build("data")


@pytest.fixture(scope="session")
def train_image(engine: Engine) -> str:
    """The image of the steps that train."""
    return engine.build("train")


@pytest.fixture(scope="session")
def evaluate_image(engine: Engine) -> str:
    """The image of the steps after training."""
    return engine.build("evaluate")


@pytest.fixture(scope="session")
def serve_image(engine: Engine) -> str:
    """The image of the prediction server."""
    return engine.build("serve")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A directory that the images' user may write to."""
    directory = tmp_path / "data"
    directory.mkdir()
    directory.chmod(0o777)
    return directory


def _succeeds(*command: str) -> bool:
    if not shutil.which(command[0]):
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _bases() -> set[str]:
    dockerfiles = [path.read_text(encoding="utf-8") for path in _ROOT.glob("images/*/Dockerfile")]
    return {f"docker.io/library/{name}" for text in dockerfiles for name in re.findall(r"^FROM (\S+)", text, re.M)}


def _certificates() -> tuple[str, ...]:
    """Returns the options that give pip in a build the certificates that pip is told to use here, if any."""
    if "PIP_CERT" not in os.environ:
        return ()
    source = Path(os.environ["PIP_CERT"]).resolve()
    return ("--volume", f"{source}:{_CERTIFICATES}:ro", "--env", f"PIP_CERT={_CERTIFICATES}")


def _import_base(base: str, directory: Path) -> None:
    """Makes a stand-in for a base image that cannot be pulled: Debian 12, whose Python is 3.11 too."""
    if not shutil.which("debootstrap"):
        pytest.skip(f"{base} cannot be pulled, and there is no debootstrap to make a stand-in")
    root, packages = directory / "root", "python3.11,python3-pip,python3-venv,ca-certificates"
    subprocess.run(["debootstrap", "--variant=minbase", f"--include={packages}", "bookworm", root], check=True)
    (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    archive = directory / "root.tar"
    subprocess.run(["tar", "--create", "--file", archive, "--directory", root, "."], check=True)
    subprocess.run(["podman", "import", archive, base], check=True)
    shutil.rmtree(directory)
