#!/usr/bin/env python
"""Export the best checkpoint of a run and evaluate it: `scripts/evaluate.py RUN MODEL DATA.jsonl [--json OUT ...]`."""

import sys

from parser.cli import main

if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    run, model, *evaluation = sys.argv[1:]
    sys.exit(main(["export", run, model]) or main(["evaluate", model, *evaluation]))
