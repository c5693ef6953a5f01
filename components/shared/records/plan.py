"""The plan: what `define` decided before anything runs; every later step reads what it has to do from it."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from components.shared.chains import STEP_OF_TECHNIQUE, Chain, candidate_id
from components.shared.need import Need
from components.shared.records.anatomy import Anatomy

#: The models that techniques are applied to.
DEEP_MODELS = ("lstm", "distilbert")
#: The floors that are trained: linear models over sparse text features.
LINEAR_MODELS: tuple[Literal["logistic"], Literal["hashing"]] = ("logistic", "hashing")
MODELS = (*LINEAR_MODELS, *DEEP_MODELS)


class Cell(BaseModel):
    """One model with one chain of techniques.

    Attributes:
        model: One of MODELS.
        chain: Techniques in order; empty for the trained model itself.
        variant: Of several trained models of one kind, which one; empty for the best of them on tune, which
            techniques are applied to. The best has no candidate of its own besides.
        applies: Whether the candidate will be built.
        reason: Why it will not, by layer where it matters; or how it is done if that is not the usual way.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    chain: Chain = ()
    variant: str = ""
    applies: bool = True
    reason: str = ""

    @property
    def candidate(self) -> str:
        """The identifier of the candidate that this cell stands for."""
        return candidate_id(self.model, self.chain, self.variant)


class Brought(BaseModel):
    """A model that the user brought, which is not trained.

    Attributes:
        reference: Where it is: a path or a gs:// URI.
        model: What it stands for, one of DEEP_MODELS.
        fingerprint: Of its files.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    reference: str
    model: Literal["lstm", "distilbert"]
    fingerprint: str


class Plan(BaseModel):
    """The use case and the candidates to build for it.

    Attributes:
        need: The need.
        models: Wanted models.
        cells: Every model with every chain, built or not.
        code_fingerprint: Of the code that runs.
        brought: The model that is not trained, because the user brought it.
        anatomies: What the deep models are made of, and what each wanted technique does to it.
        parameters: What the pipeline was given, but for where it runs and keeps its state.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    need: Need
    models: tuple[str, ...]
    cells: tuple[Cell, ...]
    code_fingerprint: str
    brought: Brought | None = None
    anatomies: tuple[Anatomy, ...] = ()
    parameters: dict[str, JsonValue] = {}

    def wants(self, model: str) -> bool:
        """Returns whether the model was asked for."""
        return model in self.models

    def optimises(self, model: str) -> bool:
        """Returns whether any technique will be applied to the model."""
        return any(cell.applies and cell.chain and cell.model == model for cell in self.cells)

    def brought_model(self, model: str) -> str:
        """Returns where a model is that the user brought; empty if it is to be trained."""
        return self.brought.reference if self.brought and self.brought.model == model else ""

    @property
    def built(self) -> list[Cell]:
        """The cells that will be built, each once: the best of several variants is one of them."""
        varied = {cell.model for cell in self.cells if cell.variant}
        return [
            cell for cell in self.cells if cell.applies and (cell.chain or cell.variant or cell.model not in varied)
        ]

    def chains_of(self, model: str, step: str) -> list[Chain]:
        """Returns the chains that a step has to build for a model: those whose last technique is the step's."""
        return [
            cell.chain
            for cell in self.cells
            if cell.model == model and cell.applies and cell.chain and STEP_OF_TECHNIQUE[cell.chain[-1]] == step
        ]


def read_plan(path: Path) -> Plan:
    """Returns the plan that `define` wrote."""
    return Plan.model_validate_json(path.read_bytes())
