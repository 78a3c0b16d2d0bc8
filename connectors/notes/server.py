"""An MCP server over stdio that keeps notes in a volume. Standard library only, one process, one thread.

Every change is written to a new file that then takes the old one's place, so a kill at any moment leaves
either the old notes or the new ones. The API key stands for a downstream service's credential: the program
tells its length and the start of its SHA-256, never the key.
"""

import hashlib
import json
import os
import sys
import tempfile
import time

VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
MAX_NOTES = 10_000
MAX_TEXT = 64 * 1024


class Refused(Exception):
    """A tool error: the message is for the caller."""


class Store:
    def __init__(self, folder):
        self.folder = folder
        self.path = os.path.join(folder, "notes.json")
        self.next_id, self.notes = 1, []
        if os.path.exists(self.path):
            with open(self.path, encoding="utf-8") as file:
                data = json.load(file)
            self.next_id, self.notes = data["next_id"], data["notes"]

    def save(self):
        handle, temporary = tempfile.mkstemp(prefix=".notes-", dir=self.folder)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({"next_id": self.next_id, "notes": self.notes}, file, ensure_ascii=False)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.path)
        except BaseException:
            os.unlink(temporary)
            raise

    def add(self, arguments):
        text = text_of(arguments, "text")
        if len(self.notes) >= MAX_NOTES:
            raise Refused(f"there are {MAX_NOTES} notes already; delete some first")
        note = {"id": self.next_id, "text": text, "created": int(time.time())}
        self.next_id += 1
        self.notes.append(note)
        self.save()
        return {"note": note}

    def list(self, _arguments):
        return {"notes": self.notes}

    def search(self, arguments):
        wanted = text_of(arguments, "query").casefold()
        return {"notes": [note for note in self.notes if wanted in note["text"].casefold()]}

    def delete_note(self, arguments):
        wanted = arguments.get("id")
        if isinstance(wanted, bool) or not isinstance(wanted, int):
            raise Refused("id must be an integer")
        kept = [note for note in self.notes if note["id"] != wanted]
        if len(kept) == len(self.notes):
            raise Refused(f"there is no note {wanted}")
        self.notes = kept
        self.save()
        return {"deleted": wanted}


def text_of(arguments, name):
    text = arguments.get(name)
    if not isinstance(text, str) or not text:
        raise Refused(f"{name} must be a non-empty string")
    if len(text) > MAX_TEXT:
        raise Refused(f"{name} must be at most {MAX_TEXT} characters")
    return text


def whoami(_arguments):
    key = os.environ.get("NOTES_API_KEY", "")
    if not key:
        return {"api_key": {"set": False}}
    digest = hashlib.sha256(key.encode()).hexdigest()
    return {"api_key": {"set": True, "length": len(key), "sha256_prefix": digest[:12]}}


def schema(**properties):
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


READ_ONLY = {"readOnlyHint": True}
STRING = {"type": "string", "minLength": 1, "maxLength": MAX_TEXT}
TOOLS = [
    {"name": "add", "description": "Adds a note.", "inputSchema": schema(text=STRING)},
    {"name": "list", "description": "Lists all notes.", "inputSchema": schema(), "annotations": READ_ONLY},
    {
        "name": "search",
        "description": "Finds the notes that contain a text, whatever its case.",
        "inputSchema": schema(query=STRING),
        "annotations": READ_ONLY,
    },
    {
        "name": "delete_note",
        "description": "Deletes one note for good.",
        "inputSchema": schema(id={"type": "integer", "minimum": 1}),
        "annotations": {"destructiveHint": True},
    },
    {
        "name": "whoami",
        "description": "Says whether the connector has its API key: length and SHA-256 prefix only.",
        "inputSchema": schema(),
        "annotations": READ_ONLY,
    },
]


class Server:
    def __init__(self, store):
        self.tools = {
            "add": store.add,
            "list": store.list,
            "search": store.search,
            "delete_note": store.delete_note,
            "whoami": whoami,
        }

    def call(self, params):
        tool = self.tools.get(params.get("name"))
        if tool is None:
            return error(-32602, "unknown tool")
        try:
            result = tool(params.get("arguments") or {})
        except Refused as refusal:
            return {"result": {"content": [text_block(str(refusal))], "isError": True}}
        except OSError as failure:
            log(f"cannot write the notes: {failure}")
            return {"result": {"content": [text_block(f"cannot write the notes: {failure.strerror}")],
                               "isError": True}}
        text = json.dumps(result, ensure_ascii=False)
        return {"result": {"content": [text_block(text)], "structuredContent": result}}

    def handle(self, method, params):
        if method == "initialize":
            asked = params.get("protocolVersion")
            return {"result": {
                "protocolVersion": asked if asked in VERSIONS else VERSIONS[0],
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "notes", "title": "Notes", "version": "0.1.0"},
            }}
        if method == "ping":
            return {"result": {}}
        if method == "tools/list":
            return {"result": {"tools": TOOLS}}
        if method == "tools/call":
            return self.call(params)
        return error(-32601, "method not found")


def text_block(text):
    return {"type": "text", "text": text}


def error(code, message):
    return {"error": {"code": code, "message": message}}


def log(text):
    print(f"notes: {text}", file=sys.stderr, flush=True)


def reply_to(server, line):
    """The answer to one line, or None if none is due."""
    try:
        message = json.loads(line)
    except ValueError:
        return {"jsonrpc": "2.0", "id": None, **error(-32700, "not JSON")}
    if not isinstance(message, dict) or "method" not in message or "id" not in message:
        return None
    params = message.get("params")
    return {"jsonrpc": "2.0", "id": message["id"],
            **server.handle(message["method"], params if isinstance(params, dict) else {})}


def main():
    folder = os.environ.get("NOTES_DIR", "/data/state")
    try:
        store = Store(folder)
    except (OSError, ValueError, KeyError) as failure:
        log(f"cannot read the notes in {folder}: {failure}")
        return 78
    log(f"{len(store.notes)} notes in {folder}")
    server = Server(store)
    for line in sys.stdin.buffer:
        if not line.strip():
            continue
        reply = reply_to(server, line)
        if reply is not None:
            sys.stdout.buffer.write(json.dumps(reply, ensure_ascii=False).encode() + b"\n")
            sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
