import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's folder. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Every page that people read here, by its path from the repository's folder. */
export const PAGES: readonly string[] = [
  ".",
  "docs",
  "docs/deploy",
  "examples",
  "bench",
  "packages/client",
  "packages/server",
].flatMap((folder) =>
  readdirSync(resolve(ROOT, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name)),
);

/** A page's text. */
export const readPage = (page: string): string => readFileSync(resolve(ROOT, page), "utf8");

/** A link that leaves its place. */
export interface Link {
  readonly text: string;
  /** The file meant, from the repository's folder; the page itself for a link within it. */
  readonly file: string;
  /** What stands behind the `#`. */
  readonly anchor: string | undefined;
  readonly line: number;
}

/** The relative links and pictures of a page; those to other sites are left out. */
export function relativeLinks(page: string, text = readPage(page)): Link[] {
  const found: Link[] = [];
  for (const [index, line] of withoutCode(text).entries()) {
    // A link's text may hold code, and brackets within code.
    for (const match of line.matchAll(/\[((?:`[^`]*`|[^\]`])*)\]\(([^)\s]+)\)/g)) {
      const [, text = "", target = ""] = match;
      if (/^[a-z]+:/.test(target)) continue;
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? page : relative(ROOT, resolve(ROOT, dirname(page), decodeURIComponent(path)));
      found.push({ text, file, anchor, line: index + 1 });
    }
  }
  return found;
}

/** What a page's headings are called in links, as GitHub makes it. */
export function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const line of withoutCode(text)) {
    const heading = /^#{1,6}\s+(.*?)\s*$/.exec(line)?.[1];
    if (heading === undefined) continue;
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const name = plain.replace(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-");
    let unique = name;
    for (let count = 1; anchors.has(unique); count++) unique = `${name}-${count}`;
    anchors.add(unique);
  }
  return anchors;
}

/** A fenced block of code. */
export interface CodeBlock {
  readonly language: string;
  readonly code: string;
  /** The line of the page where its code begins, from 1. */
  readonly line: number;
}

/** The fenced blocks of a page, in order. */
export function codeBlocks(text: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { language: string; lines: string[]; line: number } | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const fence = /^```(\w*)/.exec(line);
    if (open && fence) {
      blocks.push({ language: open.language, code: `${open.lines.join("\n")}\n`, line: open.line });
      open = undefined;
    } else if (open) open.lines.push(line);
    else if (fence) open = { language: fence[1] ?? "", lines: [], line: index + 2 };
  }
  return blocks;
}

/** The rows of all tables of a page, cell by cell. A bar within a cell is written `\|`. */
export function tableRows(text: string): string[][] {
  const rows = withoutCode(text).filter((line) => line.startsWith("|"));
  return rows.map((row) =>
    row
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** The lines of a page, those of code blocks empty. */
function withoutCode(text: string): string[] {
  let isCode = false;
  return text.split("\n").map((line) => {
    const isFence = line.startsWith("```");
    if (isFence) isCode = !isCode;
    return isCode || isFence ? "" : line;
  });
}
