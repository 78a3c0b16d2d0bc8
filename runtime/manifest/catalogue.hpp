// Catalogue: from a connector manifest on disk to a ConnectorSpec, or to every issue in it at once.
// Reads files (the manifest; whether source folder and command exist). Used by the gateway's
// configuration.
#pragma once

#include "runtime/manifest/connector_spec.hpp"
#include "runtime/manifest/document.hpp"
#include "runtime/manifest/field.hpp"
#include "runtime/manifest/issue.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <variant>

namespace gatehouse::runtime {

// A manifest that has been read, good or not: what could be read of it lets other documents be
// checked against it all the same.
struct ConnectorReading {
    ConnectorSpec
        spec; // complete if there are no issues; spec.name is empty if it could not be read
    Place name_place;
    Issues issues; // ordered by place
    KnownKeys known_keys;
};

ConnectorReading read_connector(Document document);

// The spec, or the issues (codes GH-C501 to GH-C510).
std::variant<ConnectorSpec, Issues> load_connector(const std::filesystem::path& file);
// As if `text` stood in `file`: source.dir.path counts from the folder of `file`.
std::variant<ConnectorSpec, Issues> load_connector_text(const std::filesystem::path& file,
                                                        std::string_view text);

} // namespace gatehouse::runtime
