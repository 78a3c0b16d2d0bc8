// victim_corpus --list prints "name<TAB>what" of each attempt; victim_corpus NAME key=value… makes
// one.
#include "tests/victims/corpus/corpus.hpp"

#include <cstdio>
#include <cstdlib>

namespace corpus {

Targets::Targets(int argc, char** argv) {
    for (int i = 2; i < argc; ++i) {
        const std::string word = argv[i];
        const auto equals = word.find('=');
        if (equals != std::string::npos) {
            values_[word.substr(0, equals)] = word.substr(equals + 1);
        }
    }
}

const std::string& Targets::text(const char* name) const {
    const auto found = values_.find(name);
    if (found == values_.end()) {
        std::printf("untried: the target '%s' is missing\n", name);
        std::exit(2);
    }
    return found->second;
}

long Targets::number(const char* name) const {
    return std::atol(text(name).c_str());
}

} // namespace corpus

int main(int argc, char** argv) {
    const std::string wanted = argc > 1 ? argv[1] : "";
    const corpus::Targets targets(argc, argv);
    for (const auto attempts :
         {corpus::file_attempts(), corpus::place_attempts(), corpus::process_attempts(),
          corpus::identity_attempts(), corpus::namespace_attempts(), corpus::mount_attempts(),
          corpus::kernel_attempts(), corpus::socket_attempts(), corpus::bomb_attempts(),
          corpus::outlive_attempts()}) {
        for (const corpus::Attempt& attempt : attempts) {
            if (wanted == "--list") {
                std::printf("%s\t%s\n", attempt.name, attempt.what);
            } else if (wanted == attempt.name) {
                const corpus::Answer answer = attempt.run(targets);
                constexpr const char* words[] = {"harm", "refused", "untried"};
                const int status = static_cast<int>(answer.verdict);
                std::printf("%s: %s\n", words[status], answer.text.c_str());
                std::fflush(stdout);
                std::_Exit(status);
            }
        }
    }
    return wanted == "--list" ? 0 : 2;
}
