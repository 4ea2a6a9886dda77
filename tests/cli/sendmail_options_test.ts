import assert from "node:assert/strict";
import { parseSendmailOptions, type SendmailOptions } from "../../src/cli/sendmail_options.ts";
import { parseLongFlags } from "../../src/cli/flags.ts";
import { GLOBAL_FLAGS } from "../../src/cli/commands.ts";
import { isFailure } from "../vault/fixtures.ts";

const NOTHING = {
  readsRecipients: false,
  endsAtDot: true,
  isVerbose: false,
  reversePath: undefined,
  fullName: undefined,
  recipients: [],
  dsn: {},
};

const TAKEN:
  readonly (readonly [caller: string, line: string, wanted: Partial<SendmailOptions>])[] = [
    ["PHP", "-t -i", { readsRecipients: true, endsAtDot: false }],
    ["PHP with five parameters", "-t -i -fadmin@x.org", {
      readsRecipients: true,
      endsAtDot: false,
      reversePath: "admin@x.org",
    }],
    ["Debian's cron", "-i -FCronDaemon -B8BITMIME -oem root", {
      endsAtDot: false,
      fullName: "CronDaemon",
      recipients: ["root"],
    }],
    ["cronie", "-FCronDaemon -i -odi -oem -oi -t -f root", {
      readsRecipients: true,
      endsAtDot: false,
      fullName: "CronDaemon",
      reversePath: "root",
    }],
    ["mutt", "-oem -oi -f a@x.org -- b@x.org -odd@x.org", {
      endsAtDot: false,
      reversePath: "a@x.org",
      recipients: ["b@x.org", "-odd@x.org"],
    }],
    ["git send-email", "-f a@x.org -i b@x.org c@x.org", {
      endsAtDot: false,
      reversePath: "a@x.org",
      recipients: ["b@x.org", "c@x.org"],
    }],
    ["mailx", "-i -r <a@x.org> b@x.org,c@x.org", {
      endsAtDot: false,
      reversePath: "<a@x.org>",
      recipients: ["b@x.org,c@x.org"],
    }],
    ["options behind the recipients", "b@x.org -f a@x.org", {
      reversePath: "a@x.org",
      recipients: ["b@x.org"],
    }],
    ["several letters behind a dash", "-tivfa@x.org", {
      readsRecipients: true,
      endsAtDot: false,
      isVerbose: true,
      reversePath: "a@x.org",
    }],
    ["the null reverse-path", "-f <> -bm a@x.org", { reversePath: "", recipients: ["a@x.org"] }],
    ["DSN", "-N failure,delay -Rhdrs -V id a@x.org", {
      recipients: ["a@x.org"],
      dsn: { notify: "failure,delay", ret: "hdrs", envelopeId: "id" },
    }],
    ["old times", "-n -m -om -oo -em -h 5 -oA/etc/aliases -U -G -L tag -Ac a@x.org", {
      recipients: ["a@x.org"],
    }],
    ["-O", "-OIgnoreDots=true -O DeliveryMode=b a@x.org", {
      endsAtDot: false,
      recipients: ["a@x.org"],
    }],
  ];

for (const [caller, line, wanted] of TAKEN) {
  Deno.test(`parseSendmailOptions() understands ${caller}`, () => {
    const found = parseSendmailOptions(line.split(" "));
    assert.deepEqual({ ...NOTHING, ...found }, { ...NOTHING, ...wanted });
  });
}

const REFUSED: readonly (readonly [line: string, message: RegExp])[] = [
  ["-bs", /^sendmail: -bs is not for this sendmail: it does not speak SMTP/],
  ["-bd -q30m", /^sendmail: -bd is not for this sendmail: it is no server/],
  ["-b p", /^sendmail: -bp is not for this sendmail: it has no queue/],
  ["-bi", /^sendmail: -bi is not for this sendmail: it has no aliases/],
  ["-bz", /^sendmail: -bz is not for this sendmail$/],
  ["-q", /^sendmail: -q is not for this sendmail: it has no queue/],
  ["-q30m", /^sendmail: -q is not for this sendmail/],
  ["-I", /^sendmail: -I is not for this sendmail/],
  ["-C /etc/mail.cf", /^sendmail: -C is not for this sendmail: it reads no sendmail\.cf$/],
  ["-oQ/tmp", /^sendmail: -oQ\/tmp is not for this sendmail$/],
  ["-OTimeout.queuereturn=1d", /^sendmail: -O Timeout.queuereturn=1d is not/],
  ["-tz", /^sendmail: unknown option -z in -tz$/],
  ["-z", /^sendmail: unknown option -z$/],
  ["-_", /^sendmail: unknown option -_$/],
  ["-f", /^sendmail: -f wants a value$/],
  ["-B binary", /^sendmail: -B wants 7BIT or 8BITMIME, found "binary"$/],
  ["-N sometimes", /^sendmail: -N wants never, or of success/],
  ["-R all", /^sendmail: -R wants hdrs or full, found "all"$/],
];

for (const [line, message] of REFUSED) {
  Deno.test(`parseSendmailOptions() refuses ${line}`, () => {
    assert.throws(
      () => parseSendmailOptions(line.split(" ")),
      (failure) =>
        isFailure("usage.invalid", /./, /./)(failure) && message.test((failure as Error).message),
    );
  });
}

Deno.test("parseLongFlags() takes the long flags out, and leaves the rest in its order", () => {
  const cases: readonly (readonly [line: string, rest: string])[] = [
    ["-t --json -i", "-t -i"],
    ["--config x.toml -f a@b.c --profile=p d@e.f", "-f a@b.c d@e.f"],
    ["-t -- --json", "-t -- --json"],
  ];
  for (const [line, rest] of cases) {
    const flags = parseLongFlags(line.split(" "), GLOBAL_FLAGS);
    assert.deepEqual(flags.positionals, rest.split(" "));
    assert.equal(flags.has("json"), line.startsWith("-t --json"));
  }
  assert.throws(
    () => parseLongFlags(["-t", "--jsn"], GLOBAL_FLAGS),
    isFailure("usage.invalid", /unknown flag --jsn/, /did you mean --json/),
  );
  assert.throws(
    () => parseLongFlags(["--config"], GLOBAL_FLAGS),
    isFailure("usage.invalid", /--config wants a value/),
  );
});
