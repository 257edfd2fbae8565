import { readFileSync } from "node:fs";
import type { ServerProgram } from "./program.ts";

const page = (name: string): string => readFileSync(new URL(`../../docs/deploy/${name}`, import.meta.url), "utf8");

/** Replaces what stands there once; fails where it does not, so that a file cannot change unnoticed. */
export function replaceOnce(text: string, from: string, to: string): string {
  if (text.split(from).length !== 2) throw new Error(`${JSON.stringify(from)} stands there ${text.split(from).length - 1} times`);
  return text.replace(from, () => to);
}

/** A proxy before a server, by the configuration in docs/deploy. */
export interface DeployedProxy extends ServerProgram {
  /** The configuration as users find it, with the certificate beside it. */
  readonly text: string;
  /** Where the server is, as it stands there. */
  readonly upstream: string;
  /** How a socket of the file system is written in its place. */
  unix(path: string): string;
  /** How long a connection may be silent, as it stands there, with its unit to come. */
  readonly idle: string;
}

/** nginx, in one process, which writes nowhere but into its own directory. */
export const nginxDeployed: DeployedProxy = {
  name: "nginx",
  path: "/usr/sbin/nginx",
  args: ["-e", "stderr", "-p", ".", "-c", "nginx.conf", "-g", "daemon off; master_process off; pid nginx.pid;"],
  file: "nginx.conf",
  text: page("nginx.conf").replaceAll("/etc/ssl/chat/", ""),
  upstream: "server 127.0.0.1:8989;",
  unix: (path) => `server unix:${path};`,
  idle: "proxy_read_timeout 90s",
  configure(text, port) {
    const folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${name};`);
    const written = replaceOnce(text, "access_log off;", `access_log off; ${folders.join(" ")}`);
    return replaceOnce(written, "listen 443 ssl;", `listen 127.0.0.1:${port} ssl;`);
  },
};

/** HAProxy, in one process. */
export const haproxyDeployed: DeployedProxy = {
  name: "haproxy",
  path: "/usr/sbin/haproxy",
  args: ["-db", "-f", "haproxy.cfg"],
  file: "haproxy.cfg",
  text: page("haproxy.cfg").replaceAll("/etc/ssl/chat/", ""),
  upstream: "  server node 127.0.0.1:8989",
  unix: (path) => `  server node ${path}`,
  idle: "timeout tunnel 90s",
  configure: (text, port) => replaceOnce(text, "bind :443", `bind 127.0.0.1:${port}`),
};
