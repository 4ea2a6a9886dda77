// The table of commands: what `--help` prints, which flags each takes, and the module that runs it. The
// invariant: naming a command loads its module and no other.

import { warmUpCryptography } from "../base/warm_up.ts";
import type { Context } from "./context.ts";
import type { FlagDefinition } from "./flags.ts";
import { SEND_FLAGS } from "./send_flags.ts";

export interface Command {
  readonly name: string;
  readonly about: string;
  /** Behind the name in the usage line, such as `set|clear`. */
  readonly operands?: string;
  /** The words that may stand there; each command of the table takes one at most. */
  readonly actions?: readonly string[];
  /** What one more word behind the action is, such as `FILE`; without this there may be none. */
  readonly actionOperand?: "FILE";
  /** Whatever stands there is the command's to read. */
  readonly operandsAreFree?: boolean;
  /** Single letters that the command reads by itself, and what the help says of them. */
  readonly options?: readonly (readonly [written: string, about: string])[];
  readonly flags: readonly FlagDefinition[];
  readonly examples: readonly string[];
  readonly load: () => Promise<{ readonly run: (context: Context) => Promise<number> }>;
}

export const GLOBAL_FLAGS: readonly FlagDefinition[] = [
  {
    name: "config",
    kind: "text",
    value: "FILE",
    about: "the profile file; else $PLANTPOST_CONFIG, then plantpost.toml in the usual places",
  },
  { name: "profile", kind: "text", value: "NAME", about: "which profile of the file" },
  { name: "json", kind: "switch", about: "print exactly one JSON value" },
  { name: "quiet", kind: "switch", about: "say nothing but errors on standard error" },
  {
    name: "verbose",
    kind: "switch",
    about: "print the protocol on standard error, secrets removed",
  },
  { name: "version", kind: "switch", about: "print the version" },
  { name: "help", kind: "switch", about: "print this help, or that of a command" },
];

const NO_BROWSER: FlagDefinition = {
  name: "no-browser",
  kind: "switch",
  about: "only print the address, do not open it",
};

const FORCE: FlagDefinition = {
  name: "force",
  kind: "switch",
  about: "make the sign-in page ask again, even where the browser is signed in",
};

const DEVICE: FlagDefinition = {
  name: "device",
  kind: "switch",
  about: "sign in with a code that is typed on a phone or another PC",
};

