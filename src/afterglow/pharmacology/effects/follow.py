"""First-order following of a driver known at given times; the one time-dependent step that effects and moods share."""

import numpy as np

from afterglow.pharmacology._types import FloatArray, Number


def follow(hours: FloatArray, driver: FloatArray, rate_per_h: Number) -> FloatArray:
    """Return y of y' = rate (driver - y), y = 0 at the first hour, exact for a driver linear between the hours.

    Parameters
    ----------
    hours : ndarray, shape (k,)
        Rising.
    driver : ndarray, shape (k,) or (k, n)
    rate_per_h : float or ndarray, shape (n,)
        Above zero.

    Returns
    -------
    y : ndarray, shape of the driver

    Notes
    -----
    With r = 1 - exp(-rate h): y1 = y0 + r (x0 - y0) + (x1 - x0)(1 - r/(rate h)). Second order in the spacing for
    a driver that is not piecewise linear; no stability limit.
    """
    y = np.zeros_like(driver)
    for k, step in enumerate(np.diff(hours)):
        reach = -np.expm1(-rate_per_h * step)
        lag = 1.0 - reach / (rate_per_h * step)
        y[k + 1] = y[k] + reach * (driver[k] - y[k]) + lag * (driver[k + 1] - driver[k])
    return y
