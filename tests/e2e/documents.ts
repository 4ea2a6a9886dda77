// The files a plant sends: a spreadsheet and a PDF that real programs open, made here byte by byte.

import { joinOctets } from "../../src/base/octets.ts";

/**
 * An .xlsx workbook (ECMA-376) with one sheet, in a ZIP archive of stored entries; a last entry of
 * random octets brings it to about `sizeBytes`.
 */
export function spreadsheet(sizeBytes: number): Uint8Array<ArrayBuffer> {
  const padding = new Uint8Array(sizeBytes);
  for (let at = 0; at < padding.length; at += 65_536) {
    crypto.getRandomValues(padding.subarray(at, at + 65_536));
  }
  const text = new TextEncoder();
  return zip([
    ...Object.entries(WORKBOOK).map(([name, xml]): Entry => ({
      name,
      content: text.encode(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>${xml}`),
    })),
    { name: "xl/media/padding.bin", content: padding },
  ]);
}

/** A PDF 1.4 file with one empty page and a right cross-reference table. */
export function pdf(): Uint8Array<ArrayBuffer> {
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>",
  ];
  let body = "%PDF-1.4\n%\u00e2\u00e3\u00cf\u00d3\n";
  let table = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n`;
  objects.forEach((object, index) => {
    table += `${String(body.length).padStart(10, "0")} 00000 n \n`;
    body += `${index + 1} 0 obj\n${object}\nendobj\n`;
  });
  const trailer = `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\n`;
  const file = `${body}${table}${trailer}startxref\n${body.length}\n%%EOF\n`;
  return Uint8Array.from(file, (character) => character.charCodeAt(0));
}

const MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const PACKAGE = "http://schemas.openxmlformats.org/package/2006";
const OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml";

const WORKBOOK = {
  "[Content_Types].xml": `<Types xmlns="${PACKAGE}/content-types">` +
    `<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
    `<Default Extension="bin" ContentType="application/octet-stream"/>` +
    `<Override PartName="/xl/workbook.xml" ContentType="${SHEET_TYPE}.sheet.main+xml"/>` +
    `<Override PartName="/xl/worksheets/sheet1.xml" ContentType="${SHEET_TYPE}.worksheet+xml"/></Types>`,
  "_rels/.rels": `<Relationships xmlns="${PACKAGE}/relationships">` +
    `<Relationship Id="r1" Type="${OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
  "xl/workbook.xml": `<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}">` +
    `<sheets><sheet name="Kessel 3" sheetId="1" r:id="r1"/></sheets></workbook>`,
  "xl/_rels/workbook.xml.rels": `<Relationships xmlns="${PACKAGE}/relationships">` +
    `<Relationship Id="r1" Type="${OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
  "xl/worksheets/sheet1.xml": `<worksheet xmlns="${MAIN}"><sheetData>` +
    `<row r="1"><c r="A1"><v>1250</v></c></row></sheetData></worksheet>`,
};

interface Entry {
  readonly name: string;
  readonly content: Uint8Array;
}

/** APPNOTE 4.3: local headers with contents, then the central directory, then its end record. */
function zip(entries: readonly Entry[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const { name, content } of entries) {
    const path = new TextEncoder().encode(name);
    const shared = [
      ...[2, 20, 2, 0, 2, 0, 2, 0, 2, 0x21],
      ...[4, crc32(content), 4, content.length, 4, content.length, 2, path.length, 2, 0],
    ];
    const local = joinOctets([record([4, 0x04034b50, ...shared]), path, content]);
    directory.push(
      record([4, 0x02014b50, 2, 20, ...shared, 2, 0, 2, 0, 2, 0, 4, 0, 4, offset]),
      path,
    );
    parts.push(local);
    offset += local.length;
  }
  const central = joinOctets(directory);
  const count = entries.length;
  const end = [4, 0x06054b50, 2, 0, 2, 0, 2, count, 2, count, 4, central.length, 4, offset, 2, 0];
  return joinOctets([...parts, central, record(end)]);
}

/** Little-endian numbers from pairs of width and value. */
function record(pairs: readonly number[]): Uint8Array {
  const octets: number[] = [];
  for (let at = 0; at < pairs.length; at += 2) {
    const [width = 0, value = 0] = pairs.slice(at, at + 2);
    for (let shift = 0; shift < width * 8; shift += 8) {
      octets.push((value >>> shift) & 0xff);
    }
  }
  return Uint8Array.from(octets);
}

function crc32(octets: Uint8Array): number {
  const table = Uint32Array.from({ length: 256 }, (_, index) => {
    let value = index;
    for (let bit = 0; bit < 8; bit++) {
      value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    }
    return value;
  });
  let crc = 0xffffffff;
  for (const octet of octets) {
    crc = (crc >>> 8) ^ (table[(crc ^ octet) & 0xff] ?? 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
