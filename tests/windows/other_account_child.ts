// Runs under another account than the test, and writes down what it could open.

import { openCrypt32, unprotectData } from "../../src/vault/dpapi.ts";

/** What was read, or `refused`. */
export type Tried = Readonly<Record<"machine" | "user" | "closed" | "shared", string>>;

async function main(folder: string): Promise<void> {
  using library = openCrypt32();
  const crypt32 = library.symbols;
  const entropy = await Deno.readFile(`${folder}\\entropy`);
  const opened = async (scope: string): Promise<string> => {
    const octets = unprotectData(await Deno.readFile(`${folder}\\${scope}`), { entropy, crypt32 });
    return octets === undefined ? "refused" : new TextDecoder().decode(octets);
  };
  const read = async (name: string): Promise<string> => {
    try {
      const text = await Deno.readTextFile(`${folder}\\${name}\\vault.json`);
      await Deno.writeTextFile(`${folder}\\${name}\\vault.json`, text);
      return `${text}, and written`;
    } catch (cause) {
      if (cause instanceof Deno.errors.PermissionDenied) return "refused";
      throw cause;
    }
  };
  const tried: Tried = {
    machine: await opened("machine"),
    user: await opened("user"),
    closed: await read("closed"),
    shared: await read("shared"),
  };
  await Deno.writeTextFile(`${folder}\\tried.json`, JSON.stringify(tried));
}

void main(Deno.args[0] ?? "");
