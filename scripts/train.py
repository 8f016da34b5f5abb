#!/usr/bin/env python
"""Train by some configs, later ones over earlier ones: `scripts/train.py CONFIG.yaml ... [--run DIR]`."""

import sys
from itertools import takewhile

from parser.cli import main

if __name__ == "__main__":
    configs = list(takewhile(lambda argument: not argument.startswith("-"), sys.argv[1:]))
    others = sys.argv[1 + len(configs) :]
    if not sys.argv[1:]:
        sys.exit(__doc__)
    sys.exit(main(["fit", *(part for config in configs for part in ("--config", config)), *others]))
