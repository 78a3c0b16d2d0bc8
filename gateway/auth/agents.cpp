#include "gateway/auth/agents.hpp"

#include "gateway/auth/token.hpp"
#include "gateway/store/store.hpp"

#include <algorithm>
#include <cstring>
#include <openssl/crypto.h>
#include <unordered_map>

namespace gatehouse::gateway {

namespace {

constexpr std::size_t agent_name_max_length = 40;

// The hash of 256 random bits is uniform: its first bytes are a good bucket number as they are.
struct TokenHashBucket {
    std::size_t operator()(const TokenHash& hash) const {
        std::size_t bucket = 0;
        std::memcpy(&bucket, hash.data(), sizeof(bucket));
        return bucket;
    }
};

bool agent_name_is_valid(const std::string& name) {
    return !name.empty() && name.size() <= agent_name_max_length &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
           });
}

// The token after "Bearer " (scheme in any case, one or more spaces); empty if there is none.
std::string_view bearer_token(std::string_view header) {
    constexpr std::string_view scheme = "bearer";
    if (header.size() <= scheme.size() || header[scheme.size()] != ' ') {
        return {};
    }
    for (std::size_t i = 0; i < scheme.size(); ++i) {
        if ((header[i] | 0x20) != scheme[i]) {
            return {};
        }
    }
    const auto start = header.find_first_not_of(' ', scheme.size());
    return start == std::string_view::npos ? std::string_view{} : header.substr(start);
}

Error refused_token() {
    return Error{"GH-A121", "the token is not accepted", "Authorization header", "",
                 "use a token made by `gatehouse agent create NAME`"};
}

} // namespace

struct AgentRegistry::Impl {
    struct Entry {
        TokenHash hash{};
        Principal principal;
        AgentInfo info;
    };

    Store& store;
    const Clock& clock;
    TokenHasher hasher;
    std::unordered_map<TokenHash, Entry, TokenHashBucket> by_hash;

    Impl(Store& its_store, const Clock& its_clock) : store(its_store), clock(its_clock) {}

    auto find_name(const std::string& name) {
        return std::find_if(by_hash.begin(), by_hash.end(),
                            [&name](const auto& pair) { return pair.second.info.name == name; });
    }
};

AgentRegistry::AgentRegistry(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AgentRegistry::~AgentRegistry() = default;

Result<std::unique_ptr<AgentRegistry>> AgentRegistry::open(Store& store, const Clock& clock) {
    auto impl = std::make_unique<Impl>(store, clock);
    auto rows = store.query("SELECT name, token_hash, token_hint, created_at FROM agents");
    if (!rows) {
        return rows.error();
    }
    for (StoreRow& row : *rows) {
        AgentInfo info{std::get<std::string>(row[0]), std::get<std::string>(row[3]),
                       std::get<std::string>(row[2])};
        const auto& bytes = std::get<std::string>(row[1]);
        TokenHash hash{};
        if (bytes.size() != hash.size()) {
            return Error{"GH-G911", "the store holds a damaged agent", info.name,
                         "its token hash has a wrong size", "remove the agent and create it anew"};
        }
        std::memcpy(hash.data(), bytes.data(), hash.size());
        Principal principal(PrincipalId("agent:" + info.name), info.name);
        impl->by_hash.emplace(hash, Impl::Entry{hash, std::move(principal), std::move(info)});
    }
    return std::unique_ptr<AgentRegistry>(new AgentRegistry(std::move(impl)));
}

Result<Secret> AgentRegistry::create(const std::string& name) {
    if (!agent_name_is_valid(name)) {
        return Error{"GH-A110", "the agent's name is not valid", "",
                     "a name is 1 to 40 of a-z, 0-9 and -", "choose another name"};
    }
    if (impl_->find_name(name) != impl_->by_hash.end()) {
        return Error{"GH-A111", "the agent exists already", name, "",
                     "remove it first to give it a new token, or choose another name"};
    }
    auto token = make_token();
    if (!token) {
        return token.error();
    }
    const TokenHash hash = impl_->hasher.hash(token->reveal());
    AgentInfo info{name, rfc3339_text(impl_->clock.wall_now()),
                   std::string(token->reveal().substr(token_length - 4))};
    auto stored = impl_->store.execute(
        "INSERT INTO agents (name, token_hash, token_hint, created_at) "
        "VALUES (?, CAST(? AS BLOB), ?, ?)",
        {name, std::string(reinterpret_cast<const char*>(hash.data()), hash.size()),
         info.token_hint, info.created_at});
    if (!stored) {
        return stored.error();
    }
    Principal principal(PrincipalId("agent:" + name), name);
    impl_->by_hash.emplace(hash, Impl::Entry{hash, std::move(principal), std::move(info)});
    return token;
}

Result<void> AgentRegistry::remove(const std::string& name) {
    const auto found = impl_->find_name(name);
    if (found == impl_->by_hash.end()) {
        return Error{"GH-A112", "there is no such agent", name, "",
                     "see `gatehouse agent list` for the names"};
    }
    auto removed = impl_->store.execute("DELETE FROM agents WHERE name = ?", {name});
    if (removed) {
        impl_->by_hash.erase(found);
    }
    return removed;
}

std::vector<AgentInfo> AgentRegistry::list() const {
    std::vector<AgentInfo> infos;
    infos.reserve(impl_->by_hash.size());
    for (const auto& [hash, entry] : impl_->by_hash) {
        infos.push_back(entry.info);
    }
    std::sort(infos.begin(), infos.end(),
              [](const AgentInfo& a, const AgentInfo& b) { return a.name < b.name; });
    return infos;
}

std::optional<Principal> AgentRegistry::find(const std::string& name) const {
    const auto found = impl_->find_name(name);
    return found == impl_->by_hash.end() ? std::nullopt : std::optional(found->second.principal);
}

Result<Principal> AgentRegistry::authenticate(std::optional<std::string_view> authorization) const {
    if (!authorization) {
        return Error{
            "GH-A120", "no token was sent", "Authorization header", "",
            "send `Authorization: Bearer` and a token made by `gatehouse agent create NAME`"};
    }
    // A malformed token goes the same way as a wrong one, so that the time does not tell them
    // apart.
    static constexpr std::array<char, token_length> nobody{};
    std::string_view token = bearer_token(*authorization);
    const bool well_formed = token_is_well_formed(token);
    if (!well_formed) {
        token = std::string_view(nobody.data(), nobody.size());
    }
    const TokenHash hash = impl_->hasher.hash(token);
    const auto found = impl_->by_hash.find(hash);
    if (!well_formed || found == impl_->by_hash.end() ||
        CRYPTO_memcmp(found->second.hash.data(), hash.data(), hash.size()) != 0) {
        return refused_token();
    }
    return found->second.principal;
}

} // namespace gatehouse::gateway
