"""Who is simulated: covariates and random effects of one typical person, a drawn population or particles."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from afterglow.pharmacology._types import FloatArray
from afterglow.pharmacology.models.model import Model, Variance
from afterglow.terms import InvalidInput, build_error

OBESITY_WIDENING = 1.25


@dataclass(frozen=True, slots=True)
class Subjects:
    """People a model is computed for.

    Attributes
    ----------
    n : int
    covariates : mapping of name to ndarray, shape (n,)
    etas : mapping of parameter name to ndarray, shape (n,)
        Random effects between subjects on the scale of the parameter (log or logit); missing means 0.
    kappas : mapping of parameter name to ndarray, shape (n_occasions, n)
        Random effects between occasions, added to the eta; an occasion beyond the last row uses the last row.
    weights : ndarray, shape (n,)
        Importance of each row, summing to 1; equal for a drawn population.
    """

    n: int
    covariates: Mapping[str, FloatArray]
    etas: Mapping[str, FloatArray] = field(default_factory=dict)
    kappas: Mapping[str, FloatArray] = field(default_factory=dict)
    weights: FloatArray = field(default_factory=lambda: np.ones(1))


def build_typical(covariates: Mapping[str, FloatArray]) -> Subjects:
    """Return people with the covariates given and every random effect at 0."""
    n = len(next(iter(covariates.values())))
    return Subjects(n, dict(covariates), weights=np.full(n, 1.0 / n))


def draw_subjects(
    model: Model, covariates: Mapping[str, FloatArray], rng: np.random.Generator, *, n_occasions: int = 1
) -> Subjects:
    """Return people with random effects drawn from a model's variances and covariances.

    Parameters
    ----------
    model : Model
        Gives the variances; parameters without one have none.
    covariates : mapping of name to ndarray, shape (n,)
        From `covariates.build_covariates` or `sample_covariates`.
    rng : numpy.random.Generator
        The only source of chance; draws are made in the order of the model's parameters.
    n_occasions : int
        How many dosing sessions need effects of their own.

    Returns
    -------
    subjects : Subjects

    Raises
    ------
    InvalidInput
        The model's covariance matrix is not positive definite.

    Notes
    -----
    eta = L z with L the Cholesky factor of Omega and z standard normal, so that cov(eta) = Omega. Where size was
    adjusted for obesity, effects on parameters that scale with size are widened by a quarter: no model of obese
    people exists (the factor is assumed, grade D).
    """
    n = len(next(iter(covariates.values())))
    names, omega = build_omega(model)
    etas = factor_omega(model, omega) @ rng.standard_normal((len(names), n)) if names else np.zeros((0, n))
    varying = [name for name, parameter in model.parameters.items() if parameter.occasion is not None]
    kappas = {
        name: _get_sd(model.parameters[name].occasion) * rng.standard_normal((n_occasions, n)) for name in varying
    }
    wider = np.where(covariates["size"] < covariates["weight"], OBESITY_WIDENING, 1.0)
    drawn = {
        name: np.ascontiguousarray(etas[i] * (wider if "size" in model.parameters[name].individual.names else 1.0))
        for i, name in enumerate(names)
    }
    return Subjects(n, dict(covariates), drawn, kappas, np.full(n, 1.0 / n))


def build_omega(model: Model) -> tuple[tuple[str, ...], FloatArray]:
    """Return the parameters with variability between subjects and their covariance matrix, shape (k, k)."""
    names = tuple(name for name, parameter in model.parameters.items() if parameter.between is not None)
    omega = np.diag([_get_sd(model.parameters[name].between) ** 2 for name in names])
    for covariance in model.covariances:
        first, second = (names.index(name) for name in covariance.of)
        omega[first, second] = omega[second, first] = covariance.value
    return names, omega


def factor_omega(model: Model, omega: FloatArray) -> FloatArray:
    """Return the lower Cholesky factor; a variance of 0 is allowed, an impossible correlation is refused."""
    active = np.flatnonzero(np.diag(omega) > 0)
    factor = np.zeros_like(omega)
    try:
        factor[np.ix_(active, active)] = np.linalg.cholesky(omega[np.ix_(active, active)])
    except np.linalg.LinAlgError:
        message = f"the covariances of {model.id} contradict each other"
        raise InvalidInput(
            [build_error("covariances", "not-positive-definite", model.id, "a positive definite matrix", message)]
        ) from None
    return factor


def evaluate_parameters(
    model: Model, subjects: Subjects, *, occasion: int = 0, enantiomer_cl: float = 1.0
) -> dict[str, FloatArray | float]:
    """Return every symbol a model's formulas may use: covariates, individual parameters, definitions, random effects.

    Parameters
    ----------
    model : Model
    subjects : Subjects
    occasion : int
        Which session's random effects apply.
    enantiomer_cl : float
        Factor on clearance for one enantiomer of a racemate.

    Returns
    -------
    symbols : dict of name to ndarray, shape (n,), or float
        A parameter that is the same for everybody may be a plain number.

    Raises
    ------
    InvalidInput
        A parameter came out negative or not finite for these covariates.
    """
    symbols: dict[str, FloatArray | float] = {**subjects.covariates, "enantiomer_cl": enantiomer_cl}
    for name, parameter in model.parameters.items():
        eta: FloatArray | float = subjects.etas.get(name, 0.0)
        if name in subjects.kappas:
            rows = subjects.kappas[name]
            eta = eta + rows[min(occasion, len(rows) - 1)]
        symbols["value"], symbols["eta"] = parameter.value, eta
        symbols[name] = parameter.individual.evaluate(symbols)
        symbols[f"eta_{name}"] = eta
    del symbols["value"], symbols["eta"]
    for name, expression in model.definitions:
        symbols[name] = expression.evaluate(symbols)
    _check_parameters(model, symbols)
    return symbols


def _check_parameters(model: Model, symbols: Mapping[str, FloatArray | float]) -> None:
    names = [*model.parameters, *(name for name, _ in model.definitions)]
    for name in names:
        values = np.asarray(symbols[name], dtype=np.float64)
        is_signed = name in model.parameters and model.parameters[name].value < 0
        if not np.isfinite(values).all() or (not is_signed and (values < 0).any()):
            message = f"{name} of {model.id} has no usable value for this person"
            worst = float(np.min(values)) if np.isfinite(values).all() else "not finite"
            raise InvalidInput([build_error(name, "parameter-not-usable", worst, "0 or more", message)])


def select_subjects(subjects: Subjects, rows: slice) -> Subjects:
    """Return a block of the people; weights keep their values."""
    return replace(
        subjects,
        n=len(range(*rows.indices(subjects.n))),
        covariates={name: values[rows] for name, values in subjects.covariates.items()},
        etas={name: values[rows] for name, values in subjects.etas.items()},
        kappas={name: values[:, rows] for name, values in subjects.kappas.items()},
        weights=subjects.weights[rows],
    )


def _get_sd(variance: Variance | None) -> float:
    return 0.0 if variance is None else float(np.sqrt(variance.omega2))
