/**
 * The programs outside npm that the tests use: browsers, and WebSocket peers and proxies that others wrote.
 * `node scripts/system.mjs` finds them, installs what is missing where it may (root, apt-get, no WSS_NO_INSTALL in the
 * environment), and says what the tests will leave out. With CI=true whatever is still missing is an error.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

/**
 * `purpose`: what the tests leave out without it; `packages`: Debian's; `elsewhere`: how to get it on other systems.
 * @typedef {{ name: string, purpose: string, packages: string[], elsewhere?: string, isHere: () => boolean }} Tool
 */

const PYTHONS = ["/usr/bin/python3", "python3"];

/** @type {readonly Tool[]} */
export const SYSTEM_TOOLS = [
  {
    name: "Chromium",
    purpose: "browser tests in Chromium",
    packages: ["chromium"],
    elsewhere: "npx playwright install chromium",
    isHere: () => hasFile("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome") || hasBuild("chromium"),
  },
  {
    name: "Firefox",
    purpose: "browser tests in Firefox",
    packages: ["firefox-esr"],
    elsewhere: "npx playwright install firefox",
    isHere: () => hasFile("/usr/bin/firefox-esr", "/usr/bin/firefox") || hasBuild("firefox"),
  },
  {
    name: "WebKit",
    purpose: "browser tests in WebKit",
    packages: ["webkit2gtk-driver", "xvfb"],
    elsewhere: "npx playwright install webkit",
    isHere: () => (hasFile("/usr/bin/WebKitWebDriver") && hasFile("/usr/bin/Xvfb")) || hasBuild("webkit"),
  },
  {
    name: "python3-websockets",
    purpose: "a foreign client and a foreign server",
    packages: ["python3-websockets"],
    elsewhere: "pip install websockets",
    isHere: () => runs(PYTHONS, "-c", "import websockets"),
  },
  {
    name: "python3-websocket",
    purpose: "a foreign client",
    packages: ["python3-websocket"],
    elsewhere: "pip install websocket-client",
    isHere: () => runs(PYTHONS, "-c", "import websocket; websocket.create_connection"),
  },
  {
    name: "Mojolicious",
    purpose: "a foreign client",
    packages: ["libmojolicious-perl"],
    isHere: () => runs(["/usr/bin/perl", "perl"], "-e", "use Mojo::UserAgent"),
  },
  {
    name: "libwebsockets",
    purpose: "a foreign server",
    packages: ["libwebsockets-test-server"],
    isHere: () => hasFile("/usr/bin/libwebsockets-test-server"),
  },
  {
    name: "websocketd",
    purpose: "a foreign server",
    packages: ["websocketd"],
    isHere: () => hasFile("/usr/bin/websocketd"),
  },
  {
    name: "nginx",
    purpose: "a foreign proxy",
    packages: ["nginx-light"],
    isHere: () => hasFile("/usr/sbin/nginx"),
  },
  {
    name: "HAProxy",
    purpose: "a foreign proxy",
    packages: ["haproxy"],
    isHere: () => hasFile("/usr/sbin/haproxy"),
  },
  {
    name: "lighttpd",
    purpose: "a foreign proxy that knows HTTP Digest",
    packages: ["lighttpd"],
    isHere: () => hasFile("/usr/sbin/lighttpd"),
  },
  {
    name: "curl",
    purpose: "a foreign client of HTTP authentication",
    packages: ["curl"],
    isHere: () => hasFile("/usr/bin/curl"),
  },
  {
    name: "squid",
    purpose: "a forward proxy, also one that asks for HTTP Digest",
    packages: ["squid"],
    isHere: () => hasFile("/usr/sbin/squid"),
  },
  {
    name: "tinyproxy",
    purpose: "a forward proxy that asks for HTTP Basic",
    packages: ["tinyproxy"],
    isHere: () => hasFile("/usr/bin/tinyproxy"),
  },
];

/** Which tools are here, and which are missing. */
export function findSystem() {
  const missing = SYSTEM_TOOLS.filter((tool) => !tool.isHere());
  return { found: SYSTEM_TOOLS.filter((tool) => !missing.includes(tool)), missing };
}

/** Install what is missing, where that is allowed; then fail (in CI) or say what will be left out (elsewhere). */
export function ensureSystem({ ci = process.env.CI === "true" } = {}) {
  let { missing } = findSystem();
  if (missing.length > 0 && mayInstall()) {
    install(missing);
    ({ missing } = findSystem());
  }
  if (ci && missing.length > 0) {
    const list = missing.map((tool) => `  ${tool.name} (${tool.purpose}): ${howToGet(tool)}`);
    throw new Error(`The tests need these programs, and in CI none may be left out:\n${list.join("\n")}`);
  }
  for (const tool of missing) console.log(`Left out: ${tool.purpose} (no ${tool.name}; ${howToGet(tool)})`);
  return missing;
}

/** @param {Tool} tool */
function howToGet({ packages, elsewhere }) {
  return [`apt-get install ${packages.join(" ")}`, elsewhere].filter(Boolean).join(", or ");
}

function mayInstall() {
  return !process.env.WSS_NO_INSTALL && process.getuid?.() === 0 && hasFile("/usr/bin/apt-get");
}

/** @param {readonly Tool[]} tools */
function install(tools) {
  const packages = tools.flatMap((tool) => tool.packages);
  console.log(`Installing ${packages.join(" ")} …`);
  // An update that fails need not matter: the lists of before may do.
  const update = aptGet("update");
  const add = (/** @type {readonly string[]} */ names) => aptGet("install", "-y", "--no-install-recommends", ...names);
  if (add(packages).status === 0) return;
  // One package that a system does not know makes apt-get refuse them all.
  const failed = tools.map((tool) => add(tool.packages)).filter(({ status }) => status !== 0);
  console.error([update, ...failed].map(({ stdout, stderr }) => stdout + stderr).join(""));
}

/** @param {readonly string[]} args */
function aptGet(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const options = ["-q", "-o", "DPkg::Lock::Timeout=120"];
  return spawnSync("apt-get", [...options, ...args], { encoding: "utf8", env, maxBuffer: 64 * 1024 * 1024 });
}

/** @param {readonly string[]} paths */
function hasFile(...paths) {
  return paths.some((path) => existsSync(path));
}

/** @param {readonly string[]} programs @param {readonly string[]} args */
function runs(programs, ...args) {
  return programs.some((program) => spawnSync(program, args, { stdio: "ignore" }).status === 0);
}

/** Whether Playwright downloaded its own build. @param {"chromium" | "firefox" | "webkit"} engine */
function hasBuild(engine) {
  try {
    return existsSync(createRequire(import.meta.url)("playwright")[engine].executablePath());
  } catch {
    return false; // Its package is not installed yet.
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    ensureSystem();
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
