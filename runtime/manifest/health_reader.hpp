// Reader of the `health` part of a connector manifest. Part of the catalogue.
#pragma once

#include "runtime/manifest/connector_spec.hpp"
#include "runtime/manifest/field.hpp"

namespace gatehouse::runtime {

void read_health(const Field& health, HealthSpec& spec);

} // namespace gatehouse::runtime
