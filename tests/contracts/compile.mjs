// Compiles the test contracts with solc from npm. Prints the path of the artifacts, one JSON file:
//   {"key": sha256, "solc": version, "contracts": {name: {"abi", "bytecode", "deployedBytecode"}}}
// The key covers the sources (OpenZeppelin's too), solc's version and the settings; a file with the
// right key is kept as it is. It is replaced by a rename, so no reader sees half of one.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
const folder = join(root, ".local", "contracts");
const target = join(folder, "artifacts.json");
const require = createRequire(import.meta.url);

// These two are too deep for the stack of the old code generator, which is several times faster.
const deep = ["src/EventManager.sol", "src/TicketManager.sol"];
// Part of the package, which carries its bytecode (infra/generate_validator.py).
const packaged = "layers/shared/python/onlineticket/chain/SignatureValidator.sol";
const wanted = ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"];

// One job per worker thread: the whole input, of which only some of our units are built.
function plan() {
  const own = readdirSync(join(here, "src")).sort().map((name) => `src/${name}`);
  own.push(packaged);
  const sources = readSources(own);
  const rest = own.filter((unit) => !deep.includes(unit) && unit !== packaged);
  return [[packaged], ...deep.map((unit) => [unit]), rest].map((units) => ({
    language: "Solidity",
    sources,
    settings: {
      // What we ask of any chain's node keeps to opcodes that every chain has.
      evmVersion: units[0] === packaged ? "paris" : "cancun",
      metadata: { bytecodeHash: "none", appendCBOR: false },
      optimizer: { enabled: true, runs: 200 },
      outputSelection: Object.fromEntries(units.map((unit) => [unit, { "*": wanted }])),
      viaIR: deep.includes(units[0]),
    },
  }));
}

// Source units by name: ours as "src/Name.sol", packages as "@scope/…", with all that they import.
function readSources(own) {
  const sources = {};
  const waiting = [...own];
  for (let unit = waiting.shift(); unit !== undefined; unit = waiting.shift()) {
    if (unit in sources) continue;
    const path = unit.startsWith("@")
      ? join(root, "node_modules", unit)
      : join(unit === packaged ? root : here, unit);
    const content = readFileSync(path, "utf8");
    sources[unit] = { content };
    for (const [, name] of content.matchAll(/^import[^"]*"([^"]+)";/gm)) {
      waiting.push(name.startsWith(".") ? posix.join(posix.dirname(unit), name) : name);
    }
  }
  return sources;
}

function cachedKey() {
  try {
    return JSON.parse(readFileSync(target, "utf8")).key;
  } catch {
    return undefined; // none yet, or not ours: it is written anew
  }
}

function compile(input) {
  const output = JSON.parse(require("solc").compile(JSON.stringify(input)));
  const errors = (output.errors ?? []).filter((each) => each.severity === "error");
  if (errors.length > 0) throw new Error(errors.map((each) => each.formattedMessage).join("\n"));
  const contracts = Object.values(output.contracts).flatMap((unit) => Object.entries(unit));
  return contracts.map(([name, { abi, evm }]) => {
    const [bytecode, deployedBytecode] = [evm.bytecode.object, evm.deployedBytecode.object];
    return [name, { abi, bytecode: `0x${bytecode}`, deployedBytecode: `0x${deployedBytecode}` }];
  });
}

function compileInThread(input) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: input });
    worker.once("message", resolve).once("error", reject);
  });
}

async function main() {
  const jobs = plan();
  const solc = require("solc/package.json").version;
  const key = createHash("sha256").update(JSON.stringify([solc, jobs])).digest("hex");
  if (cachedKey() !== key) {
    const contracts = (await Promise.all(jobs.map(compileInThread))).flat().sort();
    mkdirSync(folder, { recursive: true });
    const draft = `${target}.${process.pid}`;
    writeFileSync(draft, JSON.stringify({ key, solc, contracts: Object.fromEntries(contracts) }));
    renameSync(draft, target);
  }
  process.stdout.write(target);
}

if (isMainThread) await main();
else parentPort.postMessage(compile(workerData));
