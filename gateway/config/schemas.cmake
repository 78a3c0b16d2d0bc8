# Compiles manifests/*.schema.json into gatehouse_config (gateway/config/schemas.hpp).
set(schema_files ${CMAKE_SOURCE_DIR}/manifests/connector.schema.json ${CMAKE_SOURCE_DIR}/manifests/gateway.schema.json)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${schema_files})
file(READ ${CMAKE_SOURCE_DIR}/manifests/connector.schema.json CONNECTOR_SCHEMA)
file(READ ${CMAKE_SOURCE_DIR}/manifests/gateway.schema.json GATEWAY_SCHEMA)
configure_file(${CMAKE_SOURCE_DIR}/gateway/config/schemas.cpp.in ${CMAKE_CURRENT_BINARY_DIR}/schemas.cpp @ONLY)
target_sources(gatehouse_config PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/schemas.cpp)
