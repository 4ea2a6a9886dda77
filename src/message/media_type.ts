// Media types (RFC 2046, RFC 6838): the one that a file's name suggests, and the check of one that a person wrote.

import { Failure } from "../base/failure.ts";

const UNKNOWN = "application/octet-stream";
const OFFICE = "application/vnd.openxmlformats-officedocument";

const BY_EXTENSION: ReadonlyMap<string, string> = new Map([
  ["7z", "application/x-7z-compressed"],
  ["avi", "video/x-msvideo"],
  ["bmp", "image/bmp"],
  ["bz2", "application/x-bzip2"],
  ["cer", "application/pkix-cert"],
  ["cfg", "text/plain"],
  ["conf", "text/plain"],
  ["css", "text/css"],
  ["csv", "text/csv"],
  ["doc", "application/msword"],
  ["docm", "application/vnd.ms-word.document.macroEnabled.12"],
  ["docx", `${OFFICE}.wordprocessingml.document`],
  ["dwg", "image/vnd.dwg"],
  ["dxf", "image/vnd.dxf"],
  ["gif", "image/gif"],
  ["gz", "application/gzip"],
  ["htm", "text/html"],
  ["html", "text/html"],
  ["ico", "image/vnd.microsoft.icon"],
  ["ics", "text/calendar"],
  ["ini", "text/plain"],
  ["jpeg", "image/jpeg"],
  ["jpg", "image/jpeg"],
  ["js", "text/javascript"],
  ["json", "application/json"],
  ["jsonl", "application/x-ndjson"],
  ["log", "text/plain"],
  ["m4a", "audio/mp4"],
  ["md", "text/markdown"],
  ["mdb", "application/vnd.ms-access"],
  ["mov", "video/quicktime"],
  ["mp3", "audio/mpeg"],
  ["mp4", "video/mp4"],
  ["mpeg", "video/mpeg"],
  ["mpg", "video/mpeg"],
  ["msg", "application/vnd.ms-outlook"],
  ["odp", "application/vnd.oasis.opendocument.presentation"],
  ["ods", "application/vnd.oasis.opendocument.spreadsheet"],
  ["odt", "application/vnd.oasis.opendocument.text"],
  ["ogg", "audio/ogg"],
  ["pdf", "application/pdf"],
  ["pem", "application/x-pem-file"],
  ["png", "image/png"],
  ["pps", "application/vnd.ms-powerpoint"],
  ["ppt", "application/vnd.ms-powerpoint"],
  ["pptx", `${OFFICE}.presentationml.presentation`],
  ["ps", "application/postscript"],
  ["rar", "application/vnd.rar"],
  ["rtf", "application/rtf"],
  ["sql", "application/sql"],
  ["svg", "image/svg+xml"],
  ["tar", "application/x-tar"],
  ["tif", "image/tiff"],
  ["tiff", "image/tiff"],
  ["toml", "application/toml"],
  ["tsv", "text/tab-separated-values"],
  ["txt", "text/plain"],
  ["vcf", "text/vcard"],
  ["vsd", "application/vnd.visio"],
  ["vsdx", "application/vnd.ms-visio.drawing"],
  ["wav", "audio/wav"],
  ["webm", "video/webm"],
  ["webp", "image/webp"],
  ["xls", "application/vnd.ms-excel"],
  ["xlsb", "application/vnd.ms-excel.sheet.binary.macroEnabled.12"],
  ["xlsm", "application/vnd.ms-excel.sheet.macroEnabled.12"],
  ["xlsx", `${OFFICE}.spreadsheetml.sheet`],
  ["xltx", `${OFFICE}.spreadsheetml.template`],
  ["xml", "application/xml"],
  ["yaml", "application/yaml"],
  ["yml", "application/yaml"],
  ["zip", "application/zip"],
  ["zst", "application/zstd"],
]);

/** The media type of a file with that name; `application/octet-stream` when the extension tells nothing. */
export function mediaTypeOf(fileName: string): string {
  const dot = fileName.lastIndexOf(".");
  if (dot < 0) return UNKNOWN;
  return BY_EXTENSION.get(fileName.slice(dot + 1).toLowerCase()) ?? UNKNOWN;
}

/**
 * The media type of an attachment, in lower case.
 * @throws {Failure} `usage.invalid` when it is not `type/subtype` (RFC 2045 §5.1), has parameters, or is a
 * composite type: those must not be encoded (RFC 2045 §6.4), which an attachment always is
 */
export function checkedMediaType(type: string): string {
  if (!/^[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,127}\/[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,127}$/.test(type)) {
    throw new Failure(
      "usage.invalid",
      `media type ${JSON.stringify(type)} is not valid, wanted one like application/pdf`,
      { remedy: "write type and subtype with a slash between them and without parameters" },
    );
  }
  const lower = type.toLowerCase();
  if (/^(?:multipart|message)\//.test(lower)) {
    throw new Failure("usage.invalid", `media type "${type}" cannot be that of an attached file`, {
      remedy: `leave it out, or use ${UNKNOWN}`,
    });
  }
  return lower;
}
