// The workflows as far as they can be held to anything without running them: valid YAML, steps in the order that the
// release stands on, and one version of Deno everywhere.

import assert from "node:assert/strict";
import { parse } from "yaml";

const ROOT = new URL("../../", import.meta.url);
const WORKFLOWS = [".github/workflows/test.yml", ".github/workflows/release.yml"];

interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly if?: string;
}

interface Job {
  readonly needs?: string | readonly string[];
  readonly permissions?: Readonly<Record<string, string>>;
  readonly steps?: readonly Step[];
}

async function jobsOf(path: string): Promise<Readonly<Record<string, Job>>> {
  const { jobs } = parse(await Deno.readTextFile(new URL(path, ROOT)), { strict: true });
  return jobs;
}

Deno.test("each step of the workflows uses an action of a fixed version, or runs something", async () => {
  for (const path of WORKFLOWS) {
    for (const [name, job] of Object.entries(await jobsOf(path))) {
      for (const step of job.steps ?? []) {
        assert.ok((step.uses === undefined) !== (step.run === undefined), `${path} ${name}`);
        if (step.uses !== undefined) {
          assert.match(step.uses, /^[\w.-]+\/[\w.-]+@(v\d+|[0-9a-f]{40})$/);
        }
      }
    }
  }
});

Deno.test("the release publishes after the tests and after each executable was tried, checksums after signing", async () => {
  const jobs = await jobsOf(".github/workflows/release.yml");
  for (
    const [job, needed] of [["publish", "test"], ["publish", "try"], ["try", "windows"], [
      "try",
      "macos",
    ]]
  ) {
    assert.ok([jobs[job ?? ""]?.needs].flat().includes(needed), `${job} needs ${needed}`);
  }
  const steps = (jobs["publish"]?.steps ?? []).map(({ name = "" }) => name);
  const at = (name: string): number => {
    const found = steps.indexOf(name);
    assert.ok(found >= 0, `no step "${name}"`);
    return found;
  };
  assert.ok(at("the signed files over the unsigned ones") < at("checksums, after signing"));
  assert.ok(at("checksums, after signing") < at("manifests for winget and Scoop"));
  assert.ok(at("provenance") < at("release"));
});

Deno.test("only the job that publishes may write", async () => {
  for (const path of WORKFLOWS) {
    for (const [name, { permissions = {} }] of Object.entries(await jobsOf(path))) {
      if (name === "publish") continue;
      const writes = Object.keys(permissions).filter((scope) => permissions[scope] === "write");
      assert.deepEqual(writes.filter((scope) => scope !== "id-token"), [], `${path} ${name}`);
    }
  }
});

Deno.test("workflows, CI and README speak of one version of Deno", async () => {
  const found = new Set<string>();
  for (const path of [...WORKFLOWS, ".ci/run", "README.md"]) {
    const versions = (await Deno.readTextFile(new URL(path, ROOT))).match(/\bdeno@[\d.]*\d/g) ?? [];
    assert.ok(versions.length > 0, path);
    for (const version of versions) found.add(version);
  }
  assert.equal(found.size, 1, [...found].join(", "));
});
