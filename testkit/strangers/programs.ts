import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { orLeftOut } from "../left-out.ts";

/** Clients that run the line protocol of strangers.ts; `java` is a bonus where there is a JDK. */
export type StrangerClientKind = "python-websockets" | "python-websocket-client" | "mojolicious" | "java";

/** Servers that echo. */
export type StrangerServerKind = "python-websockets" | "websocketd" | "libwebsockets";

/** How to run a program that may be missing. */
export interface Program {
  /** The executable, when it and what it needs are installed. */
  readonly command: () => string | undefined;
  readonly args: readonly string[];
}

/** A server, told its port on the command line. */
export interface ServerProgram extends Program {
  readonly subprotocols: readonly string[];
  readonly portArguments: (port: number) => string[];
}

const local = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const installed = (path: string) => () => (existsSync(path) ? path : undefined);

/** An interpreter that can run this line; Debian's first, since only it sees Debian's modules. */
const interpreter = (candidates: readonly string[], flag: string, line: string) =>
  once(() => candidates.find((path) => spawnSync(path, [flag, line], { stdio: "ignore" }).status === 0));

/** Asking a program costs up to half a second, and each test file asks more than once. */
function once<T>(ask: () => T): () => T {
  let answer: { readonly value: T } | undefined;
  return () => {
    answer ??= { value: ask() };
    return answer.value;
  };
}

const PYTHONS = ["/usr/bin/python3", "python3"];
const pythonWebsockets = interpreter(PYTHONS, "-c", "import websockets");

/** Running a source file takes the compiler too, and ours is written for Java 17. */
const java = once(() => {
  const { stdout } = spawnSync("/usr/bin/javac", ["--version"], { encoding: "utf8" });
  return Number(stdout?.match(/^javac (\d+)/)?.[1]) >= 17 ? "/usr/bin/java" : undefined;
});

/** Every stranger by kind. */
export const programs: {
  readonly clients: Readonly<Record<StrangerClientKind, Program>>;
  readonly servers: Readonly<Record<StrangerServerKind, ServerProgram>>;
} = {
  clients: {
    "python-websockets": { command: pythonWebsockets, args: [local("clients/python_websockets.py")] },
    "python-websocket-client": {
      command: interpreter(PYTHONS, "-c", "import websocket; websocket.create_connection"),
      args: [local("clients/python_websocket_client.py")],
    },
    mojolicious: {
      command: interpreter(["/usr/bin/perl", "perl"], "-e", "use Mojo::UserAgent"),
      args: [local("clients/mojolicious.pl")],
    },
    java: { command: java, args: ["-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", local("clients/JavaClient.java")] },
  },
  servers: {
    "python-websockets": {
      command: pythonWebsockets,
      args: [local("servers/python_websockets.py")],
      subprotocols: ["echo", "chat"],
      portArguments: (port) => [String(port)],
    },
    websocketd: {
      command: installed("/usr/bin/websocketd"),
      args: ["--address=127.0.0.1", "--loglevel=error"],
      subprotocols: [],
      portArguments: (port) => [`--port=${port}`, "cat"],
    },
    libwebsockets: {
      command: installed("/usr/bin/libwebsockets-test-server"),
      args: ["-i", "lo"],
      subprotocols: ["lws-mirror-protocol", "dumb-increment-protocol"],
      portArguments: (port) => [`--port=${port}`],
    },
  },
};

/** The clients that this machine has; where there are none, a test is left out. With `CI=true` all but the optional one, so that a missing one fails. */
export function availableStrangerClients(): StrangerClientKind[] {
  return orLeftOut("foreign client", available(programs.clients, ["java"]));
}

/** The servers that this machine has; where there are none, a test is left out. With `CI=true` all, so that a missing one fails. */
export function availableStrangerServers(): StrangerServerKind[] {
  return orLeftOut("foreign server", available(programs.servers, []));
}

function available<K extends string>(table: Readonly<Record<K, Program>>, optional: readonly K[]): K[] {
  const kinds = Object.keys(table) as K[];
  return kinds.filter((kind) => (process.env.CI === "true" && !optional.includes(kind)) || table[kind].command() !== undefined);
}
