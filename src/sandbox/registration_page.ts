// The app registration in the browser: its IDs, its secret, and its certificates with a form to upload one, as
// "Certificates & secrets" of the portal has it. The invariant: what is taken is a public certificate; a file with a
// private key is refused, and not kept.

import { MAX_CERTIFICATE_BYTES } from "./app_certificates.ts";
import type { Directory } from "./directory.ts";
import { html, page } from "./html.ts";

export const REGISTRATION_PATH = "/app";

/** Shows the page, or takes the file of its form; a script may send the file as the body itself. */
export async function registration(request: Request, directory: Directory): Promise<Response> {
  if (request.method !== "POST") return registrationPage(directory);
  const isForm = request.headers.get("content-type")?.startsWith("multipart/form-data") === true;
  const file = await fileOf(request, isForm);
  const taken = file === undefined || file.length > MAX_CERTIFICATE_BYTES
    ? { problem: "choose the .cer file first" }
    : await directory.certificates.add(file);
  if ("problem" in taken) {
    return isForm
      ? registrationPage(directory, taken.problem)
      : Response.json(taken, { status: 400 });
  }
  if (!isForm) return Response.json({ thumbprint: taken.shown });
  return new Response(null, { status: 303, headers: { location: REGISTRATION_PATH } });
}

async function fileOf(
  request: Request,
  isForm: boolean,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (!isForm) return new Uint8Array(await request.arrayBuffer());
  try {
    const file = (await request.formData()).get("certificate");
    return file instanceof File ? new Uint8Array(await file.arrayBuffer()) : undefined;
  } catch {
    return undefined; // cut off, or no form after all
  }
}

function registrationPage(directory: Directory, problem?: string): Response {
  const { certificates, clientId, clientSecret, platform, redirectUri, tenantId } = directory;
  const rows = certificates.list.map(({ shown, startsAtMs, expiresAtMs }) =>
    html`
      <tr>
        <td>${shown}</td>
        <td>${day(startsAtMs)}</td>
        <td>${day(expiresAtMs)}</td>
      </tr>
    `
  );
  const table = html`
    <table>
      <thead>
        <tr>
          <th>Thumbprint</th>
          <th>Start</th>
          <th>Expires</th>
        </tr>
      </thead>
      <tbody>
    ${rows}
      </tbody>
    </table>
  `;
  return page({
    title: "App registration",
    layout: "wide",
    status: problem === undefined ? 200 : 400,
    body: html`
      <p><a href="/">Inbox</a></p>
      <h1>App registration "plantpost"</h1>
      <table>
        <tbody>
          <tr>
            <th>Application (client) ID</th>
            <td>${clientId}</td>
          </tr>
          <tr>
            <th>Directory (tenant) ID</th>
            <td>${tenantId}</td>
          </tr>
          <tr>
            <th>Redirect URI</th>
            <td>${redirectUri} (${platform === "web"
              ? "Web: whoever signs in needs the client secret or a certificate"
              : "Mobile and desktop: whoever signs in needs no client secret"})</td>
          </tr>
          <tr>
            <th>API permissions</th>
            <td>SMTP.Send (delegated) and SMTP.SendAsApp (application), both consented to</td>
          </tr>
          <tr>
            <th>Client secret</th>
            <td>${clientSecret}</td>
          </tr>
        </tbody>
      </table>
      <h2>Certificates</h2>
      ${problem === undefined
        ? html``
        : html`<p class="bad">Not taken: ${problem}.</p>`} ${certificates
          .list.length === 0
        ? html`<p>None was uploaded. <code>plantpost cert new</code> makes one.</p>`
        : table}
      <form class="inline" method="post" enctype="multipart/form-data" action="${REGISTRATION_PATH}">
        <input type="file" name="certificate" accept=".cer,.crt,.pem" aria-label="Certificate"
          required><button>Upload certificate</button>
      </form>
    `,
  });
}

function day(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}
