#!/usr/bin/env python3
"""Checks the arrows between the layers and the walls around third parties, by the includes of every source."""

import re
import sys

from source_tree import bare, files, line_of, report

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)

# First match decides: who (prefix of the path) may include which of ours (prefixes).
LAYERS = [
    ("runtime/base/", ("runtime/base/",)),
    ("sandbox/jail/", ("sandbox/", "runtime/base/")),
    ("sandbox/", ("runtime/base/", "sandbox/")),
    ("runtime/", ("runtime/", "sandbox/")),
    ("gateway/main", ("gateway/", "runtime/", "sandbox/")),
    ("gateway/app", ("gateway/", "runtime/", "sandbox/")),
    ("gateway/cli/", ("gateway/", "runtime/", "sandbox/")),
    ("gateway/", ("gateway/", "runtime/")),
    ("connectors/", ("connectors/",)),
]
OURS = re.compile(r"^(runtime|sandbox|gateway|connectors|tests)/")

# A third party's headers, and the paths that may include them.
WALLS = [
    (r"spdlog/", ("runtime/base/log.cpp",)),
    (r"yaml-cpp/", ("runtime/manifest/document",)),
    (r"seccomp\.h", ("sandbox/seccomp/",)),
    (r"archive(_entry)?\.h", ("runtime/manifest/",)),
    (r"boost/process", ("sandbox/launcher", "sandbox/child_process", "sandbox/jail_spawn")),
    (r"boost/beast", ("runtime/base/beast_impl.cpp", "runtime/http_client/", "gateway/http/", "gateway/cli/")),
    (r"boost/asio/ssl", ("runtime/http_client/tls_stream.cpp",)),
    (r"boost/asio", ("runtime/", "sandbox/launcher", "sandbox/child_process", "sandbox/dial", "sandbox/memory_watch", "sandbox/jail_spawn", "gateway/")),
    (r"openssl/", ("gateway/", "runtime/http_client/tls_stream.cpp", "runtime/supervisor/revision.cpp")),
    (r"sqlite3\.h", ("gateway/store/",)),
    (r"systemd/", ("gateway/app_service.cpp",)),
    (r"sodium", ("gateway/credentials/", "gateway/auth/", "gateway/journal/", "gateway/mcp/request_state")),
    (r"re2/", ("runtime/logs/", "gateway/config/", "gateway/policy/", "gateway/mcp/", "gateway/virtual_server/",
               "runtime/health/text_evidence.cpp")),
    (r"CLI/", ("gateway/cli/", "gateway/main.cpp")),
    (r"simdjson", ("gateway/", "runtime/session/")),
    (r"nlohmann/", ("runtime/", "sandbox/plan", "gateway/")),
]
# The jail is static and stands between the kernel and foreign code: no third party at all.
BARRED = [("sandbox/jail/", re.compile(r"^(boost|nlohmann|spdlog|yaml-cpp|openssl|re2|CLI)/|^(seccomp|sodium|sqlite3|simdjson)"))]


def own_problem(path, target):
    for who, may in LAYERS:
        if path.startswith(who):
            if not OURS.match(target):
                return f'"{target}" is not a path from the root of the repository'
            return None if target.startswith(may) else f'may not include "{target}"'
    return None


def foreign_problem(path, target):
    for who, pattern in BARRED:
        if path.startswith(who) and pattern.search(target):
            return f"<{target}>: no third party here"
    for pattern, may in WALLS:
        if re.match(pattern, target) and not path.startswith(may):
            return f"<{target}> belongs behind {', '.join(may)}"
    return None


def main():
    problems, count = [], 0
    for path, text in files(".cpp", ".hpp"):
        if path.startswith("tests/"):
            continue
        count += 1
        code = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group(0).count("\n"), text, flags=re.DOTALL)
        for match in INCLUDE.finditer(code):
            check = own_problem if match.group(1) == '"' else foreign_problem
            problem = check(path, match.group(2))
            if problem:
                problems.append(f"{path}:{line_of(code, match.start(2))}: {problem}")
        if path.startswith("gateway/") and re.search(r"\b(v?fork|clone3?|posix_spawnp?)\s*\(", bare(text)):
            problems.append(f"{path}: the gateway never forks")
    return report(problems, f"layers and third-party walls of {count} files")


if __name__ == "__main__":
    sys.exit(main())
