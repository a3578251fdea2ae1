"""The door to the published models: which there are, one by id, and the default for a drug and a route."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, NoReturn

from afterglow.pharmacology.models.model import Model, Status
from afterglow.pharmacology.models.reading import read_model
from afterglow.terms import Citation, Grade, InvalidInput, build_error

DRUGS = ("racemic", "esketamine")
ROUTES = ("iv", "im", "sc", "intranasal", "sublingual", "oral", "inhaled")

_MERGED = ("parameters", "definitions", "outputs", "derived")
_APPENDED = ("compartments", "flows", "residuals", "notes")


@cache
def load_model_ids() -> tuple[str, ...]:
    """Return the ids of all packaged models, the selectable ones first."""
    names = sorted(entry.name.removesuffix(".toml") for entry in _folder().iterdir() if entry.name.endswith(".toml"))
    order = list(Status)
    return tuple(sorted(names, key=lambda name: (order.index(Status(_load_content(name)["status"])), name)))


@cache
def get_model(model_id: str) -> Model:
    """Return the model of that id; raise `InvalidInput` with the known ids when there is none."""
    if model_id not in load_model_ids():
        accepted = ", ".join([*load_model_ids(), *load_mixtures()])
        _refuse("model", "model-unknown", model_id, accepted, f"there is no drug model {model_id!r}")
    return read_model(_load_content(model_id))


@cache
def load_defaults() -> Mapping[str, Mapping[str, str]]:
    """Return the default model id by drug and route."""
    content = tomllib.loads(_read("routes.toml"))
    return {drug: dict(content["defaults"][drug]) for drug in DRUGS}


@dataclass(frozen=True, slots=True)
class Mixture:
    """Models that disagree, with the weight each carries."""

    id: str
    title: str
    components: tuple[tuple[str, float], ...]
    citation: Citation


@cache
def load_mixtures() -> Mapping[str, Mixture]:
    """Return every mixture by id."""
    content = tomllib.loads(_read("routes.toml"))["mixtures"]
    return {
        name: Mixture(
            name,
            entry["title"],
            tuple((part["model"], float(part["weight"])) for part in entry["components"]),
            Citation(entry["source"], entry["locator"], Grade(entry["grade"])),
        )
        for name, entry in content.items()
    }


def find_mixture(mixture_id: str | None) -> Mixture | None:
    """Return the mixture of that id, or None when it is not one."""
    return None if mixture_id is None else load_mixtures().get(mixture_id)


def choose_model(drug: str, route: str, model_id: str | None = None) -> Model:
    """Return the model asked for, or the default of a drug and route.

    Raises
    ------
    InvalidInput
        Drug, route or model is unknown, the model gives no levels, or it does not cover that drug and route.
    """
    _require("drug", "drug-unknown", drug, DRUGS)
    _require("route", "route-unknown", route, ROUTES)
    chosen = model_id if model_id is not None else load_defaults()[drug].get(route)
    if chosen is None:
        accepted = ", ".join(load_defaults()[drug])
        _refuse("route", "route-without-model", route, accepted, f"no model describes {drug} ketamine by {route}")
    model = get_model(chosen)
    if model.status in (Status.STRUCTURE_ONLY, Status.RATIOS_ONLY):
        reason = {
            Status.STRUCTURE_ONLY: "its parameter table was not seen",
            Status.RATIOS_ONLY: "it serves fold changes, not levels",
        }[model.status]
        accepted = ", ".join(name for name in load_model_ids() if _covers(get_model(name), drug, route))
        _refuse("model", "model-not-selectable", model.id, accepted, f"{model.id} cannot be chosen: {reason}")
    if not _covers(model, drug, route):
        accepted = ", ".join(name for name in load_model_ids() if _covers(get_model(name), drug, route))
        message = f"{model.id} does not describe {drug} ketamine by the route {route}"
        _refuse("model", "model-does-not-cover", model.id, accepted, message)
    return model


def _covers(model: Model, drug: str, route: str) -> bool:
    is_for_levels = model.status in (Status.SELECTABLE, Status.OUT_OF_SCOPE)
    return is_for_levels and drug in model.drugs and route in model.routes


@cache
def _load_content(model_id: str) -> dict[str, Any]:
    """Return a model file with what it inherits merged in."""
    content = tomllib.loads(_folder().joinpath(f"{model_id}.toml").read_text(encoding="utf-8"))
    if content.get("id") != model_id:
        _refuse("id", "model-file-not-accepted", content.get("id"), model_id, f"file {model_id} has another id")
    if "extends" not in content:
        return content
    return merge_content(_load_content(content["extends"]), content)


def merge_content(parent: Mapping[str, Any], child: Mapping[str, Any]) -> dict[str, Any]:
    """Return a child model's content over its parent's: parameters by name, structure appended, the rest replaced.

    `population`, `known_failures`, `routes` and `ranges` of the parent are kept only where the child is silent.
    """
    merged = {**parent, **child}
    for key in _MERGED:
        merged[key] = {**parent.get(key, {}), **child.get(key, {})}
    for key in _APPENDED:
        merged[key] = [*parent.get(key, []), *child.get(key, [])]
    return merged


def _folder() -> Any:
    return files("afterglow.pharmacology.models").joinpath("data")


def _read(name: str) -> str:
    return files("afterglow.pharmacology").joinpath("data", name).read_text(encoding="utf-8")


def _require(path: str, code: str, value: object, accepted: tuple[str, ...]) -> None:
    if value not in accepted:
        _refuse(path, code, value, ", ".join(accepted), f"{path} {value!r} is not known")


def _refuse(path: str, code: str, value: object, accepted: str, message: str) -> NoReturn:
    raise InvalidInput([build_error(path, code, value, accepted, message)])
