import { readFileSync } from "node:fs";

/** Descriptors that are left for everything else: files, upstream connections, and answers to those who are turned away. */
const MIN_RESERVE = 64;
const MAX_RESERVE = 1_024;

/** How many connections a process may hold, by its limit of open files; Infinity where that cannot be told. */
export function connectionsByOpenFiles(limits = readLimits()): number {
  const soft = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  const reserve = Math.min(MAX_RESERVE, Math.max(MIN_RESERVE, Math.ceil(soft / 16)));
  return Math.max(1, soft - reserve);
}

function readLimits(): string {
  try {
    return readFileSync("/proc/self/limits", "utf8");
  } catch {
    return "";
  }
}
