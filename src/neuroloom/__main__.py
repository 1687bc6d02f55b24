"""`python -m neuroloom` is the command line."""

import sys

from neuroloom.cli import main

sys.exit(main())
