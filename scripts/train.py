#!/usr/bin/env python
"""Train by some configs, later ones over earlier ones: `scripts/train.py CONFIG.yaml ... [--run DIR]`."""

import sys

from parser.cli import main

if __name__ == "__main__":
    configs = [argument for argument in sys.argv[1:] if argument.endswith(".yaml")]
    others = [argument for argument in sys.argv[1:] if argument not in configs]
    if not configs:
        sys.exit(__doc__)
    sys.exit(main(["fit", *(part for config in configs for part in ("--config", config)), *others]))
