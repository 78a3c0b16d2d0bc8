"""What the check scripts share: the project's own sources, and source text without comments and literals."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
SKIPPED = re.compile(r"(^|/)(node_modules|__pycache__|build[^/]*|data|\.git)(/|$)")


def files(*suffixes):
    """Own files with these suffixes as (path relative to the root, text), sorted by path."""
    for path in sorted(ROOT.rglob("*")):
        relative = path.relative_to(ROOT).as_posix()
        if path.suffix in suffixes and not SKIPPED.search(relative) and path.is_file():
            yield relative, path.read_text(encoding="utf-8", errors="replace")


TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^()\s\\]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'",
    re.DOTALL,
)


def bare(text, keep_lines=True):
    """C++ text with comments and literals blanked out. Every line keeps its number, unless told otherwise:
    then a literal of many lines counts as one."""
    def blank(match):
        token = match.group(0)
        literal = token[0] in "\"R'"
        lines = "\n" * token.count("\n") if keep_lines or not literal else ""
        return ('""' if literal else " ") + lines
    return TOKEN.sub(blank, text)


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def report(problems, what):
    """Prints the problems and gives the exit code."""
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems: {what}" if problems else f"ok: {what}")
    return 1 if problems else 0
