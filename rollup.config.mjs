import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import commonjs from "@rollup/plugin-commonjs";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import terser from "@rollup/plugin-terser";
import typescript from "@rollup/plugin-typescript";

/** What a package asks its users to install stays an import; everything else goes into its bundle. */
function stays(name) {
  const names = Object.keys(JSON.parse(readFileSync(`packages/${name}/package.json`, "utf8")).dependencies);
  return (id) => id.startsWith("node:") || names.some((dependency) => id === dependency || id.startsWith(`${dependency}/`));
}

/** Our private packages, found by their place: `npm start` installs too little for a package manager's links. */
const ours = {
  name: "ours",
  resolveId(id) {
    const [scope, name, room = "index"] = id.split("/");
    return scope === "@websockets-simple" ? resolve(`packages/${name}/src/${room}.ts`) : null;
  },
};

/** The one module of which browsers get another. */
const browserPlatform = {
  name: "browser-platform",
  resolveId: (id) => (id.startsWith("./platform.node.") ? resolve("packages/client/src/platform.browser.ts") : null),
};

/** What no page needs of the packages that go into its bundle; the rest of them stays as it is published. */
const CUTS = {
  "eventemitter3/index.js": [
    // packages/shared/src/events.ts has its own, and takes events by name only.
    /^EventEmitter\.prototype\.emit = [\s\S]*?^};/m,
    /^EventEmitter\.prototype\.addListener = .*/m,
    // Listeners are called on their emitter, and there is no other context to tell them apart by.
    /^ {2}this\.context = context;$/m,
    / \|\| emitter(?=, once)/,
    / \|\| false(?=;)/,
    /&&\s*\(!context \|\| listeners\.context === context\)/,
    /\|\|\s*\(context && listeners\[i\]\.context !== context\)/,
    /^ {2}if \(Object\.getOwnPropertySymbols\) {[\s\S]*?^ {2}}/m,
    // For engines without `Object.create(null)`, or where its objects inherit all the same: none has this bundle's syntax.
    /(?<=prefix) = '~'(?=;)/,
    /^if \(Object\.create\) {$/m,
    /^ {2}if \(!new Events\(\)\.__proto__\) prefix = false;\n}/m,
    /if \(has\.call\(events, name\)\) /,
    // A count by which it is spared to delete the last name, and to look for none.
    /, emitter\._eventsCount\+\+/,
    /if \(--emitter\._eventsCount === 0\) .*\s*else /,
    /^ {2}if \(this\._eventsCount === 0\) return names;$/m,
    /^ {2}this\._eventsCount = 0;$/m,
    /^ {4}this\._eventsCount = 0;$/m,
    // For `require`, and for whoever asks about the prefix.
    /^EventEmitter\.EventEmitter = .*/m,
    /^EventEmitter\.prefixed = .*/m,
  ],
  // The places where browsers too old for this bundle's syntax had their WebSocket.
  "isomorphic-ws/browser.js": [/(?<=^}) else [\s\S]*^}/m],
};
const withoutCuts = {
  name: "without-cuts",
  transform(code, id) {
    const file = id.split(/[\\/]/).slice(-2).join("/");
    if (!Object.hasOwn(CUTS, file)) return null;
    let rest = code;
    for (const cut of CUTS[file]) {
      if (!cut.test(rest)) this.error(`${file} has changed: see what it does now, and mend CUTS in rollup.config.mjs`);
      // Its lines stay, empty, so that the source map holds.
      rest = rest.replace(cut, (text) => text.replace(/.+/g, ""));
    }
    return { code: rest, map: null };
  },
};

/** eventemitter3 is one CommonJS file: no order of `require` to keep, and `module.exports` is the default export, as in Node. */
const oneCommonJsFile = () => commonjs({ strictRequires: false, defaultIsModuleExports: true });

/** Takes the types out. Whether they are right is the business of `npm run check`, which needs far longer. */
const compile = () => typescript({ tsconfig: "tsconfig.build.json", noForceEmit: true, compilerOptions: EMIT });
// No types are read, since `npm start` installs none.
const EMIT = {
  noEmit: false,
  noCheck: true,
  types: [],
  allowImportingTsExtensions: false,
  rewriteRelativeImportExtensions: true,
};

const output = (name, file, format, more) => ({ file: `packages/${name}/dist/${file}`, format, ...more });

const TERSER = {
  ecma: 2020,
  // Only eventemitter3 has a `var`; to hoist them saves some fifty bytes.
  compress: { passes: 3, unsafe_arrows: true, hoist_vars: true, pure_getters: true },
  // By this name Node sees what a CommonJS file exports, so that it can be imported by name too.
  mangle: { reserved: ["exports"] },
};

/** A page has no package manager: everything is inside. Only what nobody can read has a source map. */
const browser = {
  input: "packages/client/src/index.ts",
  plugins: [
    ...[ours, browserPlatform, nodeResolve({ browser: true, exportConditions: ["browser"] })],
    ...[withoutCuts, oneCommonJsFile(), compile()],
  ],
  output: [
    output("client", "websockets-simple.browser.mjs", "es"),
    output("client", "websockets-simple.umd.min.js", "umd", {
      name: "WebsocketsSimple",
      sourcemap: true,
      plugins: [terser(TERSER)],
    }),
  ],
};

const node = (name) => ({
  input: `packages/${name}/src/index.ts`,
  external: stays(name),
  plugins: [ours, nodeResolve({ exportConditions: ["node"] }), compile()],
  output: [output(name, "index.mjs", "es"), output(name, "index.cjs", "cjs", { interop: "auto" })],
});

/** Declarations, those of our private packages inlined. One text for both module kinds: only the ending tells them apart. */
async function declarations(names, entry, input, banner) {
  const { dts } = await import("rollup-plugin-dts");
  return {
    input,
    external: stays(names[0]),
    plugins: [dts({ tsconfig: "tsconfig.build.json" })],
    output: names.flatMap((name) => ["d.mts", "d.cts"].map((ending) => output(name, `${entry}.${ending}`, "es", { banner }))),
  };
}
const declarationsOf = (name, banner) => declarations([name], "index", `packages/${name}/src/index.ts`, banner);

/** An entry of its own in both packages, with the library inside: nobody else pays for it, and nobody has to install it. */
const MSGPACK = "packages/shared/src/msgpack.ts";
const license = () =>
  `/*! With @msgpack/msgpack inside:\n\n${readFileSync("packages/shared/node_modules/@msgpack/msgpack/LICENSE", "utf8")}*/`;
const msgpack = () => ({
  input: MSGPACK,
  plugins: [ours, nodeResolve(), compile()],
  output: ["client", "server"].flatMap((name) => [
    output(name, "msgpack.mjs", "es", { banner: license }),
    output(name, "msgpack.cjs", "cjs", { banner: license }),
  ]),
});

const DISPOSABLE = '/// <reference lib="esnext.disposable" />';
const targets = {
  browser: () => browser,
  client: () => node("client"),
  server: () => node("server"),
  msgpack,
  "client-types": () => declarationsOf("client", DISPOSABLE),
  "server-types": () => declarationsOf("server", `${DISPOSABLE}\n/// <reference types="node" />`),
  "msgpack-types": () => declarations(["client", "server"], "msgpack", MSGPACK),
};

/** `rollup -c --configOnly browser,server` builds these and nothing else. */
export default ({ configOnly }) => {
  const names = configOnly ? configOnly.split(",") : Object.keys(targets);
  return Promise.all(names.map((name) => targets[name]()));
};
