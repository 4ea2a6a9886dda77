// The inbox in the browser: what arrived, each message with its HTML, text, attachments and source, the account, and
// the planted faults with a form to change them. The invariant: a message's HTML is shown in a sandboxed frame that
// may run nothing and load nothing, for mail may come from anybody who tries things out.

import { toBase64 } from "../base/base64.ts";
import type { Directory } from "./directory.ts";
import type { PlantedFault } from "./fault_plan.ts";
import { FAULTS } from "./faults.ts";
import { Html, html, page } from "./html.ts";
import type { InboxMessage } from "./inbox.ts";
import { REGISTRATION_PATH } from "./registration_page.ts";

type Attachment = InboxMessage["content"]["attachments"][number];

export interface InboxState {
  readonly messages: readonly InboxMessage[];
  readonly directory: Directory;
  readonly planted: readonly PlantedFault[];
}

export function inboxPage(state: InboxState): Response {
  const { directory, messages } = state;
  const rows = messages.map((message) =>
    html`
      <tr>
        <td><a href="/messages/${message.id}">${subjectOf(message)}</a></td>
        <td>${fromOf(message)}</td>
        <td>${message.recipients.join(", ")}</td>
        <td>${timeOf(message)}</td>
        <td>${message.source.length}</td>
        <td>${message.content.attachments.map(nameOf).join(", ")}</td>
      </tr>
    `
  );
  const table = html`
    <table>
      <thead>
        <tr>
          <th>Subject</th>
          <th>From</th>
          <th>To</th>
          <th>Arrived (UTC)</th>
          <th>Octets</th>
          <th>Attachments</th>
        </tr>
      </thead>
      <tbody>
    ${rows}
      </tbody>
    </table>
  `;
  return page({
    title: `Inbox (${messages.length})`,
    layout: "wide",
    body: html`
      <h1>Inbox</h1>
      <p
        class="soft">What ${directory
          .account} has sent through this sandbox, the newest first. Reload the page to look
      again; <a href="/inbox.json">inbox.json</a> is for scripts.</p>
      ${messages.length === 0 ? html`<p>Nothing has arrived yet.</p>` : table}
      <h2>Faults</h2>
      ${state.planted.length === 0 ? html`<p>None is planted.</p>` : html`<ul>
${state.planted.map(plantedLine)}
</ul>`}
      <form class="inline" method="post" action="/faults"><select name="plant" aria-label="Fault">
      ${FAULTS.map(({ name, answers }) =>
        html`<option value="${name}">${name}: ${answers}</option>`
      )}
      </select><button>Plant</button></form>
      <h2>Account</h2>
      <p>${directory.account}, tenant ${directory.tenantId}. The <a href="${REGISTRATION_PATH}">app
        registration</a> has the client ID and secret, and takes certificates.</p>
    `,
  });
}

export function messagePage(message: InboxMessage): Response {
  const { content, id } = message;
  const link = (text: string, path: string): Html =>
    html`<a href="/messages/${id}/${path}">${text}</a>`;
  const frame = content.html === undefined ? html`` : html`<h2>HTML</h2>
<iframe sandbox src="/messages/${id}/html" title="The HTML of the message"></iframe>`;
  const text = content.text === undefined ? html`` : html`<h2>Text</h2>
<pre>${content.text}</pre>`;
  const attachments = content.attachments.length === 0 ? html`` : html`<h2>Attachments</h2>
<ul>
${
    content.attachments.map((attachment, at) =>
      html`<li>${link(nameOf(attachment), `attachments/${at}`)} (${attachment.mimeType}, ${
        octetsOf(attachment).length
      } octets)</li>`
    )
  }
</ul>`;
  return page({
    title: subjectOf(message),
    layout: "wide",
    body: html`
      <p><a href="/">Inbox</a></p>
      <h1>${subjectOf(message)}</h1>
      <table>
        <tbody>
          <tr>
            <th>From</th>
            <td>${fromOf(message)}</td>
          </tr>
          <tr>
            <th>Reverse-path</th>
            <td>${message.reversePath}</td>
          </tr>
          <tr>
            <th>Recipients</th>
            <td>${message.recipients.join(", ")}</td>
          </tr>
          <tr>
            <th>Date</th>
            <td>${content.date ?? "none"}</td>
          </tr>
          <tr>
            <th>Message-ID</th>
            <td>${content.messageId ?? "none"}</td>
          </tr>
        </tbody>
      </table>
      ${frame}${text}${attachments}
      <p>${link("Source", "source")}</p>
    `,
  });
}

