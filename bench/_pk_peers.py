"""References and peers of the pharmacokinetic workload: scipy's expm, DOP853 and odeint, and libroadrunner."""

import numpy as np
import numpy.typing as npt
from scipy.integrate import odeint, solve_ivp
from scipy.linalg import expm

from afterglow.pharmacology.linear.system import FloatArray
from bench._pk_workload import DAYS, FM, IC50, IMAX, LENGTH_H, R0

NAMES = ("wt", "cl", "v1", "q2", "v2", "kout", "q3", "clm", "qm", "v3", "vm1", "vm2")
SAME_H = 1e-9


def list_segments(days: tuple[int, ...], end: float) -> list[tuple[float, float, bool]]:
    """Return begin, end and whether the infusion runs, from the first dose to the last time."""
    edges = sorted([(24.0 * day, True) for day in days] + [(24.0 * day + LENGTH_H, False) for day in days])
    ends = [edge for edge, _ in edges[1:]] + [end]
    return [(begin, until, on) for (begin, on), until in zip(edges, ends, strict=True) if begin <= end + SAME_H]


def pick(times: FloatArray, begin: float, until: float, is_last: bool) -> npt.NDArray[np.int64]:
    """Return which times a segment answers: its begin, not its end unless it is the last."""
    return np.flatnonzero((times >= begin - SAME_H) & (times < until + (SAME_H if is_last else -SAME_H)))


def propagate_exactly(p: dict[str, float], times: FloatArray, days: tuple[int, ...] = DAYS) -> FloatArray:
    """Return Cp and Cm by scipy's exponential of the augmented 6 x 6 matrix between events, shape (n_times, 2)."""
    a = np.zeros((6, 6))
    a[0, :3] = -(p["cl"] + p["q2"] + p["q3"]) / p["v1"], p["q2"] / p["v2"], p["q3"] / p["v3"]
    a[1, :2] = p["q2"] / p["v1"], -p["q2"] / p["v2"]
    a[2, 0], a[2, 2], a[0, 5] = p["q3"] / p["v1"], -p["q3"] / p["v3"], 1.0
    a[3, 0], a[3, 3], a[3, 4] = FM * p["cl"] / p["v1"], -(p["clm"] + p["qm"]) / p["vm1"], p["qm"] / p["vm2"]
    a[4, 3], a[4, 4] = p["qm"] / p["vm1"], -p["qm"] / p["vm2"]
    made: dict[float, FloatArray] = {}

    def step(x: FloatArray, hours: float) -> FloatArray:
        key = round(hours, 9)
        if key not in made:
            made[key] = expm(a * hours)
        return np.asarray(made[key] @ x) if key else x

    x, out = np.zeros(6), np.zeros((times.size, 2))
    segments = list_segments(days, float(times[-1]))
    for k, (begin, until, on) in enumerate(segments):
        x[5] = 0.5 * p["wt"] / LENGTH_H * on
        at = begin
        for i in pick(times, begin, until, k == len(segments) - 1):
            x, at = step(x, float(times[i]) - at), float(times[i])
            out[i] = x[0] / p["v1"], x[3] / p["vm1"]
        x = step(x, until - at)
    return out


def _move(p: dict[str, float], rate: float, x: FloatArray) -> list[float]:
    cp, c2, c3 = x[0] / p["v1"], x[1] / p["v2"], x[2] / p["v3"]
    cm, cm2 = x[3] / p["vm1"], x[4] / p["vm2"]
    return [
        rate - p["cl"] * cp - p["q2"] * (cp - c2) - p["q3"] * (cp - c3),
        p["q2"] * (cp - c2),
        p["q3"] * (cp - c3),
        FM * p["cl"] * cp - p["clm"] * cm - p["qm"] * (cm - cm2),
        p["qm"] * (cm - cm2),
        p["kout"] * R0 * (1 - IMAX * cp / (IC50 + cp)) - p["kout"] * x[5],
    ]


def solve_response(p: dict[str, float], times: FloatArray) -> FloatArray:
    """Return R by DOP853 at rtol 1e-12, restarted at every dose edge."""
    x, out = np.array([0.0, 0, 0, 0, 0, R0]), np.zeros(times.size)
    segments = list_segments(DAYS, float(times[-1]))
    for k, (begin, until, on) in enumerate(segments):
        mine = pick(times, begin, until, k == len(segments) - 1)
        asked = np.unique(np.clip(np.append(times[mine], until), begin, until))
        rate = 0.5 * p["wt"] / LENGTH_H * on
        y = solve_ivp(
            lambda _t, s, rate=rate: _move(p, rate, s),
            (begin, until),
            x,
            method="DOP853",
            rtol=1e-12,
            atol=1e-14,
            t_eval=asked,
        ).y
        out[mine], x = y[5, : mine.size], y[:, -1]
    return out


