"""The experiments behind the README's tables: `scripts/reproduce.py` runs them.

    making        a folder of data of another
    data          public data → the folders that experiments train and measure on
    training      a model to train, and what its training cost
    measuring     what is measured of it, as records
    running       whatever of that is missing, or only the plan of it
    tables        which experiments make which table
    transferring  those on transfer, and what the ways to learn a domain are worth
    reasons       what might tell whether a domain gains
    curves        the learning curves of a table's ways

Everything can be killed and run again. A training goes on from its last checkpoint; it is done when its model folder is
there, and an experiment is when its records are, for the same seeds. To do one again, delete its folders in `runs/` and
`models/` and its records. Two processes may work side by side: what both need, one makes while the other waits.
"""

from parser.experiments.measuring import Experiment, TestSet
from parser.experiments.running import plan, reproduce
from parser.experiments.training import Training

__all__ = ["Experiment", "TestSet", "Training", "plan", "reproduce"]
