// What a person sees in the browser while signing in to the sandbox: the account and the permissions that are asked
// for, the page for a device's code, and messages. Plain forms; the pages work without any script.

import type { Directory } from "./directory.ts";
import { type Html, html, page } from "./html.ts";

export interface ConsentPageOptions {
  readonly directory: Directory;
  /** Stands in the account's field at first. */
  readonly hint: string;
  readonly scope: string;
  readonly redirectUri: string;
  readonly problem?: string;
}

const PERMISSIONS: readonly (readonly [scope: RegExp, words: string])[] = [
  [/^(?:openid|profile|email)$/, "See who you are: your name and mail address"],
  [/^offline_access$/, "Keep this access until you or an administrator end it"],
  [/SMTP\.Send$/i, "Send mail from your mailbox by SMTP"],
  [/\.default$/, "Everything that the app registration lists"],
  [/^User\.Read$|Mail\.Send$|graph\.microsoft\.com/i, "Use Microsoft Graph in your name"],
];

export function consentPage(options: ConsentPageOptions): Response {
  const { directory, redirectUri } = options;
  const asked = options.scope.split(" ");
  const permissions = PERMISSIONS.filter(([scope]) => asked.some((name) => scope.test(name)));
  return page({
    title: "Permissions requested",
    layout: "card",
    formTarget: new URL(redirectUri).origin,
    body: html`
      <p class="soft">Sign in to ${directory.domain}</p>
      <h1>Permissions requested</h1>
      <p><strong>plantpost</strong><br><span class="soft">app ${directory
        .clientId}, run by you on this PC</span></p>
      ${problemLine(options.problem)}
      <form method="post">
        <label>Account<input name="account" type="email" required autocomplete="off" value="${options
          .hint}"></label>
        <p>If you accept, plantpost may:</p>
        <ul class="grants">
      ${permissions.map(([, words]) => html`<li>${words}</li>`)}
        </ul>
        <p
          class="soft">The answer goes to ${redirectUri}. No password is asked for here: any address will do, and only
      ${directory.account} may send.</p>
        <div class="buttons"><button name="abort" value="1" formnovalidate>Cancel</button>
      <button class="main" name="accept" value="1">Accept</button></div>
      </form>
    `,
  });
}

export function devicePage(options: {
  readonly directory: Directory;
  readonly userCode: string;
  readonly problem?: string;
}): Response {
  return page({
    title: "Enter code",
    layout: "card",
    body: html`
      <p class="soft">Sign in to ${options.directory.domain}</p>
      <h1>Enter the code that your device shows</h1>
      ${problemLine(options.problem)}
      <form method="post">
        <label>Code<input name="user_code" required autocomplete="off" value="${options
          .userCode}"></label>
        <label>Account<input name="account" type="email" required value="${options.directory
          .account}"></label>
        <p class="soft">Go on only if you started this sign-in yourself.</p>
        <div class="buttons"><button name="abort" value="1">Cancel</button>
      <button class="main" name="accept" value="1">Accept</button></div>
      </form>
    `,
  });
}

export function messagePage(options: {
  readonly title: string;
  readonly lines: readonly string[];
  readonly isBad: boolean;
}): Response {
  return page({
    title: options.title,
    layout: "card",
    status: options.isBad ? 400 : 200,
    body: html`<h1 class="${options.isBad ? "bad" : "good"}">${options.title}</h1>
${options.lines.map((line) => html`<p>${line}</p>`)}`,
  });
}

function problemLine(problem: string | undefined): Html {
  return problem === undefined ? html`` : html`<p class="bad" role="alert">${problem}</p>`;
}
