"""From a request in words to a tree that a program can act on.

    from parser import SemanticParser
    nlu = SemanticParser.from_pretrained("models/quickstart")
    print(nlu.parse("play music").tree)

Importing this package is cheap: PyTorch is imported with the first model.
"""

from parser.api import Parse, SemanticParser
from parser.intents import Intent, Slot

__all__ = ["Intent", "Parse", "SemanticParser", "Slot"]
