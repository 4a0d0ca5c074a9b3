import { compileCedar } from "./cedar-file.ts";
import type { CompiledSource } from "./compiled-policy.ts";
import { invariant } from "#kernel/invariant.ts";

/*
 * The layer that is always there and that nobody can switch off. It lets an agent answer and stop,
 * lets who started a run think with the model that was chosen, and puts a person before changes to
 * whatever has power over later runs: policies, agents, the repository, the editor, the build.
 */

/** Cedar text of the built-in layer. `resource.folded_path` makes its guards blind to case and spelling. */
export const BUILTIN_TEXT = `@doc("An agent may answer whoever started it.")
permit (principal, action == Action::"respond", resource);

@doc("An agent may end its own run.")
permit (principal, action == Action::"terminate", resource);

@doc("Who was started by a person may think with the model that was chosen for the run.")
permit (principal, action == Action::"model_call", resource)
when { context.on_behalf_of.kind == "user" && context.depth == 0 }
when { resource.chosen };

@doc("Who was started by a person may create agents.")
permit (principal, action == Action::"create_agent", resource)
when { context.on_behalf_of.kind == "user" && context.depth == 0 };

@doc("Who was started by a person may take what the profile covers.")
permit (principal, action == Action::"allocate", resource)
when { context.on_behalf_of.kind == "user" && context.depth == 0 }
when { resource has within_profile && resource.within_profile };

@doc("A person agrees to whatever comes in from other programs.")
@require("approval")
permit (principal is Client, action, resource);

@doc("A person agrees to changed policies and configuration.")
@require("approval")
permit (principal, action == Action::"publish_file", resource)
when {
  resource.folded_path like "policies/*" ||
  resource.folded_path like "*/policies/*" ||
  resource.folded_path == "policies" ||
  resource.extension == "cedar" ||
  resource.folded_path like "*writ.toml"
};

@doc("A person agrees to changed agents.")
@require("approval")
permit (principal, action == Action::"publish_file", resource)
when { ["symbi", "dsl"].contains(resource.extension) };

@doc("A person agrees to changes of the repository itself: its data, hooks, attributes and modules.")
@require("approval")
permit (principal, action == Action::"publish_file", resource)
when {
  resource.folded_path like ".git/*" ||
  resource.folded_path like "*/.git/*" ||
  resource.folded_path like "*.git" ||
  resource.folded_path like "*.gitmodules" ||
  resource.folded_path like "*.gitattributes" ||
  resource.folded_path like "*.gitconfig" ||
  resource.folded_path like "*githooks*" ||
  resource.folded_path like "*git-hooks*" ||
  resource.folded_path like ".hooks/*" ||
  resource.folded_path like "hooks/*" ||
  resource.folded_path like "*.husky*" ||
  resource.folded_path like "*lefthook*" ||
  resource.folded_path like "*.lintstagedrc*" ||
  resource.folded_path like "*.pre-commit-*"
};

@doc("A person agrees to changed settings and tasks of editors and development containers.")
@require("approval")
permit (principal, action == Action::"publish_file", resource)
when {
  resource.folded_path like ".vscode/*" ||
  resource.folded_path like "*/.vscode/*" ||
  resource.folded_path like "*.vscode" ||
  resource.extension == "code-workspace" ||
  resource.folded_path like ".idea/*" ||
  resource.folded_path like "*/.idea/*" ||
  resource.folded_path like "*.devcontainer*"
};

@doc("A person agrees to changed build and release pipelines.")
@require("approval")
permit (principal, action == Action::"publish_file", resource)
when {
  resource.folded_path like ".github/*" ||
  resource.folded_path like "*/.github/*" ||
  resource.folded_path like ".gitea/*" ||
  resource.folded_path like ".forgejo/*" ||
  resource.folded_path like ".gitlab/*" ||
  resource.folded_path like "*.gitlab-ci*" ||
  resource.folded_path like ".ci/*" ||
  resource.folded_path like "*/.ci/*" ||
  resource.folded_path like "*jenkinsfile*" ||
  resource.folded_path like ".circleci/*" ||
  resource.folded_path like "*/.circleci/*" ||
  resource.folded_path like ".buildkite/*" ||
  resource.folded_path like "*/.buildkite/*" ||
  resource.folded_path like ".teamcity/*" ||
  resource.folded_path like "*azure-pipelines*" ||
  resource.folded_path like "*bitbucket-pipelines*" ||
  resource.folded_path like "*.travis.*" ||
  resource.folded_path like "*.drone.*" ||
  resource.folded_path like "*.woodpecker*" ||
  resource.folded_path like "*appveyor*" ||
  resource.folded_path like "*cloudbuild*"
};

@doc("A person agrees to file names that Windows may take for another: PROGRA~1 is some longer name.")
@require("approval")
permit (principal, action == Action::"publish_file", resource)
when { resource.folded_path like "*~*" };
`;

/** The built-in layer as the engine loads it; the engine adds it to every set of policies itself. */
export const BUILTIN_LAYER: CompiledSource = compileCedar(
  { layer: "builtin", file: "builtin", kind: "cedar", text: BUILTIN_TEXT },
  [],
);
invariant(
  BUILTIN_LAYER.problems.length === 0 && BUILTIN_LAYER.unread.length === 0,
  "the built-in layer is free of problems",
);
