// What is asked of each official server, through the gateway and directly. `bytes` of a step says how the two answers are compared:
//   (nothing)   the raw JSON of the result or error is equal, but for what `differential.mjs` lists
//   masks       as above, after these patterns are taken out of both; `why` says what depends on what
//   "shape"     both are results, or both errors with the same code, of the same members; `why` says why no more
const call = (name, args = {}, more = {}) => ({ method: "tools/call", params: { name, arguments: args }, ...more });
const read = (uri, more = {}) => ({ method: "resources/read", params: { uri }, ...more });
const prompt = (name, args, more = {}) => ({ method: "prompts/get", params: { name, ...(args ? { arguments: args } : {}) }, ...more });
const complete = (ref, name, value, context) => ({ method: "completion/complete",
  params: { ref, argument: { name, value }, ...(context ? { context: { arguments: context } } : {}) } });

const clock = { bytes: [/\d{1,2}:\d\d:\d\d( [AP]M)?/g], why: "the text holds the time of day" };
const blob = { bytes: [/"blob":"[^"]*"/g], why: "the base64 text holds the time of day" };
const checked_before = { bytes: "shape", why: "the gateway checks arguments before the connector does, with a text of its own" };
const not_revealed = { bytes: "refused", why: "an unknown tool is -32602 here, so that hidden and unknown tools look alike; the SDK's server gives a tool error" };

const toggled = { bytes: "shape", why: "this server asks for roots a moment after it started; then its clients get an instance each, and what was toggled stays behind" };

const documents = ["architecture", "extension", "features", "how-it-works", "instructions", "startup", "structure"];
const completable = { type: "ref/prompt", name: "completable-prompt" };
const template = { type: "ref/resource", uri: "demo://resource/dynamic/text/{resourceId}" };

export const everything = {
  command: ["stdio"],
  steps: [
    call("echo", { message: "grüße \"\\\n\u0001 \ud83d\ude00" }),
    call("echo", { message: "x".repeat(100_000) }),
    call("echo", {}, checked_before),
    call("echo", { message: 7 }, checked_before),
    call("no-such-tool", {}, not_revealed),
    call("get-annotated-message", { messageType: "error", includeImage: true }),
    call("get-annotated-message", { messageType: "success" }),
    call("get-env", {}, { bytes: "shape", why: "the environment inside a sandbox is another one" }),
    call("get-resource-links", { count: 5 }),
    call("get-resource-reference", { resourceType: "Text", resourceId: 3 }, clock),
    call("get-resource-reference", { resourceType: "Blob", resourceId: 2 }, blob),
    call("get-resource-reference", { resourceType: "Text", resourceId: -1 }),
    call("get-structured-content", { location: "Chicago" }),
    call("get-sum", { a: 1e21, b: -0.1 }),
    call("get-tiny-image"),
    call("gzip-file-as-resource", { name: "a.gz", data: "data:text/plain,hello", outputType: "resource" }),
    call("toggle-simulated-logging", {}, toggled),
    call("toggle-simulated-logging", {}, toggled),
    call("toggle-subscriber-updates", {}, toggled),
    call("toggle-subscriber-updates", {}, toggled),
    call("trigger-long-running-operation", { duration: 0.3, steps: 3 }),
    call("trigger-long-running-operation", { duration: "long" }, checked_before),
    ...documents.map((name) => read(`demo://resource/static/document/${name}.md`)),
    read("demo://resource/dynamic/text/7", clock),
    read("demo://resource/dynamic/blob/7", blob),
    read("demo://resource/dynamic/text/none"),
    read("demo://resource/none", { missing: true }),
    read("other://none", { missing: true }),
    prompt("simple-prompt"),
    prompt("args-prompt", { city: "Paris" }),
    prompt("args-prompt", { city: "Paris", state: "Texas" }),
    prompt("args-prompt", {}),
    prompt("completable-prompt", { department: "Sales", name: "Eve" }),
    prompt("resource-prompt", { resourceType: "Text", resourceId: "4" }, clock),
    prompt("resource-prompt", { resourceType: "Sound", resourceId: "4" }),
    prompt("no-such-prompt", undefined, { bytes: "shape", why: "who is nobody's is refused by the gateway, with a text of its own" }),
    complete(completable, "department", ""),
    complete(completable, "department", "S"),
    complete(completable, "name", "", { department: "Support" }),
    complete({ type: "ref/prompt", name: "resource-prompt" }, "resourceType", "B"),
    complete(template, "resourceId", "12"),
    complete(template, "resourceId", "x"),
    call("trigger-sampling-request", { prompt: "What is it?", maxTokens: 10 }),
    call("trigger-elicitation-request"),
    call("trigger-url-elicitation", { url: "https://example.com/page", elicitationId: "fixed" }),
    call("trigger-url-elicitation", { url: "https://example.com/other", errorPath: true }, { only: ["2025-11-25"],
      bytes: [/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g], why: "the elicitation's id is random; the error -32042 is of 2025-11-25" }),
    call("get-roots-list", {}, { bytes: "shape", why: "the server keeps the roots that it asked for outside of any call" }),
    { method: "tools/call", params: { name: "simulate-research-query", arguments: { topic: "gates" } }, raw: true, only: ["2025-11-25"] },
  ],
};

const file = (name) => `/data/files/${name}`;
const dates = { bytes: [/permissions: \d{3}/g, /\w{3} \w{3} \d\d \d{4} [\d:]{8} GMT[^\\"]*/g, /\d{4}-\d\d-\d\dT[\d:.]+Z/g], why: "times and mode of the file" };

export const filesystem = {
  command: ["/data/files"],
  no_roots: true, // it would serve the client's roots in place of its argument
  steps: [
    call("list_allowed_directories"),
    call("create_directory", { path: file("sub/deep") }),
    call("write_file", { path: file("a.txt"), content: "one\ntwo\nthree\nfour\n" }),
    call("write_file", { path: file("sub/b.txt"), content: "grüße\n" }),
    call("write_file", { path: "/etc/never", content: "" }),
    call("write_file", { path: file("c.txt") }, checked_before),
    call("read_file", { path: file("a.txt") }),
    call("read_text_file", { path: file("a.txt"), tail: 2 }),
    call("read_text_file", { path: file("a.txt"), head: 1 }),
    call("read_text_file", { path: file("none.txt") }),
    call("read_text_file", { path: "/etc/passwd" }),
    call("read_text_file", { path: file("../../etc/passwd") }),
    call("read_media_file", { path: file("a.txt") }),
    call("read_multiple_files", { paths: [file("a.txt"), file("sub/b.txt"), file("none")] }),
    call("read_multiple_files", { paths: [] }, checked_before),
    call("edit_file", { path: file("a.txt"), edits: [{ oldText: "two", newText: "2" }], dryRun: true }),
    call("edit_file", { path: file("a.txt"), edits: [{ oldText: "three", newText: "3" }] }),
    call("edit_file", { path: file("a.txt"), edits: [{ oldText: "absent", newText: "3" }] }),
    call("list_directory", { path: file("") }),
    call("list_directory_with_sizes", { path: file(""), sortBy: "size" }),
    call("directory_tree", { path: file("") }),
    call("move_file", { source: file("a.txt"), destination: file("sub/c.txt") }),
    call("move_file", { source: file("a.txt"), destination: file("sub/c.txt") }),
    call("search_files", { path: file(""), pattern: "**/*.txt" }),
    call("get_file_info", { path: file("sub/c.txt") }, dates),
    call("no_such_tool", {}, not_revealed),
  ],
};

const entity = (name, ...observations) => ({ name, entityType: "gate", observations });
const relation = { from: "A", to: "B", relationType: "opens" };

export const memory = {
  command: [],
  steps: [
    call("read_graph"),
    call("create_entities", { entities: [entity("A", "is open", "grüße"), entity("B")] }),
    call("create_entities", { entities: [{ name: "C" }] }, checked_before),
    call("create_relations", { relations: [relation] }),
    call("add_observations", { observations: [{ entityName: "B", contents: ["is shut"] }] }),
    call("add_observations", { observations: [{ entityName: "none", contents: ["x"] }] }),
    call("search_nodes", { query: "open" }),
    call("open_nodes", { names: ["B", "none"] }),
    read("memory://knowledge-graph"),
    read("memory://none", { missing: true }),
    call("delete_observations", { deletions: [{ entityName: "A", observations: ["is open"] }] }),
    call("delete_relations", { relations: [relation] }),
    call("delete_entities", { entityNames: ["A"] }),
    call("read_graph"),
    call("no_such_tool", {}, not_revealed),
  ],
};
