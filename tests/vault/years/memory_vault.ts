// A vault of one process, in memory: for tests in which years go by, and no key is to be derived in them.

import { EMPTY_VAULT, type VaultContent } from "../../../src/vault/content.ts";
import type { Vault } from "../../../src/vault/vault.ts";

export interface MemoryVault extends Pick<Vault, "read" | "update"> {
  content: VaultContent;
}

export function memoryVault(): MemoryVault {
  const vault: MemoryVault = {
    content: EMPTY_VAULT,
    read: () => Promise.resolve(vault.content),
    update: async (change) =>
      await change(vault.content, (next) => {
        vault.content = next;
        return Promise.resolve();
      }),
  };
  return vault;
}
