const fs = require("fs"), path = require("path");
const xml = (text) => String(text ?? "")
  .replace(/\u001b\[[0-9;]*m/g, "").replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "")
  .replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
module.exports = class {
  onRunComplete(_, run) {
    let out = "<testsuites>\n";
    for (const file of run.testResults) {
      const name = xml(path.relative(process.cwd(), file.testFilePath));
      out += `<testsuite name="${name}">\n`;
      for (const test of file.testResults) {
        const line = test.location ? ` line="${test.location.line}"` : "";
        out += `<testcase classname="${xml(test.ancestorTitles.join(" > "))}" name="${xml(test.title)}" file="${name}"${line} time="${(test.duration || 0) / 1000}">`;
        if (test.status === "failed") {
          const text = test.failureMessages.join("\n");
          out += `<failure message="${xml(text.split("\n")[0])}">${xml(text)}</failure>`;
        } else if (test.status !== "passed") out += "<skipped/>";
        out += "</testcase>\n";
      }
      if (file.testExecError || (file.failureMessage && !file.testResults.length)) {
        const text = file.failureMessage || file.testExecError.message;
        out += `<testcase classname="" name="${name}" file="${name}"><error message="the file did not run">${xml(text)}</error></testcase>\n`;
      }
      out += "</testsuite>\n";
    }
    fs.mkdirSync(process.env.RETRO_SCRATCH + "/results", { recursive: true });
    fs.writeFileSync(process.env.RETRO_SCRATCH + "/results/jest.xml", out + "</testsuites>\n");
  }
};
