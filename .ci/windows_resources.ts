// What Windows shows of an executable: its icon, name, version and license. `deno compile --icon` sets the icon alone,
// redraws its small sizes from the large one, and releases of it have made executables that do not start. The
// invariant: the program that `deno compile` put in as a resource stays as it is, octet by octet.

import { Data, NtExecutable, NtExecutableResource, Resource } from "resedit";

const ENGLISH = 0x0409;
const UTF_16 = 1200;
/** Where `deno compile` keeps the program: RT_RCDATA. */
const RAW_DATA = 10;

export interface Identity {
  /** As `--version` prints it. */
  readonly version: string;
  readonly icon: Uint8Array;
  /** One line, as in the file LICENSE. */
  readonly copyright: string;
}

/**
 * The executable with these resources beside the program in it, and without the signature of the runtime that it
 * was made from, which no longer fits.
 */
export function withIdentity(executable: Uint8Array, identity: Identity): Uint8Array<ArrayBuffer> {
  const image = NtExecutable.from(executable, { ignoreCert: true });
  const resources = NtExecutableResource.from(image);
  // Those of the runtime go, its name and icon among them.
  resources.entries = resources.entries.filter(({ type }) => type === RAW_DATA);
  if (resources.entries.length === 0) throw new Error("the executable holds no program");
  Resource.IconGroupEntry.replaceIconsForResource(
    resources.entries,
    1,
    ENGLISH,
    Data.IconFile.from(identity.icon).icons.map(({ data }) => data),
  );
  versionInfo(identity).outputToResourceEntries(resources.entries);
  resources.outputResource(image);
  const octets = new Uint8Array(image.generate());
  setChecksum(octets);
  return octets;
}

/**
 * The field CheckSum of the header. Signing tools write it, so that only with it the executable without its
 * signature is again the one that was signed.
 */
function setChecksum(octets: Uint8Array<ArrayBuffer>): void {
  const view = new DataView(octets.buffer);
  const field = view.getUint32(0x3c, true) + 24 + 64; // e_lfanew, past signature and file header
  view.setUint32(field, 0, true);
  let sum = 0;
  for (let at = 0; at + 1 < octets.length; at += 2) {
    sum += view.getUint16(at, true);
    sum = (sum & 0xffff) + (sum >>> 16);
  }
  view.setUint32(field, sum + octets.length, true);
}

function versionInfo({ version, copyright }: Identity): Resource.VersionInfo {
  // Windows knows four numbers; what follows a hyphen, as in 1.2.0-rc.1, is in the texts only.
  const [major = 0, minor = 0, patch = 0] = version.split("-", 1)[0]?.split(".").map(Number) ?? [];
  const info = Resource.VersionInfo.createEmpty();
  info.lang = ENGLISH;
  info.setFileVersion(major, minor, patch, 0, ENGLISH);
  info.setProductVersion(major, minor, patch, 0, ENGLISH);
  info.setStringValues({ lang: ENGLISH, codepage: UTF_16 }, {
    // The task manager and the firewall show this one as the program's name.
    FileDescription: "plantpost: mail from plant PCs",
    ProductName: "plantpost",
    InternalName: "plantpost",
    OriginalFilename: "plantpost.exe",
    FileVersion: version,
    ProductVersion: version,
    LegalCopyright: `${copyright}. MIT License.`,
  });
  return info;
}
