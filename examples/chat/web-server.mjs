// @ts-check
import { createReadStream, readdirSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** @type {Record<string, string>} */
const TYPES = {
  ".html": "text/html",
  ".css": "text/css",
  ".js": "text/javascript",
  ".svg": "image/svg+xml",
  ".map": "application/json",
};

/**
 * An HTTP server for the page: the files of `public`, the client's UMD build, and a configuration for the page.
 *
 * @param {object} config what `/config.json` answers with
 */
export function createWebServer(config) {
  const files = findFiles();
  return createServer((request, response) => {
    const path = request.url?.split("?")[0] ?? "/";
    response.setHeader("Cache-Control", "no-cache");
    response.setHeader("X-Content-Type-Options", "nosniff");
    // WebSockets go to another port, which 'self' leaves out.
    response.setHeader("Content-Security-Policy", "default-src 'self'; connect-src 'self' ws: wss:; frame-ancestors 'none'");
    if (request.method !== "GET" && request.method !== "HEAD") return answer(405, "Only GET is answered here.");
    if (path === "/config.json") return answer(200, JSON.stringify(config), "application/json");
    const file = files.get(path);
    if (!file) return answer(404, "There is no such page.");
    const stream = createReadStream(file);
    stream.on("error", () => answer(500, "The file cannot be read."));
    stream.on("open", () => {
      response.writeHead(200, { "Content-Type": `${TYPES[extname(file)]}; charset=utf-8` });
      if (request.method === "GET") return stream.pipe(response);
      stream.destroy();
      return response.end();
    });

    /** @param {number} status @param {string} text */
    function answer(status, text, type = "text/plain") {
      response.writeHead(status, { "Content-Type": `${type}; charset=utf-8` }).end(text);
    }
  });
}

/** By the path of their URL. What is not in this map is not served, whatever a request says. */
function findFiles() {
  /** @type {Map<string, string>} */
  const files = new Map();
  const folder = fileURLToPath(new URL("public", import.meta.url));
  for (const name of readdirSync(folder)) files.set(`/${name}`, join(folder, name));
  files.set("/", join(folder, "index.html"));

  const require = createRequire(import.meta.url);
  const manifest = "@websockets-simple/client/package.json";
  const umd = join(dirname(require.resolve(manifest)), require(manifest).unpkg);
  for (const suffix of ["", ".map"]) files.set(`/websockets-simple.umd.min.js${suffix}`, umd + suffix);
  return files;
}
