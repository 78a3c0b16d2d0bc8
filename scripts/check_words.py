#!/usr/bin/env python3
"""Checks the idioms that are forbidden because they miscompile or leak (CONTRIBUTING.md says why)."""

import re
import sys

from source_tree import bare, files, line_of, report

# Word, who may use it (prefixes), why not elsewhere.
WORDS = [
    (r"\basio::detached\b|\bdetached_t\b", ("runtime/base/task_group", "tests/"), "a TaskGroup counts and joins coroutines"),
    (r"\bco_spawn\s*\(", ("runtime/base/task_group", "tests/", "gateway/cli/"), "spawn through a TaskGroup"),
    (r"\bawaitable_operators\b", (), "use after free on cancellation in Asio 1.81"),
    (r"\bstd::regex\b", (), "hangs on hostile patterns; RE2 only"),
    (r"\bPR_SET_PDEATHSIG\b", ("sandbox/", "tests/"), "follows the thread; a lifetime hangs on the control socket"),
    (r"\b(system|popen)\s*\(", ("tests/",), "no shell"),
    (r"\busing namespace std;", (), "not at all"),
]
TODO = re.compile(r"\b(TODO|FIXME|XXX)\b")


def awaited(code, at):
    """The text from co_await to the end of its statement or of the parentheses around it."""
    depth = 0
    for end in range(at, len(code)):
        char = code[end]
        if char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
            if depth < 0:
                return code[at:end]
        elif char == ";" and depth == 0:
            return code[at:end]
        elif char == "{":
            return code[at:end + 1]
    return code[at:]


def await_problems(path, code):
    for match in re.finditer(r"\bco_await\b", code):
        if awaited(code, match.start()).endswith("{"):
            yield (f"{path}:{line_of(code, match.start())}: braces or a lambda inside a co_await expression: "
                   "name the object first, then co_await the moved object")


def main():
    problems, count = [], 0
    for path, text in files(".cpp", ".hpp"):
        count += 1
        code = bare(text)
        problems += await_problems(path, code)
        for pattern, allowed, why in WORDS:
            for match in re.finditer(pattern, code):
                if not path.startswith(allowed or ("\0",)):
                    problems.append(f"{path}:{line_of(code, match.start())}: {match.group(0).strip()}: {why}")
        for match in TODO.finditer(text):
            problems.append(f"{path}:{line_of(text, match.start())}: {match.group(0)}: file an issue instead")
    return report(problems, f"words of {count} files")


if __name__ == "__main__":
    sys.exit(main())
