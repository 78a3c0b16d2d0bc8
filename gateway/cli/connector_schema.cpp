#include "gateway/cli/schema_text.hpp"

namespace gatehouse::gateway {

std::string_view connector_schema_text() {
    return R"json({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Gatehouse connector manifest",
  "type": "object",
  "required": ["apiVersion", "kind", "metadata", "source", "run"],
  "additionalProperties": false,
  "$defs": {
    "name": {"type": "string", "pattern": "^[a-z0-9-]{1,40}$"},
    "size": {
      "description": "A whole number with a binary unit, such as 512MiB",
      "type": "string", "pattern": "^[0-9]+(B|KiB|MiB|GiB|TiB)$"
    },
    "duration": {
      "description": "A whole number with a unit, such as 15s",
      "type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$"
    }
  },
  "properties": {
    "apiVersion": {"const": "gatehouse/v1"},
    "kind": {"const": "Connector"},
    "metadata": {
      "type": "object",
      "required": ["name"],
      "additionalProperties": false,
      "properties": {
        "name": {"description": "Identifies the connector; also the default tool prefix", "$ref": "#/$defs/name"},
        "title": {"type": "string"},
        "description": {"type": "string"},
        "owner": {"type": "string"},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}}
      }
    },
    "source": {
      "type": "object",
      "required": ["dir"],
      "additionalProperties": false,
      "properties": {
        "dir": {
          "description": "A folder with the program and its dependencies; read-only at /app in the sandbox",
          "type": "object",
          "required": ["path"],
          "additionalProperties": false,
          "properties": {"path": {"description": "Relative to the manifest's folder", "type": "string", "minLength": 1}}
        }
      }
    },
    "run": {
      "type": "object",
      "required": ["command"],
      "additionalProperties": false,
      "properties": {
        "transport": {"enum": ["stdio"]},
        "command": {
          "description": "Program and arguments; no shell",
          "type": "array", "minItems": 1, "items": {"type": "string"}
        },
        "env": {
          "type": "object",
          "propertyNames": {"pattern": "^(?!PATH$|LD_)[A-Za-z_][A-Za-z0-9_]{0,127}$"},
          "additionalProperties": {"type": "string"}
        },
        "instances": {
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "scope": {"enum": ["shared"]},
            "min": {"description": "1 starts with the daemon, 0 on the first call", "type": "integer", "minimum": 0, "maximum": 1, "default": 0},
            "idle_after": {"description": "Stopped after so long without a call", "$ref": "#/$defs/duration", "default": "15m"}
          }
        },
        "timeouts": {
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "startup": {"$ref": "#/$defs/duration", "default": "60s"},
            "call": {"$ref": "#/$defs/duration", "default": "60s"},
            "drain": {"$ref": "#/$defs/duration", "default": "30s"},
            "stop": {"$ref": "#/$defs/duration", "default": "10s"}
          }
        },
        "concurrency": {"description": "Calls in flight at a time; more wait", "type": "integer", "minimum": 1, "maximum": 1024, "default": 16},
        "validate": {"description": "Check arguments against the tool's schema", "type": "boolean", "default": true}
      }
    },
    "credentials": {
      "type": "array",
      "items": {
        "type": "object",
        "required": ["name", "kind", "secret", "inject"],
        "additionalProperties": false,
        "properties": {
          "name": {"$ref": "#/$defs/name"},
          "kind": {"enum": ["api_key", "service_account"]},
          "scope": {"enum": ["shared"]},
          "secret": {
            "type": "object",
            "required": ["ref"],
            "additionalProperties": false,
            "properties": {"ref": {"description": "Set with: gatehouse secret set NAME", "type": "string", "pattern": "^[a-z0-9-]{1,64}$"}}
          },
          "inject": {
            "type": "object",
            "required": ["env"],
            "additionalProperties": false,
            "properties": {
              "env": {
                "type": "object",
                "required": ["name"],
                "additionalProperties": false,
                "properties": {"name": {"type": "string", "pattern": "^(?!PATH$|LD_)[A-Za-z_][A-Za-z0-9_]{0,127}$"}}
              }
            }
          }
        }
      }
    },
    "sandbox": {
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "writable": {"description": "Named volumes, mounted at /data/<name>", "type": "array", "uniqueItems": true, "items": {"$ref": "#/$defs/name"}},
        "limits": {
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "memory": {"$ref": "#/$defs/size", "default": "512MiB"},
            "tmp": {"$ref": "#/$defs/size", "default": "256MiB"},
            "pids": {"type": "integer", "minimum": 1, "maximum": 65536, "default": 256},
            "nofile": {"type": "integer", "minimum": 16, "maximum": 1048576, "default": 1024}
          }
        }
      }
    },
    "restart": {
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "policy": {"enum": ["always", "on-failure", "never"], "default": "on-failure"},
        "initial": {"$ref": "#/$defs/duration", "default": "1s"},
        "max": {"$ref": "#/$defs/duration", "default": "60s"},
        "jitter": {"type": "number", "minimum": 0, "maximum": 0.9, "default": 0.2},
        "failures": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 10},
        "window": {"$ref": "#/$defs/duration", "default": "30m"},
        "reset_after": {"$ref": "#/$defs/duration", "default": "10m"}
      }
    },
    "logs": {
      "type": "object",
      "additionalProperties": false,
      "properties": {"max_bytes": {"$ref": "#/$defs/size", "default": "64MiB"}}
    }
  }
}
)json";
}

} // namespace gatehouse::gateway
