#include "gateway/cli/schema_text.hpp"

namespace gatehouse::gateway {

std::string_view gateway_schema_text() {
    return R"json({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Gatehouse gateway file",
  "type": "object",
  "required": ["apiVersion", "kind", "manifests"],
  "additionalProperties": false,
  "$defs": {
    "name": {"type": "string", "pattern": "^[a-z0-9-]{1,40}$"},
    "size": {
      "description": "A whole number with a binary unit, such as 4MiB",
      "type": "string", "pattern": "^[0-9]+(B|KiB|MiB|GiB|TiB)$"
    },
    "globs": {"description": "Each may have * and ?", "type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 256}},
    "literal": {"type": ["string", "number", "boolean", "null"]},
    "tool_text": {"type": "string", "pattern": "^[A-Za-z0-9_.-]*$"}
  },
  "properties": {
    "apiVersion": {"const": "gatehouse/v1"},
    "kind": {"const": "Gateway"},
    "listen": {
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "client": {"description": "Loopback host and port; port 0 takes a free one", "type": "string", "default": "127.0.0.1:8080"},
        "admin": {"description": "The admin socket, relative to the data folder", "type": "string", "pattern": "^unix:.", "default": "unix:admin.sock"}
      }
    },
    "public_url": {"description": "The origin clients see; default: http:// and listen.client", "type": "string", "pattern": "^https?://"},
    "data": {"description": "The data folder, relative to this file", "type": "string", "default": "./data"},
    "manifests": {
      "description": "A folder, or a list of files, relative to this file",
      "oneOf": [{"type": "string", "minLength": 1}, {"type": "array", "items": {"type": "string", "minLength": 1}}]
    },
    "allowed_hosts": {"description": "Host headers accepted besides public_url's and loopback names", "type": "array", "items": {"type": "string", "minLength": 1}},
    "store": {"type": "object", "additionalProperties": false, "properties": {"kind": {"enum": ["sqlite"]}}},
    "vault": {
      "type": "object",
      "additionalProperties": false,
      "properties": {"key": {"description": "The key file, relative to the data folder; made if absent", "type": "string", "pattern": "^file:.", "default": "file:keys/vault.key"}}
    },
    "virtual_servers": {
      "type": "array",
      "items": {
        "type": "object",
        "required": ["name", "connectors"],
        "additionalProperties": false,
        "properties": {
          "name": {"description": "Served at /v/<name>/mcp", "$ref": "#/$defs/name"},
          "title": {"type": "string"},
          "audience": {
            "description": "Who may use it; absent or empty: nobody",
            "type": "object",
            "additionalProperties": false,
            "properties": {
              "agents": {"type": "array", "items": {"$ref": "#/$defs/name"}},
              "everyone": {"description": "Every agent with a token", "type": "boolean", "default": false}
            }
          },
          "connectors": {
            "type": "array",
            "items": {
              "type": "object",
              "required": ["name"],
              "additionalProperties": false,
              "properties": {
                "name": {"$ref": "#/$defs/name"},
                "prefix": {"description": "Put before each tool name; default: <connector>_", "$ref": "#/$defs/tool_text", "maxLength": 64},
                "tools": {
                  "type": "object",
                  "additionalProperties": false,
                  "properties": {
                    "allow": {"$ref": "#/$defs/globs", "default": ["*"]},
                    "deny": {"$ref": "#/$defs/globs"},
                    "rename": {"description": "The connector's name of a tool: the name to show", "type": "object", "additionalProperties": {"$ref": "#/$defs/tool_text", "minLength": 1, "maxLength": 128}},
                    "describe": {"description": "The name to show: its description", "type": "object", "additionalProperties": {"type": "string"}}
                  }
                }
              }
            }
          }
        }
      }
    },
    "policy": {
      "description": "The first rule whose every condition holds decides; none: allow",
      "type": "array",
      "items": {
        "type": "object",
        "required": ["name", "effect"],
        "additionalProperties": false,
        "properties": {
          "name": {"description": "Shown in the journal", "allOf": [{"$ref": "#/$defs/name"}], "not": {"const": "default"}},
          "effect": {"enum": ["allow", "deny"]},
          "principals": {"description": "agent:NAME or globs of it", "$ref": "#/$defs/globs"},
          "virtual_servers": {"$ref": "#/$defs/globs"},
          "connectors": {"$ref": "#/$defs/globs"},
          "tools": {"description": "The connector's own tool names", "$ref": "#/$defs/globs"},
          "arguments": {
            "description": "All must hold",
            "type": "array",
            "items": {
              "type": "object",
              "required": ["pointer"],
              "additionalProperties": false,
              "minProperties": 2,
              "maxProperties": 2,
              "properties": {
                "pointer": {"description": "JSON Pointer into the arguments", "type": "string", "pattern": "^(/([^~]|~[01])*)?$"},
                "equals": {"$ref": "#/$defs/literal"},
                "in": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/literal"}},
                "matches": {"description": "RE2 pattern", "type": "string", "maxLength": 4096},
                "less": {"type": "number"},
                "greater": {"type": "number"},
                "present": {"type": "boolean"}
              }
            }
          }
        }
      }
    },
    "audit": {
      "type": "object",
      "additionalProperties": false,
      "properties": {"durability": {"description": "disk waits for the disk at each batch", "enum": ["process", "disk"], "default": "process"}}
    },
    "limits": {
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "body": {"$ref": "#/$defs/size", "default": "4MiB"},
        "sessions": {"type": "integer", "minimum": 1, "maximum": 1000000, "default": 20000},
        "calls_in_flight": {"type": "integer", "minimum": 1, "maximum": 1000000, "default": 4096},
        "result": {"$ref": "#/$defs/size", "default": "16MiB"}
      }
    }
  }
}
)json";
}

} // namespace gatehouse::gateway
