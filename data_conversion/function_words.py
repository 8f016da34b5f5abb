"""English function words, by what they do in a sentence: they say where a request can be cut and where it cannot.

Some corpora write clitics without their apostrophe (*what s on*), so these stand here in both spellings.
"""

from __future__ import annotations

DETERMINERS = frozenset(
    "the a an this that these those some any another each every my your his her its our their".split()
)
PREPOSITIONS = frozenset("to on onto in into for from at with by near around".split())
QUESTION_WORDS = frozenset("what which who whose where when why how".split())
SUBJECT_PRONOUNS = frozenset("i we you he she it they there".split())
OBJECT_PRONOUNS = frozenset("me us him them".split())
MODALS = frozenset("would could should can will shall may might must d 'd ’d ll 'll ’ll".split())
AUXILIARIES = MODALS | frozenset(
    "be been is are am was were do does did has have had s 's ’s m 'm ’m re 're ’re ve 've ’ve".split()
)
