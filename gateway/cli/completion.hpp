// The completion scripts of the shells, made from the verbs and options that the parser knows.
// Names of connectors are asked from the daemon at the moment of completing. Pure.
#pragma once

#include "gateway/cli/commands.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::gateway {

std::string bash_completion(const std::vector<CompletionVerb>& verbs);
std::string zsh_completion(const std::vector<CompletionVerb>& verbs);
std::string fish_completion(const std::vector<CompletionVerb>& verbs);

} // namespace gatehouse::gateway
