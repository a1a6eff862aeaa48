#!/usr/bin/env node
// Makes a component of a project: bundles its entry with esbuild, and puts it into a JavaScript engine. `still build` calls it:
//   node node_modules/stillroom/build.mjs --wit FOLDER --out dist/shout.wasm [--project FOLDER]
// The WIT folder has the contract, `step.wit`.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const SDK = realpathSync(dirname(fileURLToPath(import.meta.url)));
const ENTRIES = ["src/step.ts", "src/step.js", "src/index.ts", "src/index.js", "step.ts", "step.js", "index.ts", "index.js"];
const TOOLS = {
  esbuild: "esbuild@0.28.2",
  "@bytecodealliance/componentize-js": "@bytecodealliance/componentize-js@0.23.0",
  "componentize-qjs": "componentize-qjs@0.4.5",
};
const ENGINES = { spidermonkey: inSpiderMonkey, quickjs: inQuickJs };
const BUNDLE = "stillroom-bundle.js";
/** How the engine calls the bundle in a stack. */
const STACK_NAMES = { spidermonkey: BUNDLE, quickjs: "user.js" };
const CONTRACT = "stillroom:step";

/** A message for the author, without a stack. */
class BuildError extends Error {}

/**
 * Builds a project's component.
 * @param {{ project: string, wit: string, out: string }} options
 * @returns {Promise<{ engine: string, imports: string[], bytes: number }>} `imports`: of `log`, `http`, `llm`, `embedding`, `clock`, `random`.
 */
