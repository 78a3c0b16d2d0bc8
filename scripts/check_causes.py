#!/usr/bin/env python3
"""Checks that every cause code in the source has an entry in the table that `gatehouse explain` shows, and that
every entry is used."""

import re
import sys

from source_tree import files, line_of, report

CODE = re.compile(r"GH-[A-Z][0-9]{3}")
ENTRY = re.compile(r'\{\s*"(GH-[A-Z][0-9]{3})"')
TABLE = "runtime/base/cause_table_"
SOURCE = ("runtime/", "sandbox/", "gateway/")


def check(sources):
    """Problems of (path, text) pairs."""
    entries, used = {}, {}
    for path, text in sources:
        if path.startswith(TABLE):
            for match in ENTRY.finditer(text):
                entries.setdefault(match.group(1), []).append(f"{path}:{line_of(text, match.start())}")
        elif path.startswith(SOURCE):
            for match in CODE.finditer(text):
                used.setdefault(match.group(0), f"{path}:{line_of(text, match.start())}")
    for code, where in sorted(used.items()):
        if code not in entries:
            yield f"{where}: {code} has no entry in {TABLE}*.cpp: say what it means and what to do"
    for code, where in sorted(entries.items()):
        if code not in used:
            yield f"{where[0]}: {code} is used nowhere: remove its entry"
        if len(where) > 1:
            yield f"{where[1]}: {code} has an entry already, in {where[0]}"


def main():
    sources = [(path, text) for path, text in files(".cpp", ".hpp") if not path.endswith("/base/cause_codes.hpp")]
    return report(list(check(sources)), "cause codes of the source")


if __name__ == "__main__":
    sys.exit(main())
