"""Who knows one tracker's folder knows all: the same job has the same file in each."""

import re
from collections import Counter
from pathlib import Path

import pytest

from scrobbled import trackers
from scrobbled.trackers import TRACKERS, TrackerEntry

HOME = Path(trackers.__file__).parent
REAL = {name: entry for name, entry in TRACKERS.items() if entry.package.startswith("scrobbled.")}


def files_of(entry: TrackerEntry) -> set[str]:
    folder = HOME / entry.package.rpartition(".")[2]
    return {path.stem for path in folder.glob("*.py")} - {"__init__"}


def test_the_jobs_that_trackers_share_are_listed_where_they_live() -> None:
    listed = re.findall(r"^``(\w+)``", trackers.__doc__ or "", re.MULTILINE)
    shared = [
        name
        for name, times in Counter(name for entry in REAL.values() for name in files_of(entry)).items()
        if times > 1
    ]
    assert sorted(listed) == sorted(shared)


@pytest.mark.parametrize("name", REAL)
def test_a_tracker_has_the_files_that_others_ask_for(name: str) -> None:
    entry = REAL[name]
    asked = {
        "tracker": True,
        "signin": entry.signs_in,
        "finder": entry.finder_rank is not None,
        "searcher": entry.searches,
    }
    assert {file for file, is_asked in asked.items() if is_asked} <= files_of(entry)
