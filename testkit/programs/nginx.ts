import type { ServerProgram } from "./program.ts";

/** nginx, in one process, which writes nowhere but into its own directory. A test writes what stands within `http { … }`. */
export const nginx: ServerProgram = {
  name: "nginx",
  path: "/usr/sbin/nginx",
  // Without -e it would open the log of the system's own before it reads where to write.
  args: ["-e", "stderr", "-p", ".", "-c", "nginx.conf"],
  file: "nginx.conf",
  configure: (http) => `
daemon off;
master_process off;
pid nginx.pid;
error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  ${http}
}
`,
};
