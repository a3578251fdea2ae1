"""CADSS-6 (six items, 0 to 24) from the full CADSS (23 items, 0 to 92): a share that no source prints, so grade D."""

import numpy as np

from afterglow.pharmacology._types import FloatArray
from afterglow.terms import Citation, Grade

CADSS6_TOP, CADSS_TOP = 24.0, 92.0
SHARE = 0.40
SHARE_LOW, SHARE_HIGH = CADSS6_TOP / CADSS_TOP, 0.60
CITATION = Citation(
    "EFFECTS-OWN",
    "share of the full score held by items 1, 2, 6, 7, 15 and 22: above 24/92, where all items would answer alike, "
    "because these were chosen as the most sensitive (CADSS6: rank correlation 0.91 to 0.95); upper bound a guess",
    Grade.D,
)


def calculate_cadss6(cadss: FloatArray, share: float = SHARE) -> FloatArray:
    """Return CADSS-6 for full CADSS scores: a fixed share of the total, at most 24.

    Parameters
    ----------
    cadss : ndarray, any shape, 0 to 92
    share : float
        Between `SHARE_LOW` (every item answers alike) and `SHARE_HIGH`.
    """
    return np.asarray(np.minimum(share * cadss, CADSS6_TOP), dtype=np.float64)
