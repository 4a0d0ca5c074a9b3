/** An agent file of exactly so many lines that has no problem: agents with rules and bodies as people write them. */
export const agentSource = (lineCount: number): string => {
  const lines: string[] = [...HEAD];
  for (let number = 1; ; number += 1) {
    const next = agentLines(number);
    if (lines.length + next.length > lineCount) break;
    lines.push(...next);
  }
  while (lines.length < lineCount) lines.push("// Nothing more is agreed on.");
  return `${lines.join("\n")}\n`;
};

const HEAD = [
  "// Agents that look after the records of many teams, one agent for each.",
  "metadata {",
  '    version = "1.0.0",',
  '    description = "Looks after records."',
  "}",
];

const agentLines = (number: number): readonly string[] => [
  "",
  `// Team ${number}: what changed this month, in plain words.`,
  `agent team_${number}(month: String, longest: int) -> String {`,
  '    capabilities = ["list_files", "read_file", "write_file", "publish_file"]',
  "",
  "    policy desk {",
  "        allow: list_files",
  `        allow: read_file(path) if path.starts_with("team-${number}/") || path == "README.md"`,
  `        allow: write_file(path) if path.starts_with("team-${number}/") && path.ends_with(".md")`,
  "",
  "        // What was written in confidence stays where it is.",
  '        deny: read_file(path) if path.contains("private") || context.iteration > 40',
  `        allow: publish_file("team-${number}/summary.md")`,
  "    }",
  "",
  `    function heading(name: String, count: int) -> String {`,
  '        return format("## {} ({})", trim(name), count);',
  "    }",
  "",
  '    with sandbox = "wasm", timeout = 2.minutes, max_iterations = 8 {',
  `        let records = ["team-${number}/one.md", "team-${number}/two.md", "team-${number}/three.md"];`,
  "        let shown = [];",
  "        for path in records {",
  "            if (len(path) > longest && !contains(shown, path)) {",
  '                print("left out", path);',
  "            } else {",
  "                shown = append(shown, upper(path));",
  "            }",
  "        }",
  "        match len(shown) {",
  '            0 => { return "Nothing changed."; }',
  "            _ => { print(heading(month, len(shown))); }",
  "        }",
  '        let brief = format("Summarise {} for {}.", join(shown, ", "), month);',
  '        let answer = reason("You write short summaries for people who were away.", brief);',
  '        write_file(path: "team-' + String(number) + '/summary.md", content: answer.response);',
  "        return answer.response;",
  "    }",
  "}",
];
