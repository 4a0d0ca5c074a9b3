import type { ModelMessage, ModelRequest } from "#ports/language-model.ts";
import type { ToolDescriptor, ToolParameter } from "#protocol/tool-descriptors.ts";

/** Names of tools as the provider wants them, both ways. */
export interface ToolNames {
  readonly toWire: (name: string) => string;
  /** What is no name on the wire stays as the model wrote it. */
  readonly fromWire: (name: string) => string;
}

const WIRE_NAME_LENGTH_MAX = 64;

/**
 * The protocol knows letters, digits, `_` and `-` in names of tools, and ours may have dots but no
 * hyphens: so a dot becomes a hyphen. What a model called a tool that never was one is only repeated to
 * it, so it is enough that the provider takes it.
 */
export const toolNames = (tools: readonly ToolDescriptor[]): ToolNames => {
  const known = new Map(tools.map(({ name }) => [wireName(name), name]));
  return { toWire: wireName, fromWire: (name) => known.get(name) ?? name };
};

const wireName = (name: string): string => {
  const plain = name.replaceAll(".", "-").replaceAll(/[^A-Za-z0-9_-]/g, "_");
  return plain === "" ? "_" : plain.slice(0, WIRE_NAME_LENGTH_MAX);
};

export const wireTool = ({ name, summary, parameters }: ToolDescriptor) => ({
  type: "function" as const,
  function: {
    name: wireName(name),
    description: summary,
    parameters: {
      type: "object",
      properties: Object.fromEntries(parameters.map((parameter) => [parameter.name, property(parameter)])),
      required: parameters.filter(({ required }) => required).map(({ name }) => name),
      additionalProperties: false,
    },
  },
});

const property = ({ type, summary }: ToolParameter) =>
  type === "string-list"
    ? { type: "array", items: { type: "string" }, description: summary }
    : { type, description: summary };

export const wireMessage = (message: ModelMessage, { toWire }: ToolNames) => {
  switch (message.role) {
    case "system":
    case "user":
      return { role: message.role, content: message.text };
    case "tool":
      return { role: message.role, tool_call_id: message.callId, content: message.text };
    case "assistant":
      return {
        role: message.role,
        content: message.text,
        ...(message.toolCalls.length === 0
          ? {}
          : {
              tool_calls: message.toolCalls.map(({ callId, tool, argumentsText }) => ({
                id: callId,
                type: "function" as const,
                function: { name: toWire(tool), arguments: argumentsText },
              })),
            }),
      };
  }
};

/** Four characters to a token, the usual rule of thumb, where the provider does not say. */
export const estimatedTokens = (length: number): number => Math.ceil(length / 4);

/** Characters of a request that the model reads. */
export const requestLength = ({ messages, tools }: ModelRequest): number =>
  messages.reduce(
    (sum, message) =>
      sum +
      message.text.length +
      (message.role === "assistant"
        ? message.toolCalls.reduce((all, call) => all + call.tool.length + call.argumentsText.length, 0)
        : 0),
    JSON.stringify(tools.map(wireTool)).length,
  );
