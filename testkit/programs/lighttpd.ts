import type { ServerProgram } from "./program.ts";

/** lighttpd, which knows HTTP Digest and passes WebSockets on. A test writes the modules and what they do. */
export const lighttpd: ServerProgram = {
  name: "lighttpd",
  path: "/usr/sbin/lighttpd",
  args: ["-D", "-f", "lighttpd.conf"],
  file: "lighttpd.conf",
  configure: (part, port) => `
server.bind = "127.0.0.1"
server.port = ${port}
server.document-root = "."
${part}
`,
};
