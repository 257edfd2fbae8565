import type { ServerProgram } from "./program.ts";

/** squid, as a forward proxy that keeps nothing. A test writes who may do what. */
export const squid: ServerProgram = {
  name: "squid",
  path: "/usr/sbin/squid",
  // Started by root it changes to a user of its own, who has to read the directory.
  prepare: "chmod -R a+rX .",
  args: ["-N", "-f", "squid.conf"],
  file: "squid.conf",
  configure: (part, port) => `
http_port 127.0.0.1:${port}
visible_hostname localhost
pid_filename none
access_log none
cache_log /dev/null
cache_store_log none
cache deny all
cache_mem 0
netdb_filename none
pinger_enable off
coredump_dir none
shutdown_lifetime 0 seconds
${part}
`,
};
