#include "gateway/cli/completion.hpp"

#include <algorithm>
#include <ostream>
#include <set>

namespace gatehouse::gateway {

namespace {

// The first words of the verbs, each once: "secret" for "secret set" and "secret list".
std::vector<std::string> first_words(const std::vector<CompletionVerb>& verbs) {
    std::vector<std::string> words;
    for (const CompletionVerb& verb : verbs) {
        std::string word = verb.name.substr(0, verb.name.find(' '));
        if (std::find(words.begin(), words.end(), word) == words.end()) {
            words.push_back(std::move(word));
        }
    }
    return words;
}

std::vector<std::string> second_words(const std::vector<CompletionVerb>& verbs,
                                      const std::string& first) {
    std::vector<std::string> words;
    for (const CompletionVerb& verb : verbs) {
        if (verb.name.starts_with(first + " ")) {
            words.push_back(verb.name.substr(first.size() + 1));
        }
    }
    return words;
}

template <class Words>
std::string joined_words(const Words& words) {
    std::string text;
    for (const std::string& word : words) {
        text += (text.empty() ? "" : " ") + word;
    }
    return text;
}

// Options of a verb, or of all verbs below one first word.
std::string options_below(const std::vector<CompletionVerb>& verbs, const std::string& first) {
    std::set<std::string> options;
    for (const CompletionVerb& verb : verbs) {
        if (verb.name == first || verb.name.starts_with(first + " ")) {
            options.insert(verb.options.begin(), verb.options.end());
        }
    }
    return joined_words(options);
}

std::string verbs_that(const std::vector<CompletionVerb>& verbs, bool CompletionVerb::* takes,
                       std::string_view between) {
    std::string text;
    for (const CompletionVerb& verb : verbs) {
        if (verb.*takes) {
            text += (text.empty() ? "" : std::string(between)) + verb.name;
        }
    }
    return text.empty() ? "-" : text;
}

// In single quotes for fish and zsh.
std::string quoted_help(const std::string& help) {
    std::string text;
    for (const char c : help) {
        text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return "'" + text + "'";
}

constexpr std::string_view bash_head = R"(# bash completion of gatehouse
_gatehouse_names() {
  local i asked=()
  for ((i = 1; i < ${#COMP_WORDS[@]} - 1; i++)); do
    case "${COMP_WORDS[i]}" in
      -c|--config|--socket) asked+=("${COMP_WORDS[i]}" "${COMP_WORDS[i + 1]}") ;;
    esac
  done
  command gatehouse ls -o name "${asked[@]}" 2>/dev/null
}
_gatehouse() {
  local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD - 1]}" first= second= i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "${COMP_WORDS[i]}" in
      -c|--config|--socket|-o|--output) ((i++)) ;;
      -*) ;;
      *) if [ -z "$first" ]; then first="${COMP_WORDS[i]}"; else second="${COMP_WORDS[i]}"; break; fi ;;
    esac
  done
  case "$prev" in
    -o|--output) COMPREPLY=($(compgen -W "table wide json yaml name" -- "$cur")); return ;;
    -c|--config|--socket|--data) compopt -o default; return ;;
    --sort) COMPREPLY=($(compgen -W "cpu mem calls" -- "$cur")); return ;;
    --level) COMPREPLY=($(compgen -W "trace debug info notice warning error critical" -- "$cur")); return ;;
    --kind) COMPREPLY=($(compgen -W "health lifecycle exit restart catalogue breaker verb config secret daemon" -- "$cur")); return ;;
  esac
)";

void append_bash_cases(std::string& out, const std::vector<CompletionVerb>& verbs) {
    out += "  case \"$first\" in\n";
    for (const std::string& first : first_words(verbs)) {
        const std::vector<std::string> seconds = second_words(verbs, first);
        out += "    " + first + ")\n";
        out += "      case \"$cur\" in -*) COMPREPLY=($(compgen -W \"" +
               options_below(verbs, first) + "\" -- \"$cur\")); return ;; esac\n";
        if (!seconds.empty()) {
            out += "      [ -n \"$second\" ] || COMPREPLY=($(compgen -W \"" +
                   joined_words(seconds) + "\" -- \"$cur\")) ;;\n";
            continue;
        }
        const auto verb = std::find_if(verbs.begin(), verbs.end(),
                                       [&first](const auto& one) { return one.name == first; });
        if (verb->takes_connector) {
            out += "      [ -n \"$second\" ] || COMPREPLY=($(compgen -W "
                   "\"$(_gatehouse_names)\" -- \"$cur\"))";
        } else {
            out += verb->takes_file ? "      compopt -o default" : "      :";
        }
        out += " ;;\n";
    }
    out += "  esac\n";
}

} // namespace

