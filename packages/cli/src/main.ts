#!/usr/bin/env node
// Nothing that an old Node cannot load is imported before this has been said.
const [major = 0] = process.versions.node.split(".").map(Number);
if (major < 22) {
  process.stderr.write(`mlsign: this is Node ${process.versions.node}, 22.22 or newer is needed\n`);
  process.exitCode = 2;
} else {
  const { start } = await import("./start.ts");
  await start();
}
