#!/usr/bin/env python3
"""Checks the hard limits of size: files of at most 400 lines (tests 600), C++ functions of at most 70."""

import re
import sys

from source_tree import bare, files, line_of, report

FILE_MAX, TEST_FILE_MAX, FUNCTION_MAX = 400, 600, 70
NO_FUNCTION = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b[^()]*$")
TABLE = "table of values, no code"  # a file that says so in its first lines counts as a table: 600 lines


def functions(code):
    """(offset of the opening brace, offset of the closing one) of each outermost function body."""
    depth, start_depth, opened, statement = 0, None, 0, 0
    for match in re.finditer(r"[{};]", code):
        at, char = match.start(), match.group(0)
        if char == "{":
            head = code[statement:at]
            if start_depth is None and "(" in head and not NO_FUNCTION.search(head):
                start_depth, opened = depth, at
            depth += 1
        elif char == "}":
            depth -= 1
            if start_depth is not None and depth == start_depth:
                yield opened, at
                start_depth = None
        statement = at + 1


def function_problems(path, text):
    code, short = bare(text), bare(text, keep_lines=False)
    for (opened, _), (begin, end) in zip(functions(code), functions(short)):
        length = short.count("\n", begin, end) + 1
        if length > FUNCTION_MAX:
            yield f"{path}:{line_of(code, opened)}: a function of {length} lines, at most {FUNCTION_MAX}"


def main():
    problems, count = [], 0
    for path, text in files(".cpp", ".hpp", ".py", ".mjs", ".sh"):
        count += 1
        lines = text.count("\n")
        roomy = path.startswith("tests/") or TABLE in text[:600]
        limit = TEST_FILE_MAX if roomy else FILE_MAX
        if lines > limit:
            problems.append(f"{path}: {lines} lines, at most {limit}")
        if path.endswith((".cpp", ".hpp")) and not path.startswith("tests/unit/"):
            problems += function_problems(path, text)
    return report(problems, f"sizes of {count} files")


if __name__ == "__main__":
    sys.exit(main())
