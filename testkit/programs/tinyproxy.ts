import type { ServerProgram } from "./program.ts";

/** tinyproxy, a small forward proxy. A test writes who may do what. */
export const tinyproxy: ServerProgram = {
  name: "tinyproxy",
  path: "/usr/bin/tinyproxy",
  args: ["-d", "-c", "tinyproxy.conf"],
  file: "tinyproxy.conf",
  configure: (part, port) => `
Listen 127.0.0.1
Port ${port}
Timeout 60
MaxClients 50
LogLevel Error
${part}
`,
};
