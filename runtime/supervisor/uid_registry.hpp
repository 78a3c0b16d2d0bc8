// UidRegistry: the foreign uid of each connector, and of each member of one whose instances are
// members' own (root mode), kept in a text file, so that a
// connector still owns its state after a restart and never another's, even if connectors come and
// go.
#pragma once

#include "runtime/base/ids.hpp"
#include "runtime/base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <map>

namespace gatehouse::runtime {

class UidRegistry {
  public:
    // first_uid: uid of the first connector; it must not be 0.
    UidRegistry(std::filesystem::path file, std::uint32_t first_uid);
    // The kept uid, or a new one that is on disk before it is returned. Error GH-P317.
    Result<std::uint32_t> uid_for(const ConnectorName& name) { return uid_of(name.str()); }
    // As above, for the member with this folder (no blanks in it); empty: the connector's own.
    Result<std::uint32_t> uid_for(const ConnectorName& name, const std::string& member_folder) {
        return uid_of(member_folder.empty() ? name.str() : name.str() + "/" + member_folder);
    }

  private:
    Result<std::uint32_t> uid_of(const std::string& key);
    Result<void> load();
    Result<void> save() const;
    std::uint32_t next_uid() const;

    std::filesystem::path file_;
    std::uint32_t first_uid_;
    bool loaded_ = false;
    std::map<std::string, std::uint32_t> uids_;
};

} // namespace gatehouse::runtime
