// The group of accounts that share a vault on Linux and macOS (`[vault] group`).

import { reason } from "../base/durable_file.ts";
import { Failure } from "../base/failure.ts";

/**
 * The number of a group by its name, from /etc/group.
 * @throws {Failure} `vault.place` when there is no such group
 */
export async function groupId(name: string): Promise<number> {
  let text: string;
  try {
    text = await Deno.readTextFile("/etc/group");
  } catch (cause) {
    throw new Failure("vault.place", `cannot look up the group "${name}": ${reason(cause)}`, {
      cause,
    });
  }
  for (const line of text.split("\n")) {
    const [group, , gid] = line.split(":");
    if (group === name && gid !== undefined) return Number(gid);
  }
  throw new Failure("vault.place", `vault.group: there is no group "${name}" on this PC`, {
    remedy: `create it ("groupadd ${name}") and add both accounts to it, or correct the name`,
  });
}
