#!/usr/bin/env python3
"""Compares our parser of release names with guessit, on the table of names.

For development only; nothing of the project needs it:

    python3 -m venv /tmp/guessit && /tmp/guessit/bin/pip install guessit
    /tmp/guessit/bin/python scripts/compare-guessit.py

It reads what our parser says from crates/domain/tests/it/release_names.txt, which a test keeps
true, so no Rust runs here. Compared are title, year, season, episodes, absolute numbers and date;
what is said of the copy has other words in both. Differences are explained in
docs/release-names.md; with `--summary` only their numbers are shown.
"""

import re
import sys
import unicodedata
from collections import Counter
from pathlib import Path

from guessit import guessit

TABLE = Path(__file__).parent.parent / "crates/domain/tests/it/release_names.txt"
LINE = re.compile(
    r"^(?P<title>.*?)(?: \((?P<year>\d{4})\))? \|"
    r"(?: S(?P<season>\d+)(?:-S(?P<last>\d+))?)?"
    r"(?: E(?P<episodes>[\d,-]+))?"
    r"(?: abs (?P<absolute>[\d,-]+))?"
    r"(?: (?P<date>\d{4}-\d\d-\d\d))?"
)


def table():
    """Each name of the table with how it is read and what our parser says."""
    expect, name = "@any", None
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("    "):
            yield expect, name, line.strip()
        elif line.startswith("@"):
            expect = line
        elif line and not line.startswith("# "):
            name = line


def numbers(text):
    """`1-3,5` as [1, 2, 3, 5]."""
    found = []
    for part in (text or "").split(","):
        if part:
            first, _, last = part.partition("-")
            found += range(int(first), int(last or first) + 1)
    return found


def ours(line):
    found = LINE.match(line)
    seasons = numbers(found["season"] and f"{found['season']}-{found['last'] or found['season']}")
    return {
        "title": plain(found["title"]),
        "year": found["year"] and int(found["year"]),
        "season": seasons,
        "numbers": numbers(found["episodes"]) or numbers(found["absolute"]),
        "date": found["date"],
    }


def theirs(expect, name):
    options = {"@film": {"type": "movie"}, "@episode": {"type": "episode"}}.get(expect, {})
    found = guessit(name, options)
    episodes = listed(found.get("episode")) or listed(found.get("absolute_episode"))
    return {
        "title": plain(found.get("title", "-")),
        "year": found.get("year"),
        "season": listed(found.get("season")),
        "numbers": sorted(episodes),
        "date": str(found["date"]) if "date" in found else None,
    }


def listed(value):
    return list(value) if isinstance(value, list) else [] if value is None else [value]


def shown(value):
    """A value, with long lists of numbers cut short."""
    if isinstance(value, list) and len(value) > 8:
        return f"{value[0]}..{value[-1]} ({len(value)})"
    return repr(value)


def plain(title):
    """A title without what both may write in different ways."""
    title = unicodedata.normalize("NFC", str(title)).casefold()
    return " ".join(re.sub(r"[\W_]+", " ", title).split())


def main():
    summary = "--summary" in sys.argv[1:]
    total, differing, fields = 0, 0, Counter()
    for expect, name, line in table():
        total += 1
        us, them = ours(line), theirs(expect, name)
        differences = [field for field in us if us[field] != them[field]]
        fields.update(differences)
        differing += bool(differences)
        if differences and not summary:
            print(f"{name}  ({expect})")
            for field in differences:
                print(f"    {field}: {shown(us[field])}, guessit {shown(them[field])}")
    print(f"{total} names, {differing} read differently: {dict(fields)}")


if __name__ == "__main__":
    main()
