import { resolve } from "node:path";

import type { Fault, Result } from "#kernel/result.ts";
import { failed, ok } from "#kernel/result.ts";
import type { AttachOptions } from "#host/compose/attach.ts";
import { attachToHost } from "#host/compose/attach.ts";
import { newWorkspaceId } from "#host/compose/ids.ts";
import type { HostConnection } from "#host/rpc/client-connection.ts";
import type { Workspace } from "#host/workspace.ts";
import { findIdentity } from "#host/workspace-identity.ts";
import { findWorkspace, findWorkspaceOfFolder } from "#host/workspace.ts";

import type { ExitCode, Invocation } from "./command.ts";
import type { Audience } from "./fault-output.ts";
import { isUsage, refuseUsage } from "./fault-output.ts";
import { VERSION } from "./version.ts";
import { tell } from "./tell.ts";

/** The option of every command that speaks about the runs of a workspace. */
export const WORKSPACE_OPTION = {
  name: "workspace",
  value: "<dir>",
  summary: "the workspace; else the one around this folder",
} as const;

/**
 * The workspace that `--workspace` names, else the one that the person stands in. Writes nothing: one
 * that was never run in gets an id that nobody has, under which nothing lies and nobody listens.
 */
export const workspaceHere = async ({
  values,
  environment,
}: Invocation): Promise<Result<Workspace, Fault<string>>> => {
  const chosen = values.get("workspace")?.[0];
  const { cwd } = environment;
  const folder =
    chosen === undefined ? await findWorkspaceOfFolder(cwd) : await findWorkspace(cwd, resolve(cwd, chosen));
  if (!folder.ok) return folder;
  const known = await findIdentity(folder.value, environment.stateDirectory);
  if (!known.ok) return known;
  return ok(known.value ?? { id: newWorkspaceId(), folder: folder.value });
};

/** What a command has to offer a host, and how it answers when that is wanted. */
export type HostClient = Pick<AttachOptions, "offers" | "handlers">;

export const OFFERS_NOTHING: HostClient = {
  offers: { models: [], approvals: false, secrets: [], notifications: false },
  handlers: { requests: {}, notifications: {} },
};

/** A connection to the workspace's host; null where no host runs and none is started. */
export const attach = (
  { environment, signal, terminal }: Invocation,
  workspace: Workspace,
  starts: boolean,
  { offers, handlers }: HostClient = OFFERS_NOTHING,
): Promise<Result<HostConnection | null, Fault<string>>> => {
  const { stateDirectory, cwd, variables } = environment;
  const storage = variables["SYMBI_AUDIT_STORAGE"] ?? "";
  return attachToHost(
    {
      surroundings: {
        workspace,
        stateDirectory,
        // Names of folders mean what they mean here, wherever the host stands.
        variables: {
          ...variables,
          SYMBI_AUDIT_STORAGE: storage === "" ? undefined : resolve(cwd, storage),
        },
        product: `writ ${VERSION}`,
      },
      kind: "cli",
      offers,
      handlers,
      starts,
      onWaiting: (product) => {
        const text = `the workspace's host is of an earlier release (${product}) and finishes its runs first; Ctrl-C stops waiting, and they go on`;
        tell(terminal, text);
      },
    },
    signal,
  );
};

/** Does something with a connection and ends it, whatever comes of it. */
export const withHost = async <T>(
  connection: HostConnection,
  act: (peer: HostConnection["peer"]) => Promise<T>,
): Promise<T> => {
  try {
    return await act(connection.peer);
  } finally {
    connection.end();
    await connection.closed;
  }
};

/** The one item whose id is the text, or ends with it; undefined when there is none or more than one. */
export const named = <Item>(
  items: readonly Item[],
  text: string,
  idOf: (item: Item) => string,
): Item | undefined => {
  const found = items.filter((item) => idOf(item).endsWith(text.toLowerCase()));
  return found.length === 1 ? found[0] : undefined;
};

const IDS_NAMED_MAX = 10;

/** Says why a text names no one run: none ends so, or several do, and then which. */
export const refuseUnnamed = (
  audience: Audience,
  runs: readonly { readonly run: string }[],
  text: string,
): ExitCode => {
  const found = runs.filter(({ run }) => run.endsWith(text.toLowerCase()));
  if (found.length === 0)
    return refuseUsage(audience, "no run here has that id", "`writ ps --all` lists them");
  const shown = found.slice(0, IDS_NAMED_MAX).map(({ run }) => run);
  if (found.length > shown.length) shown.push(`and ${found.length - shown.length} more`);
  return refuseUsage(audience, `${found.length} runs here have an id that ends so`, shown.join(", "));
};

/** How a command ends that the host refused. */
export const codeOf = ({ error, code }: { readonly error: string; readonly code: string }): ExitCode => {
  if (isUsage(code)) return 2;
  switch (error) {
    case "refused":
    case "conflict":
      return 1;
    case "not-found":
    case "invalid-params":
      return 2;
    case "cancelled":
      return 130;
    default:
      return 3;
  }
};

/** All items of a list that comes in pages. */
export const allPages = async <Item, Refusal>(
  page: (
    after: string | null,
  ) => Promise<Result<{ readonly items: readonly Item[]; readonly more: string | null }, Refusal>>,
): Promise<Result<readonly Item[], Refusal>> => {
  const items: Item[] = [];
  for (let after: string | null = null; ;) {
    const read = await page(after);
    if (!read.ok) return failed(read.fault);
    items.push(...read.value.items);
    if (read.value.more === null || read.value.items.length === 0) return ok(items);
    after = read.value.more;
  }
};
