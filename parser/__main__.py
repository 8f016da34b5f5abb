"""`python -m parser` is `semparse`."""

import sys

from parser.cli import main

if __name__ == "__main__":
    sys.exit(main())
