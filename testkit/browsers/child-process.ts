import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { killGroup, privateEnvironment, privateHome, removeHome, watch } from "./confinement.ts";

/** How to start a child process. */
export interface ChildOptions {
  /** Added to the small environment that every child gets. */
  readonly env?: Readonly<Record<string, string>>;
  /** Files to put into the child's home before it starts: relative path → content. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A child process with a private home, which never outlives this process. */
export interface Child {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Whether it still runs. */
  readonly running: boolean;
  /** Resolves, never rejects, once it has ended: how it ended and the last it wrote to stderr. */
  readonly ended: Promise<string>;
  /** End it and everything it started, and remove its home. May be called twice. */
  stop(): Promise<void>;
}

const STOP_GRACE_MS = 2_000;
const STDERR_KEPT = 4_000;

/** Start a program in a process group and a home of its own. Needs a POSIX shell for the watchdog. */
export function startChild(command: string, args: readonly string[], options: ChildOptions = {}): Child {
  const home = privateHome(options.files);
  const child: ChildProcessByStdio<Writable, Readable, Readable> = spawn(command, args, {
    cwd: home,
    env: { ...privateEnvironment(home), ...options.env },
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  // Writing to a child that has ended is answered by `ended`, not by a stream error.
  child.stdin.on("error", () => {});
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-STDERR_KEPT);
  });

  let running = true;
  const release = child.pid === undefined ? () => {} : watch(child.pid, home);
  const ended = new Promise<string>((resolve) => {
    const settle = (how: string) => {
      running = false;
      resolve(`${command} ${how}${stderr && `: ${stderr.trim()}`}`);
    };
    child.on("error", (error) => settle(`did not start (${error.message})`));
    child.on("exit", () => {
      running = false;
    });
    child.on("close", (code, signal) => settle(`ended with ${signal ?? code}`));
  });

  let stopping: Promise<void> | undefined;
  async function stop(): Promise<void> {
    if (child.pid !== undefined) {
      killGroup(child.pid, "SIGTERM");
      const timer = setTimeout(killGroup, STOP_GRACE_MS, child.pid, "SIGKILL");
      // Unread output would keep the pipe, and so `ended`, open for ever.
      child.stdout.resume();
      await ended;
      clearTimeout(timer);
      killGroup(child.pid, "SIGKILL");
    }
    release();
    removeHome(home);
  }

  return {
    stdin: child.stdin,
    stdout: child.stdout,
    get running() {
      return running;
    },
    ended,
    stop: () => (stopping ??= stop()),
  };
}
