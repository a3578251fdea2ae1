"""Array types and constants that the modules of this room share."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]
Number: TypeAlias = float | FloatArray

NG_PER_ML_PER_MG_PER_L = 1000.0
MINUTES_PER_HOUR = 60.0
