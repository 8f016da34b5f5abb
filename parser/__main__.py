"""`python -m parser` is `semparse`."""

import sys

from parser.cli import main

sys.exit(main())
