// Readers of what depends on the transport: run.transport, run.http, run.remote and source. Part of
// the catalogue.
#pragma once

#include "runtime/manifest/connector_spec.hpp"
#include "runtime/manifest/field.hpp"

namespace gatehouse::runtime {

// Reads spec.transport, http and remote, all but the URL.
void read_transport(const MapFields& run, ConnectorSpec& spec);
// Reads spec.source_dir, or spec.remote.url; after the transport.
void read_source(const Field& source, ConnectorSpec& spec);
// GH-C506 if the connector runs elsewhere and the field, which is for a process here, is there.
void refuse_for_remote(const ConnectorSpec& spec, const Field& field);

} // namespace gatehouse::runtime
