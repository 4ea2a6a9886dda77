// Runs the counting child under another account, which root alone can do. That account may be able to read
// neither this Deno nor this checkout (both can lie in root's home), so it gets copies of both.

import { fileURLToPath } from "node:url";

/** Why no other account can be played here, or undefined. */
export const CAN_PLAY_ACCOUNTS = Deno.build.os === "linux" && Deno.uid() === 0;

export interface OtherAccounts {
  /** Resolves when the child has ended. */
  count(
    as: { readonly uid: number; readonly gid: number },
    input: { readonly folder: string; readonly rounds: number; readonly group?: string },
  ): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>;
}

/** Puts the copies into `folder`, which every account may then enter. */
export async function playOtherAccounts(folder: string): Promise<OtherAccounts> {
  await Deno.chmod(folder, 0o777);
  const deno = `${folder}/deno`;
  await Deno.copyFile(Deno.execPath(), deno);
  await Deno.chmod(deno, 0o755);
  for (const part of ["src/base", "src/oauth", "src/profile", "src/vault", "tests/vault"]) {
    await Deno.mkdir(`${folder}/copy/${part}`, { recursive: true });
    const from = fileURLToPath(new URL(`../../${part}/`, import.meta.url));
    for await (const file of Deno.readDir(from)) {
      if (file.isFile) {
        await Deno.copyFile(`${from}${file.name}`, `${folder}/copy/${part}/${file.name}`);
      }
    }
  }
  return {
    async count(as, input): ReturnType<OtherAccounts["count"]> {
      const child = new Deno.Command("sh", {
        args: [
          "-c",
          'umask 022; exec "$0" run --quiet --no-check --no-config --no-lock --allow-all "$1" "$2"',
          deno,
          `${folder}/copy/tests/vault/counting_child.ts`,
          JSON.stringify(input),
        ],
        ...as,
        cwd: folder,
        env: { DENO_DIR: `${folder}/cache-${as.uid}`, HOME: folder },
      });
      const { code, stdout, stderr } = await child.output();
      const text = (octets: Uint8Array): string => new TextDecoder().decode(octets);
      return { code, stdout: text(stdout), stderr: text(stderr) };
    },
  };
}