export async function build({ project, wit, out }) {
  const settings = settingsOf(project);
  const bundle = await bundled(project, settings);
  const folder = mkdtempSync(join(tmpdir(), "stillroom-"));
  try {
    writeFileSync(join(folder, BUNDLE), bundle.text);
    mkdirSync(join(folder, "wit"));
    writeFileSync(join(folder, "wit", "step.wit"), worldOf(wit, bundle.imports));
    const component = await ENGINES[settings.engine](project, folder, settings);
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, component);
    return { engine: settings.engine, imports: [...bundle.imports, ...settings.imports], bytes: component.length };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What package.json says under `stillroom`, checked. */
function settingsOf(project) {
  const { stillroom = {} } = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
  const { entry = ENTRIES.find((file) => existsSync(join(project, file))), engine = "spidermonkey", imports = [] } = stillroom;
  if (!entry) throw new BuildError(`there is no step: write \`src/step.js\`, or name the file in package.json: "stillroom": { "entry": "…" }`);
  if (!Object.hasOwn(ENGINES, engine)) {
    throw new BuildError(`package.json: "engine" is ${JSON.stringify(engine)}; there are "spidermonkey" and "quickjs"`);
  }
  for (const name of imports) {
    // What a step imports from `stillroom/log` and the like is seen in the bundle; to name it does no harm.
    if (!["log", "http", "llm", "embedding", "clock", "random"].includes(name)) throw new BuildError(`package.json: there is no import "${name}"`);
  }
  const asked = imports.filter((name) => name === "clock" || name === "random");
  if (engine === "quickjs" && asked.length > 0) {
    throw new BuildError(`package.json: with "engine": "quickjs" a step has no ${asked.join(" and no ")} of the host`);
  }
  return { entry, engine, imports: asked };
}

/** A tool of the project's own node_modules, or of a folder's above it. */
async function tool(project, name) {
  for (let folder = project; ; folder = dirname(folder)) {
    const home = join(folder, "node_modules", name);
    if (existsSync(join(home, "package.json"))) {
      // Found by hand: `require.resolve` does not see what is exported for `import` alone.
      const { exports, main } = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
      return import(pathToFileURL(join(home, exports?.import ?? main)).href);
    }
    if (folder === dirname(folder)) break;
  }
  const some = existsSync(join(project, "node_modules"));
  throw new BuildError(
    some ? `\`${name}\` is not installed: npm install --save-dev ${TOOLS[name]}` : "nothing is installed yet: npm install",
  );
}

/** The step and all that it imports as one module, with the positions of its sources. */
async function bundled(project, { entry, engine, imports }) {
  const esbuild = await tool(project, "esbuild");
  const result = await esbuild
    .build({
      stdin: { contents: entryModule(entry), resolveDir: project, sourcefile: "stillroom-entry.js" },
      absWorkingDir: project,
      outfile: join(project, BUNDLE),
      bundle: true,
      write: false,
      metafile: true,
      format: "esm",
      platform: "neutral",
      mainFields: ["module", "main"],
      conditions: ["stillroom", "module", "import"],
      target: "es2022",
      charset: "utf8",
      legalComments: "none",
      sourcemap: "external",
      sourcesContent: false,
      external: [`${CONTRACT}/*`],
      define: {
        STILLROOM_CLOCK: String(imports.includes("clock")),
        STILLROOM_RANDOM: String(imports.includes("random")),
        "process.env.NODE_ENV": '"production"',
      },
      logLevel: "silent",
    })
    .catch(async (error) => {
      if (!error.errors) throw error;
      const messages = await esbuild.formatMessages(error.errors, { kind: "error", color: false });
      throw new BuildError(messages.join("\n").trim());
    });
  const code = result.outputFiles.find((file) => file.path.endsWith(".js")).text;
  const map = JSON.parse(result.outputFiles.find((file) => file.path.endsWith(".map")).text);
  const wanted = Object.values(result.metafile.outputs).flatMap(({ imports }) => imports);
  const names = wanted.filter(({ path }) => path.startsWith(`${CONTRACT}/`)).map(({ path }) => path.slice(CONTRACT.length + 1).split("@")[0]);
  return { text: code + positions(project, map, STACK_NAMES[engine]), imports: [...new Set(names)].sort() };
}

/** What stands at the top of the bundle: the author's steps behind the contract's functions. */
function entryModule(entry) {
  return `import { component } from "stillroom/component";
import steps from ${JSON.stringify(entry.startsWith(".") ? entry : `./${entry}`)};
export const step = component(steps);
`;
}

/** The source map as the step's own `lib/trace.js` reads it; files of the SDK have no name there, and are not shown. */
function positions(project, { sources, mappings }, file) {
  const files = sources.map((source) => {
    const own = source === "stillroom-entry.js" || `${resolve(project, source)}${sep}`.startsWith(`${SDK}${sep}`);
    return own ? "" : source;
  });
  return `\nglobalThis.stillroomSources = ${JSON.stringify({ file, files, mappings })};\n`;
}

/** The contract with a world of what the step imports: a plugin that imports what no pipeline grants is not run. */
function worldOf(wit, imports) {
  const contract = readFileSync(join(wit, "step.wit"), "utf8");
  return `${contract}\nworld made {\n  include plugin;\n${imports.map((name) => `  import ${name};\n`).join("")}}\n`;
}

async function inSpiderMonkey(project, folder, { imports }) {
  const { componentize } = await tool(project, "@bytecodealliance/componentize-js");
  const features = { clock: "clocks", random: "random" };
  const kept = imports.map((name) => features[name]);
  try {
    const { component } = await componentize({
      sourcePath: join(folder, BUNDLE),
      witPath: join(folder, "wit"),
      worldName: "made",
      disableFeatures: ["stdio", "random", "clocks", "http", "fetch-event"].filter((name) => !kept.includes(name)),
    });
    return component;
  } catch (error) {
    throw new BuildError(`SpiderMonkey: ${error.message}`);
  }
}

async function inQuickJs(project, folder) {
  const { componentize } = await tool(project, "componentize-qjs");
  try {
    const { component } = await componentize({
      witPath: join(folder, "wit"),
      jsSource: readFileSync(join(folder, BUNDLE), "utf8"),
      world: "made",
      sync: true,
      stubWasi: true,
    });
    return component;
  } catch (error) {
    throw new BuildError(`QuickJS: ${error.message}`);
  }
}

async function main() {
  const { values } = parseArgs({
    options: {
      project: { type: "string", default: "." },
      wit: { type: "string" },
      out: { type: "string" },
    },
  });
  const project = resolve(values.project);
  if (!values.wit || !values.out) throw new BuildError("usage: build.mjs --wit FOLDER --out FILE [--project FOLDER]");
  const { engine, imports, bytes } = await build({ project, wit: resolve(values.wit), out: resolve(values.out) });
  console.log(`${values.out}: ${(bytes / 1e6).toFixed(1)} MB, ${engine}${imports.length > 0 ? `, imports ${imports.join(", ")}` : ""}`);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main().catch((error) => {
    console.error(error instanceof BuildError ? error.message : error);
    process.exitCode = 1;
  });
}
