// Check a template, after the SAM transform, with cdk-preflight: `node check.js TEMPLATE FOLDER`.
// FOLDER takes what CDK writes. Prints as JSON how many rules were asked, and what they found.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const { App, Stack } = require("aws-cdk-lib");
const { CfnInclude } = require("aws-cdk-lib/cloudformation-include");
const { Preflight } = require("cdk-preflight");

const [templateFile, outdir] = process.argv.slice(2);
const app = new App({ outdir, context: { "@aws-cdk/core:validationReportJson": true } });
new CfnInclude(new Stack(app, "Baton"), "Template", { templateFile });
Preflight.apply(app, { strict: true });
const report = path.join(outdir, "validation-report.json");
try {
  app.synth();
} catch (error) {
  if (!fs.existsSync(report)) throw error; // it broke off before any rule was asked
}
const { pluginReports } = JSON.parse(fs.readFileSync(report, "utf8"));
const found = pluginReports
  .flatMap(({ violations }) => violations)
  .filter(({ severity }) => ["error", "fatal"].includes(severity.toLowerCase()))
  .flatMap(({ ruleName, description, violatingConstructs }) =>
    violatingConstructs.map(({ constructPath }) => ({
      rule: ruleName,
      resource: path.basename(constructPath),
      message: description,
    })),
  );
process.stdout.write(JSON.stringify({ asked: Preflight.ruleIds().length, found }));
