#include "runtime/base/cause_tables.hpp"

namespace gatehouse {

namespace {

constexpr CauseCode config_causes[] = {
    {"GH-C501", "the YAML cannot be read",
     "The file is not well-formed YAML, or uses what is not supported here: a second document, "
     "aliases, tags.",
     "Correct the place that the message names; `gatehouse validate` shows all of them.", "team"},
    {"GH-C502", "unknown key",
     "A key is not one of those known at this place. Nothing is guessed: the file is refused.",
     "Use the nearest known key that the message names, or remove it.", "team"},
    {"GH-C503", "a value without its unit or form",
     "A size, a duration, a URL or a header is not written as it must be.",
     "Write sizes as 64MiB, durations as 15s, and URLs as http or https without user or fragment.",
     "team"},
    {"GH-C504", "a value of the wrong kind",
     "A list, a map or nothing stands where the message names another kind.",
     "Give a value of the kind that is due, or remove the key for its default.", "team"},
    {"GH-C505", "a required key is missing",
     "The map is there, and a key that it must have is not.", "Add the key.", "team"},
    {"GH-C506", "a value that is not allowed",
     "The value has the right kind and is out of range, is not one of the known words, or "
     "contradicts another value.",
     "Use what the message says is allowed.", "team"},
    {"GH-C507", "a key is given twice",
     "The same key stands twice in one map, so one of the values would be lost.",
     "Remove one of them.", "team"},
    {"GH-C508", "a name is given twice",
     "Two entries of a list, or two files, have the same name or would land at the same place.",
     "Rename or remove one of them.", "team"},
    {"GH-C509", "a file or folder cannot be used",
     "A file or folder that is named is missing, unreadable, or too large. Paths count from the "
     "file that names them.",
     "Correct the path or its permissions.", "team"},
    {"GH-C510", "the command cannot be executed",
     "The first word of run.command is no program that can be executed inside the sandbox.",
     "Name a program of source.dir or of the system, and make it executable.", "team"},
    {"GH-C511", "the source folder holds a unix socket",
     "The connector would see the socket inside its sandbox and could reach its listener.",
     "Move the socket out of source.dir.", "team"},
    {"GH-C520", "cannot listen",
     "The daemon could not open the address or socket it shall listen on.",
     "Stop what uses it already, or choose another in gatehouse.yaml.", "operator"},
    {"GH-C530", "no gateway file", "No gateway file was named, and there is none in this folder.",
     "Name it with --config FILE or GATEHOUSE_CONFIG, or run where gatehouse.yaml is.", "operator"},
    {"GH-C531", "cannot read the gateway file",
     "The gateway file has problems, so the command does not know the daemon's socket.",
     "See all problems with `gatehouse validate`, or name the socket with --socket PATH.",
     "operator"},
    {"GH-C532", "the pattern is no regular expression",
     "The pattern given to --grep cannot be compiled (RE2 syntax).",
     "Correct the pattern; write a backslash before characters with a meaning of their own.",
     "operator"},
    {"GH-C533", "the new configuration is refused",
     "A reload found problems in gatehouse.yaml or a manifest. Nothing was changed: what runs goes "
     "on as before.",
     "Correct what the message names (`gatehouse validate` shows all of it), then reload again.",
     "operator"},
};

} // namespace

std::span<const CauseCode> config_cause_codes() {
    return config_causes;
}

} // namespace gatehouse