def run_odeint(p: dict[str, float], times: FloatArray) -> FloatArray:
    """Return Cp and Cm by scipy's odeint (LSODA) at its usual tolerances, restarted at every dose edge."""
    x, out = np.array([0.0, 0, 0, 0, 0, R0]), np.zeros((times.size, 2))
    segments = list_segments(DAYS, float(times[-1]))
    for k, (begin, until, on) in enumerate(segments):
        mine = pick(times, begin, until, k == len(segments) - 1)
        asked = np.concatenate([[begin], times[mine], [until]])
        rate = 0.5 * p["wt"] / LENGTH_H * on
        y = odeint(lambda s, _t, rate=rate: _move(p, rate, s), x, np.maximum.accumulate(asked))
        out[mine] = y[1:-1, [0, 3]] / (p["v1"], p["vm1"])
        x = y[-1]
    return out


class RoadRunner:
    """libroadrunner with the workload's model, segments and tolerances; raises ImportError where it is missing."""

    def __init__(self, with_response: bool) -> None:
        import roadrunner

        roadrunner.Logger.setLevel(roadrunner.Logger.LOG_ERROR)
        self.runner = roadrunner.RoadRunner(write_sbml(with_response))
        self.states = ["A1", "A2", "A3", "M1", "M2"] + (["R"] if with_response else [])
        self.runner.timeCourseSelections = ["time", "A1", "M1"] + (["R"] if with_response else [])
        self.version = roadrunner.__version__

    def run(self, p: dict[str, float], times: FloatArray, days: tuple[int, ...] = DAYS) -> FloatArray:
        """Return Cp, Cm (and R) at the times, shape (n_times, 2 or 3)."""
        runner = self.runner
        for name in NAMES[1:]:
            runner[name] = p[name]
        for name in self.states:
            runner[name] = R0 if name == "R" else 0.0
        out = np.zeros((times.size, len(self.states) - 3))
        segments = list_segments(days, float(times[-1]))
        for k, (begin, until, on) in enumerate(segments):
            mine = pick(times, begin, until, k == len(segments) - 1)
            runner["inf"] = 0.5 * p["wt"] / LENGTH_H * on
            asked = np.unique(np.clip(np.concatenate([[begin], times[mine], [until]]), begin, until))
            if asked.size == 1:
                out[mine] = out[mine - 1]
                continue
            found = np.asarray(runner.simulate(times=asked.tolist()))[:, 1:]
            found[:, 0] /= p["v1"]
            found[:, 1] /= p["vm1"]
            first = 0 if mine.size and times[mine[0]] <= begin + SAME_H else 1
            out[mine] = found[first : first + mine.size]
        return out


def write_sbml(with_response: bool) -> str:
    """Return the workload's model as SBML with one rate rule for each state."""
    rates = {
        "A1": "inf - cl*A1/v1 - q2*(A1/v1 - A2/v2) - q3*(A1/v1 - A3/v3)",
        "A2": "q2*(A1/v1 - A2/v2)",
        "A3": "q3*(A1/v1 - A3/v3)",
        "M1": f"{FM!r}*cl*A1/v1 - clm*M1/vm1 - qm*(M1/vm1 - M2/vm2)",
        "M2": "qm*(M1/vm1 - M2/vm2)",
    }
    if with_response:
        rates["R"] = f"kout*{R0}*(1 - {IMAX}*(A1/v1)/({IC50} + A1/v1)) - kout*R"
    names = ["inf", *NAMES[1:]]
    declared = "".join(f'<parameter id="{name}" value="1" constant="false"/>' for name in [*names, *rates])
    rules = "".join(f'<rateRule variable="{name}">{_render_math(text)}</rateRule>' for name, text in rates.items())
    return (
        '<?xml version="1.0" encoding="UTF-8"?><sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" '
        f'version="1"><model id="workload"><listOfParameters>{declared}</listOfParameters><listOfRules>{rules}'
        "</listOfRules></model></sbml>"
    )


def _render_math(text: str) -> str:
    import ast

    words = {ast.Add: "plus", ast.Sub: "minus", ast.Mult: "times", ast.Div: "divide"}

    def render(node: ast.AST) -> str:
        if isinstance(node, ast.BinOp):
            return f"<apply><{words[type(node.op)]}/>{render(node.left)}{render(node.right)}</apply>"
        if isinstance(node, ast.Name):
            return f"<ci>{node.id}</ci>"
        if isinstance(node, ast.Constant):
            return f"<cn>{float(str(node.value))!r}</cn>"
        raise TypeError(ast.dump(node))

    return f'<math xmlns="http://www.w3.org/1998/Math/MathML">{render(ast.parse(text, mode="eval").body)}</math>'
