// What `profile export --seal` puts into its age file and `profile import` takes out: one profile as text, the
// files beside it and its secrets, as JSON. The invariant: a grant or secret travels without its binding; the PC
// that takes it in binds it to the profile that it then has.

import { fromBase64, toBase64 } from "../base/base64.ts";
import { Failure } from "../base/failure.ts";
import { VERSION as RELEASE } from "../base/version.ts";
import type { Grant, StoredCertificate } from "./content.ts";

const FORMAT = "plantpost profile";
const VERSION = 1;

/** A file that the profile names by a path below its own folder. */
export interface CarriedFile {
  /** The key that names it, such as `smtp.ca_file`. */
  readonly key: string;
  /** As the profile names it. */
  readonly path: string;
  readonly content: Uint8Array;
}

export type CarriedGrant = Omit<
  Grant,
  "binding" | "refusedAtMs" | "refusedWith" | "interruptedAtMs"
>;

export type CarriedCertificate = Omit<StoredCertificate, "binding">;

export interface CarriedProfile {
  readonly exportedAtMs: number;
  readonly pc: string;
  readonly account: string;
  readonly name: string;
  /** The profile's own tables, and a whole file with them for a PC that has none. Lines end in LF. */
  readonly tables: string;
  readonly file: string;
  readonly files: readonly CarriedFile[];
  readonly clientSecret?: string;
  readonly smtpPassword?: string;
  readonly certificatePassphrase?: string;
  readonly certificate?: CarriedCertificate;
  readonly previousCertificate?: CarriedCertificate;
  readonly grant?: CarriedGrant;
}

export function writeCarried(carried: CarriedProfile): string {
  const { exportedAtMs, files, ...rest } = carried;
  const written = {
    format: FORMAT,
    version: VERSION,
    release: RELEASE,
    exportedAt: new Date(exportedAtMs).toISOString(),
    ...rest,
    files: files.map((file) => ({ ...file, content: toBase64(file.content) })),
  };
  return `${JSON.stringify(written, null, 1)}\n`;
}

/**
 * Reads it back, part by part; whatever else is in it is left behind.
 * @throws {Failure} `input.unreadable`; `from` names the file
 */
export function readCarried(text: string, from: string): CarriedProfile {
  let written: unknown;
  try {
    written = JSON.parse(text);
  } catch {
    throw foreign(from); // without the cause, which quotes the text
  }
  if (!isRecord(written) || written["format"] !== FORMAT) throw foreign(from);
  if (written["version"] !== VERSION) {
    const release = textOf(written["release"]) ?? "that wrote it";
    throw new Failure(
      "input.unreadable",
      `cannot read ${from}: its version is ${
        JSON.stringify(written["version"])
      }, this release (${RELEASE}) reads ${VERSION}`,
      { remedy: `use plantpost ${release}, or a newer one, on this PC as well` },
    );
  }
  return parts(new Parts(written, from));
}

function parts(all: Parts): CarriedProfile {
  const exportedAtMs = Date.parse(all.text("exportedAt"));
  if (Number.isNaN(exportedAtMs)) throw all.wrong("exportedAt");
  return {
    exportedAtMs,
    pc: all.text("pc"),
    account: all.text("account"),
    name: all.text("name"),
    tables: all.text("tables"),
    file: all.text("file"),
    files: all.list("files").map((file) => {
      const content = fromBase64(file.text("content"));
      if (content === undefined) throw file.wrong("content");
      return { key: file.text("key"), path: file.text("path"), content };
    }),
    ...all.optional("clientSecret", (key) => all.text(key)),
    ...all.optional("smtpPassword", (key) => all.text(key)),
    ...all.optional("certificatePassphrase", (key) => all.text(key)),
    ...all.optional("certificate", (key) => certificateOf(all.part(key))),
    ...all.optional("previousCertificate", (key) => certificateOf(all.part(key))),
    ...all.optional("grant", (key) => grantOf(all.part(key))),
  };
}

function certificateOf(certificate: Parts): CarriedCertificate {
  return {
    privateKey: certificate.text("privateKey"),
    certificate: certificate.text("certificate"),
    madeAtMs: certificate.time("madeAtMs"),
    expiresAtMs: certificate.time("expiresAtMs"),
    ...certificate.optional("acceptedAtMs", (key) => certificate.time(key)),
  };
}

function grantOf(grant: Parts): CarriedGrant {
  return {
    scope: grant.text("scope"),
    accessToken: grant.text("accessToken"),
    accessTokenIssuedAtMs: grant.time("accessTokenIssuedAtMs"),
    ...grant.optional("account", (key) => grant.text(key)),
    ...grant.optional("accessTokenExpiresAtMs", (key) => grant.time(key)),
    ...grant.optional("refreshToken", (key) => grant.text(key)),
    ...grant.optional("refreshTokenIssuedAtMs", (key) => grant.time(key)),
    ...grant.optional("refreshTokenLastUsedAtMs", (key) => grant.time(key)),
    ...grant.optional("refreshTokenExpiresAtMs", (key) => grant.time(key)),
  };
}

/** One object of the JSON, read by name; a part of the wrong kind is named, never shown. */
class Parts {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #from: string;

  constructor(values: Readonly<Record<string, unknown>>, from: string) {
    this.#values = values;
    this.#from = from;
  }

  text(name: string): string {
    return textOf(this.#values[name]) ?? this.#fail(name);
  }

  /** Milliseconds since 1970 that a date can hold. */
  time(name: string): number {
    const value = this.#values[name];
    return typeof value === "number" && !Number.isNaN(new Date(value).getTime())
      ? value
      : this.#fail(name);
  }

  part(name: string): Parts {
    const value = this.#values[name];
    return isRecord(value) ? new Parts(value, this.#from) : this.#fail(name);
  }

  list(name: string): readonly Parts[] {
    const value = this.#values[name];
    if (!Array.isArray(value)) throw this.wrong(name);
    return value.map((item) => isRecord(item) ? new Parts(item, this.#from) : this.#fail(name));
  }

  optional<Name extends string, Value>(
    name: Name,
    read: (name: Name) => Value,
  ): { readonly [Key in Name]?: Value } {
    if (!Object.hasOwn(this.#values, name)) return {};
    return { [name]: read(name) } as { readonly [Key in Name]?: Value };
  }

  wrong(name: string): Failure {
    return new Failure(
      "input.unreadable",
      `cannot read ${this.#from}: "${name}" is missing in it, or is not what it must be`,
      { remedy: "make it anew: plantpost profile export --seal; do not edit what it holds" },
    );
  }

  #fail(name: string): never {
    throw this.wrong(name);
  }
}

function foreign(from: string): Failure {
  return new Failure("input.unreadable", `${from} opens, but holds no profile of plantpost`, {
    remedy: 'make it with "plantpost profile export --seal" on the PC that has the profile',
  });
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
