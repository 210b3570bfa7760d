"""`python -m vivavoce`, for where the command is not on the path."""

import sys

from vivavoce.cli import main

sys.exit(main())