std::string bash_completion(const std::vector<CompletionVerb>& verbs) {
    std::string out(bash_head);
    out += "  if [ -z \"$first\" ]; then\n    COMPREPLY=($(compgen -W \"" +
           joined_words(first_words(verbs)) +
           " --config --socket --output --help\" -- \"$cur\"))\n    return\n  fi\n";
    append_bash_cases(out, verbs);
    out += "}\ncomplete -F _gatehouse gatehouse\n";
    return out;
}

std::string zsh_completion(const std::vector<CompletionVerb>& verbs) {
    std::string out = "#compdef gatehouse\n# zsh completion of gatehouse, by that of bash\n"
                      "autoload -U +X bashcompinit && bashcompinit\n"
                      // zsh has no compopt; its default is files already.
                      "(( $+functions[compopt] )) || compopt() { :; }\n";
    return out + bash_completion(verbs);
}

std::string fish_completion(const std::vector<CompletionVerb>& verbs) {
    std::string out = "# fish completion of gatehouse\n"
                      "function __gatehouse_names\n"
                      "  set -l words (commandline -opc)\n"
                      "  set -l asked\n"
                      "  for i in (seq 2 (math (count $words) - 1))\n"
                      "    contains -- $words[$i] -c --config --socket; and set asked $asked "
                      "$words[$i] $words[(math $i + 1)]\n"
                      "  end\n"
                      "  command gatehouse ls -o name $asked 2>/dev/null\n"
                      "end\n"
                      "complete -c gatehouse -f\n"
                      "complete -c gatehouse -s c -l config -r -F -d 'gateway file'\n"
                      "complete -c gatehouse -l socket -r -F -d 'admin socket'\n"
                      "complete -c gatehouse -s o -l output -x -a 'table wide json yaml name'\n";
    for (const CompletionVerb& verb : verbs) {
        const std::size_t blank = verb.name.find(' ');
        const std::string first = verb.name.substr(0, blank);
        const std::string last = blank == std::string::npos ? first : verb.name.substr(blank + 1);
        const std::string when = blank == std::string::npos
                                     ? "__fish_use_subcommand"
                                     : "__fish_seen_subcommand_from " + first +
                                           "; and not __fish_seen_subcommand_from " +
                                           joined_words(second_words(verbs, first));
        out += "complete -c gatehouse -n '" + when + "' -a " + last + " -d " +
               quoted_help(verb.help) + "\n";
        for (const std::string& option : verb.options) {
            const bool is_long = option.starts_with("--");
            out += "complete -c gatehouse -n '__fish_seen_subcommand_from " + last + "' " +
                   (is_long ? "-l " + option.substr(2) : "-s " + option.substr(1)) + "\n";
        }
    }
    for (const std::string& first : first_words(verbs)) {
        if (!second_words(verbs, first).empty()) {
            out += "complete -c gatehouse -n '__fish_use_subcommand' -a " + first + "\n";
        }
    }
    out += "complete -c gatehouse -n '__fish_seen_subcommand_from " +
           verbs_that(verbs, &CompletionVerb::takes_connector, " ") +
           "' -a '(__gatehouse_names)'\n";
    out += "complete -c gatehouse -n '__fish_seen_subcommand_from " +
           verbs_that(verbs, &CompletionVerb::takes_file, " ") + "' -F\n";
    return out;
}

ExitCode run_completion(CliContext& context, const std::string& shell,
                        const std::vector<CompletionVerb>& verbs) {
    context.out << (shell == "bash"  ? bash_completion(verbs)
                    : shell == "zsh" ? zsh_completion(verbs)
                                     : fish_completion(verbs));
    return ExitCode::ok;
}

} // namespace gatehouse::gateway
