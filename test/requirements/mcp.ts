import type { Area } from "./row.ts";

export const mcp = {
  title: "Model Context Protocol",
  summary: "MCP servers are found, pinned, verified and gated, and Writ is an MCP server itself.",
  rows: {
    "mcp.client": {
      kind: "keep",
      promise:
        "External tools, and external data read as resources, are reached securely through a client for the Model Context Protocol.",
      how: "Integration with public reference servers; each read passes the gate, and a URI that escapes is refused.",
      stages: ["tools"],
    },
    "mcp.discovery.servers": {
      kind: "keep",
      promise: "MCP servers that are available are discovered without your help.",
      how: "Configuration files in the workspace are found and listed; to start a server takes consent.",
      stages: ["tools"],
    },
    "mcp.discovery.tools": {
      kind: "keep",
      promise: "A server's tools are discovered and called at run time, and a list that changes is followed.",
      how: "A test sends the notification of a changed list.",
      stages: ["tools"],
    },
    "mcp.spec.full": {
      kind: "keep",
      promise: "The client keeps to the whole MCP specification.",
      how: "A table names, section by section, the test or the stated refusal for each requirement; the servers it is run against are those of the SDK.",
      stages: ["tools"],
    },
    "mcp.flow.verified-tools": {
      kind: "keep",
      promise:
        "When an agent asks, the client connects, lists the definitions of tools, has their schemas checked by the verifier, and gives back the verified tools only.",
      how: "A test of the sequence; in the modes `ask` and `warn` the state of each tool is shown.",
      stages: ["tools"],
    },
    "mcp.flow.verified-response": {
      kind: "adapt",
      promise: "What a tool call returns reaches the agent as a verified response.",
      how: "A server that breaks its output schema, its size, its content type or its resource links is caught in a test each.",
      reason:
        "Servers do not sign their answers, so verified means checked: output schema, size, content type and resource links.",
      stages: ["tools"],
    },
    "mcp.schemapin.signature": {
      kind: "keep",
      promise:
        "SchemaPin fetches the schema of a tool from its MCP server and checks the cryptographic signature on it.",
      how: "Vectors of the public packages agree in both directions, and a schema that was tampered with is refused.",
      stages: ["tools"],
    },
    "mcp.schemapin.tofu": {
      kind: "keep",
      promise:
        "SchemaPin trusts a key on first use, keeps the pin in `SchemaPinKeyStore`, and insists on it ever after.",
      how: "A changed key goes to a person; tools without a signature get local pins with a diff.",
      stages: ["tools"],
    },
    "mcp.schemapin.policy-and-audit": {
      kind: "keep",
      promise: "Once a tool is verified, policies on its use apply, and each interaction with it is logged.",
      how: "Rules can read the state of verification, and the ledger can be queried by tool.",
      stages: ["gate", "ledger", "tools"],
    },
    "mcp.verifier": {
      kind: "keep",
      promise:
        "`ToolVerifier`, made of `key_store`, `policy_engine` and `audit_logger` (`AuditLogger`), has two calls: `verify_tool(MCPTool)` returns a `VerificationResult`, and `enforce_policies(agent_id, MCPTool)` returns a `PolicyResult`.",
      how: "Each result has a unit test, and enforcement is the decision of the gate itself.",
      stages: ["tools"],
    },
    "mcp.config.discovery_enabled": {
      kind: "keep",
      promise:
        "Server discovery is switched by `discovery_enabled = true` under `[mcp]` or by `MCP_SERVER_DISCOVERY=enabled`.",
      how: "Switched off, only servers configured by hand are listed, and where the value came from is shown.",
      stages: ["tools", "service"],
    },
    "mcp.config.tool_verification": {
      kind: "keep",
      promise: 'How strictly tools are verified is set by `tool_verification = "strict"` under `[mcp]`.',
      how: "`strict`, `ask` and `warn` are tested and differ in behaviour.",
      stages: ["tools", "service"],
    },
    "mcp.config.connections": {
      kind: "keep",
      promise:
        "Under `[mcp]`, `connection_timeout_s = 30` limits how long connecting may take, and `max_concurrent_connections = 100` how many connections are open.",
      how: "Waiting for a silent server ends in a named fault, and connection 101 waits or is refused as documented.",
      stages: ["tools", "service"],
    },
    "mcp.command": {
      kind: "keep",
      promise: "A command with a `--config` option serves the product over MCP.",
      how: "A client from elsewhere talks to `writ mcp --config`.",
      stages: ["tools"],
    },
    "mcp.beyond.rug-pull-diff": {
      kind: "beyond",
      promise:
        "If the description or schema of a tool changes, you see a diff in which invisible text shows, and the tool is blocked until you accept.",
      how: "Fixtures of hostile servers.",
      stages: ["tools"],
    },
    "mcp.beyond.server-for-copilot": {
      kind: "beyond",
      promise:
        "Other assistants can use Writ's agents, checks and audit queries as MCP tools, and the gate stands before them.",
      how: "A client from elsewhere tries them.",
      stages: ["tools"],
    },
  },
} as const satisfies Area;