/** The HTML of a message for the frame, its inline images put in. */
export function messageHtml(message: InboxMessage): Response {
  let text = message.content.html ?? "";
  for (const attachment of message.content.attachments) {
    const id = attachment.contentId?.replace(/^<(.*)>$/, "$1");
    if (id === undefined || !attachment.mimeType.startsWith("image/")) continue;
    const uri = `data:${attachment.mimeType};base64,${toBase64(octetsOf(attachment))}`;
    text = text.replaceAll(`cid:${id}`, uri);
  }
  return new Response(text, {
    headers: {
      ...STILL,
      "content-type": "text/html; charset=utf-8",
      "content-security-policy":
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'",
    },
  });
}

export function messageSource(message: InboxMessage): Response {
  return new Response(message.source, {
    headers: { ...STILL, "content-type": "text/plain; charset=utf-8" },
  });
}

/** An attachment as a download, whatever its type says. */
export function attachmentDownload(message: InboxMessage, at: number): Response | undefined {
  const attachment = message.content.attachments[at];
  if (attachment === undefined) return undefined;
  const name = nameOf(attachment);
  const plain = name.replaceAll(/[^\w .-]/g, "_");
  return new Response(octetsOf(attachment), {
    headers: {
      ...STILL,
      "content-type": "application/octet-stream",
      "content-security-policy": "sandbox; default-src 'none'",
      // RFC 8187 for names beyond ASCII.
      "content-disposition": `attachment; filename="${plain}"; filename*=UTF-8''${
        encodeURIComponent(name).replaceAll("'", "%27")
      }`,
    },
  });
}

/** The inbox and the state of the sandbox for scripts. */
export function inboxJson(state: InboxState): Readonly<Record<string, unknown>> {
  return {
    account: state.directory.account,
    faults: state.planted,
    messages: state.messages.map((message) => ({
      id: message.id,
      arrivedAt: new Date(message.arrivedAtMs).toISOString(),
      reversePath: message.reversePath,
      recipients: message.recipients,
      from: fromOf(message),
      subject: message.content.subject ?? "",
      messageId: message.content.messageId ?? "",
      text: message.content.text ?? "",
      html: message.content.html ?? "",
      attachments: message.content.attachments.map((attachment) => ({
        name: nameOf(attachment),
        type: attachment.mimeType,
        bytes: octetsOf(attachment).length,
      })),
      bytes: message.source.length,
    })),
  };
}

const STILL = { "cache-control": "no-store", "x-content-type-options": "nosniff" } as const;

function plantedLine({ name, messagesLeft }: PlantedFault): Html {
  const when = messagesLeft === 0
    ? "now"
    : `after ${messagesLeft} more message${messagesLeft === 1 ? "" : "s"}`;
  return html`
    <li>
      <form class="inline" method="post" action="/faults">${name}, ${when}
    <button name="clear" value="${name}">Take away</button></form>
    </li>
  `;
}

function subjectOf(message: InboxMessage): string {
  return message.content.subject || "(no subject)";
}

function fromOf({ content, reversePath }: InboxMessage): string {
  const { from } = content;
  if (from === undefined) return reversePath;
  const { address } = from;
  return address === undefined || from.name === ""
    ? address ?? from.name
    : `${from.name} <${address}>`;
}

function timeOf(message: InboxMessage): string {
  return new Date(message.arrivedAtMs).toISOString().replace("T", " ").replace(/\.\d+Z$/, "");
}

function nameOf(attachment: Attachment): string {
  return attachment.filename || "unnamed";
}

function octetsOf({ content }: Attachment): Uint8Array<ArrayBuffer> {
  return typeof content === "string" ? new TextEncoder().encode(content) : new Uint8Array(content);
}