export const COMMANDS: readonly Command[] = [
  {
    name: "init",
    about: "write a commented plantpost.toml to fill in",
    flags: [
      {
        name: "provider",
        kind: "text",
        value: "NAME",
        about: "microsoft365, google, outlook, custom, ...",
      },
      { name: "tenant", kind: "text", value: "ID", about: "Microsoft: tenant ID or domain" },
      { name: "user", kind: "text", value: "ADDRESS", about: "the account that signs in" },
      { name: "client-id", kind: "text", value: "ID", about: "of the app registration" },
    ],
    examples: ["plantpost init", "plantpost init --tenant contoso.com --user reports@contoso.com"],
    load: () => import("./init.ts"),
  },
  {
    name: "login",
    about: "sign in once, in the browser or with a code on another device, and keep the grant",
    flags: [
      NO_BROWSER,
      FORCE,
      DEVICE,
    ],
    examples: ["plantpost login", "plantpost login --device", "plantpost login --no-browser"],
    load: () => import("./login.ts"),
  },
  {
    name: "status",
    about: "tell who is signed in, and what ends when",
    flags: [
      {
        name: "notify",
        kind: "text",
        value: "LIST",
        about: "mail what will end to these addresses, 60, 30 and 7 days before, once each",
      },
    ],
    examples: [
      "plantpost status",
      "plantpost status --json",
      "plantpost status --notify it@contoso.com",
    ],
    load: () => import("./status.ts"),
  },
  {
    name: "refresh",
    about: "get a new access token now",
    flags: [],
    examples: ["plantpost refresh"],
    load: () => import("./refresh.ts"),
  },
  {
    name: "reset",
    about: "forget the sign-in",
    flags: [
      { name: "login", kind: "switch", about: "sign in again at once" },
      {
        name: "secret",
        kind: "switch",
        about: "forget the stored secrets, too, and the key of cert new",
      },
      { name: "yes", kind: "switch", about: "do not ask" },
      DEVICE,
      NO_BROWSER,
      FORCE,
    ],
    examples: ["plantpost reset --login", "plantpost reset --secret --yes"],
    load: () => import("./reset.ts"),
  },
  {
    name: "secret",
    about:
      "keep the client secret (or SMTP password, or passphrase of the certificate file) in the vault",
    operands: "set|clear",
    actions: ["set", "clear"],
    flags: [],
    examples: ["plantpost secret set", "plantpost secret set < secret.txt"],
    load: () => import("./secret.ts"),
  },
  {
    name: "cert",
    about: "make a certificate for the app registration: no client secret, no yearly end",
    operands: "new",
    actions: ["new"],
    flags: [
      {
        name: "out",
        kind: "text",
        value: "FILE",
        about: "the public part; default: plantpost-PROFILE.cer beside the profile file",
      },
      {
        name: "valid-for",
        kind: "text",
        value: "DAYS",
        about: "how long it is valid, such as 730d; default: 10 years",
      },
      {
        name: "force",
        kind: "switch",
        about: "give up one that still waits for its upload",
      },
    ],
    examples: ["plantpost cert new", "plantpost cert new --valid-for 730d --out plant.cer"],
    load: () => import("./cert.ts"),
  },
  {
    name: "test",
    about: "send a test mail",
    flags: [{ name: "to", kind: "text", value: "ADDRESS", about: "default: the sender" }],
    examples: ["plantpost test", "plantpost test --to anna@contoso.com"],
    load: () => import("./test_mail.ts"),
  },
  {
    name: "send",
    about: "send a mail",
    flags: SEND_FLAGS,
    examples: [
      "plantpost send --to anna@contoso.com --subject Report --attach report.xlsx",
      'plantpost send --to operators --subject ALARM --text "pump 3 stopped" --json',
      "tail alarms.txt | plantpost send --to operators --text-file -",
      "plantpost send --batch mails.jsonl > results.jsonl",
    ],
    load: () => {
      warmUpCryptography();
      return import("./send.ts");
    },
  },
  {
    name: "sendmail",
    about: "send a finished message from standard input, in the manner of sendmail(8)",
    operands: "[-t] [-i] [-f ADDRESS] [-F NAME] [ADDRESS...]",
    operandsAreFree: true,
    options: [
      ["-t", "to those in the message's To, Cc and Bcc, too"],
      ["-i, -oi", "a line with a lone dot does not end the message"],
      ["-f ADDRESS, -r ADDRESS", "where reports go, and the sender where From is missing"],
      ["-F NAME", "the sender's name where From is missing"],
      ["-N LIST, -R hdrs|full", "reports of delivery, as --dsn of send"],
      ["-V ID", "what such a report names the mail by"],
      ["-v", "say what became of the mail; else silence means that it was sent"],
      ["-bm, -B TYPE, -o...", "taken, and without effect"],
    ],
    flags: [{ name: "dry-run", kind: "switch", about: "print the message, send nothing" }],
    examples: [
      "plantpost sendmail -t -i < mail.eml",
      'echo "pump 3 stopped" | plantpost sendmail -F "Line 4" operators',
    ],
    load: () => {
      warmUpCryptography();
      return import("./sendmail.ts");
    },
  },
  {
    name: "profile",
    about: "carry a profile with its secrets to another PC, sealed with a passphrase",
    operands: "export|import [FILE]",
    actions: ["export", "import"],
    actionOperand: "FILE",
    flags: [
      {
        name: "seal",
        kind: "switch",
        about: "export: always wanted; secrets never leave unsealed",
      },
      {
        name: "with-sign-in",
        kind: "switch",
        about: "export: the sign-in, too, so that the other PC needs none of its own",
      },
      {
        name: "replace",
        kind: "switch",
        about: "import: in the place of a profile of that name with other values",
      },
    ],
    examples: [
      "plantpost profile export --seal plant.age",
      "plantpost profile import plant.age",
      "plantpost profile import --replace < plant.age",
    ],
    load: () => import("./profile.ts"),
  },
  {
    name: "explain",
    about: "tell what an error code or a pasted error means, and what to do",
    operands: "CODE|TEXT...|FILE|-",
    operandsAreFree: true,
    flags: [],
    examples: [
      "plantpost explain AADSTS7000222",
      'plantpost explain "535 5.7.139"',
      "plantpost explain - < error.txt",
    ],
    load: () => import("./explain.ts"),
  },
  {
    name: "completions",
    about: "print what lets a shell complete commands and flags",
    operands: "bash|zsh|fish|powershell",
    actions: ["bash", "zsh", "fish", "powershell"],
    flags: [],
    examples: [
      "source <(plantpost completions bash)",
      "plantpost completions powershell | Out-String | Invoke-Expression",
    ],
    load: () => import("./completions.ts"),
  },
  {
    name: "sandbox",
    about: "a stand-in for Microsoft 365 on this PC, to try things out with",
    flags: [
      {
        name: "dir",
        kind: "text",
        value: "DIR",
        about: "where the ready profile goes; default: a new folder that is removed at the end",
      },
      {
        name: "fault",
        kind: "texts",
        value: "NAME[:after=N]",
        about: "plant a fault, now or after N messages; may be repeated",
      },
      { name: "list-faults", kind: "switch", about: "list the faults" },
      {
        name: "web",
        kind: "switch",
        about: "register the app as Web, with a client secret",
      },
      { name: "user", kind: "text", value: "ADDRESS", about: "the mailbox that may send" },
      { name: "port", kind: "text", value: "N", about: "of the pages; default: a free one" },
      { name: "smtp-port", kind: "text", value: "N", about: "of the mail server; the same" },
      {
        name: "redirect-port",
        kind: "text",
        value: "N",
        about: "where the sign-in comes back; default: 3017",
      },
    ],
    examples: [
      "plantpost sandbox",
      "plantpost sandbox --fault secret-expired:after=2 --fault recipient-unknown",
    ],
    load: () => import("./sandbox.ts"),
  },
];
