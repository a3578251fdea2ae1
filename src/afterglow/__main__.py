"""`python -m afterglow` is the same as `afterglow`."""

import sys

from afterglow.cli import main

sys.exit(main())
