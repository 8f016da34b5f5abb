"""Which files of a data release are its training, development and test parts.

>>> split_of("alarm_eval.tsv"), split_of("train.clean.seq"), split_of("README")
('dev', 'train', None)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

SPLITS = ("train", "dev", "test")

_NAMES = {"train": "train", "training": "train", "test": "test"}
_NAMES |= dict.fromkeys(["dev", "devel", "development", "val", "valid", "validate", "validation", "eval"], "dev")


@dataclass(frozen=True)
class Release:
    """The files of each split, in the order they are read, and what the user should know of the choice.

    A split without files is none.
    """

    splits: dict[str, list[Path]]
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for split in [split for split, files in self.splits.items() if not files]:
            del self.splits[split]

    def holds_only(self, belongs: Callable[[Path], bool]) -> bool:
        """Whether there are files, and `belongs` accepts each."""
        files = [file for files in self.splits.values() for file in files]
        return bool(files) and all(map(belongs, files))

    def only(self, choice: Callable[[list[Path]], list[Path]], why: str = "") -> Release:
        """The release with what `choice` keeps of the files of each split, and a note on what it does not, and why.

        >>> release = Release({"train": [Path("train.tsv"), Path("train.clean.tsv")]})
        >>> release.only(lambda files: files[1:], ", which holds the same rows").notes
        ['train: train.clean.tsv is read and train.tsv is not, which holds the same rows']
        """
        splits = {split: choice(files) for split, files in self.splits.items()}
        notes = list(self.notes)
        for split, files in self.splits.items():
            if others := [file for file in files if file not in splits[split]]:
                notes.append(f"{split}: {_names(splits[split])} read and {_names(others)} not{why}")
        return Release(splits, notes)


def _names(files: list[Path]) -> str:
    names = ", ".join(file.name for file in files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")
    return f"{names} {'is' if len(files) == 1 else 'are'}"


def split_of(name: str) -> str | None:
    """The split that a file or folder name speaks of: its `eval` and `valid` are `dev` to us."""
    found = {_NAMES[word] for word in re.split(r"[._-]", name.lower()) if word in _NAMES}
    return found.pop() if len(found) == 1 else None


def by_name(
    path: Path, belongs: Callable[[Path], bool], holds_data: Callable[[Path], bool] = lambda entry: True
) -> Release:
    """The files directly in a folder that `belongs` accepts, by the splits that their names speak of.

    A single file is a release of one split: the one its name speaks of, else train. Of several, those whose names speak
    of none are noted where `holds_data` says that they are no README or the like.
    """
    if not path.is_dir():
        return Release({split_of(path.name) or "train": [path]})
    splits: dict[str | None, list[Path]] = {}
    for entry in filter(belongs, sorted(path.iterdir())):
        splits.setdefault(split_of(entry.name), []).append(entry)
    unknown = [entry for entry in splits.pop(None, []) if holds_data(entry)]
    notes = [f"{_names(unknown)} not read: no name says train, dev or test alone"] if unknown else []
    return Release({split: splits[split] for split in SPLITS if split in splits}, notes)
