// Where the test provider keeps codes, tokens and grants: an `oidc-provider` adapter in memory that a
// test can reach into, to end an access token or a grant the way an administrator does.

interface Row {
  readonly model: string;
  readonly payload: Record<string, unknown>;
  readonly endsMs: number;
}

/** One store for all models of a provider; `adapter` is what `oidc-provider` is given. */
export class OidcStore {
  readonly #rows = new Map<string, Row>();

  /** Removes every access token, so that introspection calls them inactive; refresh tokens live on. */
  endAccessTokens(): number {
    return this.#remove((row) => row.model === "AccessToken");
  }

  /** Removes every grant with all its tokens: what follows is `invalid_grant`. */
  endGrants(): number {
    return this.#remove((row) => row.model === "Grant" || row.payload["grantId"] !== undefined);
  }

  adapter = (model: string): object => {
    const rows = this.#rows;
    const key = (id: string): string => `${model}:${id}`;
    const live = (row: Row | undefined): Record<string, unknown> | undefined =>
      row !== undefined && row.endsMs > Date.now() ? row.payload : undefined;
    const findBy = (name: string, value: string): Record<string, unknown> | undefined =>
      live([...rows.values()].find((row) => row.model === model && row.payload[name] === value));
    return {
      upsert(id: string, payload: Record<string, unknown>, expiresIn?: number): Promise<void> {
        const endsMs = expiresIn === undefined ? Infinity : Date.now() + expiresIn * 1000;
        rows.set(key(id), { model, payload, endsMs });
        return Promise.resolve();
      },
      find: (id: string) => Promise.resolve(live(rows.get(key(id)))),
      findByUid: (uid: string) => Promise.resolve(findBy("uid", uid)),
      findByUserCode: (userCode: string) => Promise.resolve(findBy("userCode", userCode)),
      consume(id: string): Promise<void> {
        const row = rows.get(key(id));
        if (row !== undefined) {
          row.payload["consumed"] = Math.floor(Date.now() / 1000);
        }
        return Promise.resolve();
      },
      destroy(id: string): Promise<void> {
        rows.delete(key(id));
        return Promise.resolve();
      },
      revokeByGrantId: (grantId: string): Promise<void> => {
        this.#remove((row) => row.payload["grantId"] === grantId);
        return Promise.resolve();
      },
    };
  };

  #remove(doomed: (row: Row) => boolean): number {
    const keys = [...this.#rows].filter(([, row]) => doomed(row)).map(([key]) => key);
    for (const key of keys) {
      this.#rows.delete(key);
    }
    return keys.length;
  }
}
