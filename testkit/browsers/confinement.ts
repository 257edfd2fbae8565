import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

// The pipe ends when this process does, however it ended; nothing else may hold the other end.
const WATCHDOG = `cat >/dev/null; kill -s TERM -- "-$1"; sleep 1; kill -s KILL -- "-$1"; rm -rf -- "$2"`;

/** An empty directory under the system's temporary one, with these files in it. */
export function privateHome(files: Readonly<Record<string, string>> = {}): string {
  const home = mkdtempSync(join(tmpdir(), "websockets-simple-"));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), content);
  }
  return home;
}

/** Remove what {@link privateHome} made. */
export function removeHome(home: string): void {
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
}

/** The environment of a program that must neither see nor touch the developer's own files, proxy or display. */
export function privateEnvironment(home: string): Record<string, string> {
  return {
    PATH: process.env.PATH ?? "/usr/bin:/bin",
    LANG: "C.UTF-8",
    HOME: home,
    TMPDIR: home,
    XDG_RUNTIME_DIR: home,
  };
}

/**
 * End a process group and remove its home when this process ends, even by SIGKILL. Returns what calls the watch off.
 */
export function watch(groupId: number, home: string): () => void {
  if (process.platform === "win32") return () => {};
  const watchdog = spawn("/bin/sh", ["-c", WATCHDOG, "watchdog", String(groupId), home], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  watchdog.on("error", () => {});
  watchdog.unref();
  (watchdog.stdin as Socket).on("error", () => {}).unref();
  return () => {
    if (watchdog.pid !== undefined) killGroup(watchdog.pid, "SIGKILL");
  };
}

/** Signal every process of a group; one that is gone is fine. */
export function killGroup(groupId: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-groupId, signal);
  } catch {
    // The group is already gone.
  }
}
