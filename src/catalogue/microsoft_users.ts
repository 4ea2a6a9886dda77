// Microsoft Entra: what it says about the account, multifactor authentication, devices and Conditional Access.

import type { Entry } from "./entry.ts";
import { LOGIN, LOGIN_ANEW, M365, POLICY_LOG, SIGN_IN_LOG } from "./steps.ts";

const EXEMPT =
  "exclude the sending account, the app or the plant's network from that policy: entra.microsoft.com > Entra ID > " +
  "Conditional Access > Policies";

const UNATTENDED =
  `where this returns, the administrator acts: ${EXEMPT}; or sends as an app instead of a user (oauth.flow = "app")`;

export const MICROSOFT_USERS: readonly Entry[] = [
  {
    id: "AADSTS50076",
    area: "microsoft",
    meaning:
      "multifactor authentication is wanted now: a policy was changed, or the PC is at a new place",
    who: "user",
    steps: [LOGIN, UNATTENDED],
    retry: "after-login",
  },
  {
    id: "AADSTS50079",
    aliases: ["AADSTS50072"],
    area: "microsoft",
    meaning: "the account must first register for multifactor authentication",
    who: "user",
    steps: [
      "open https://aka.ms/mfasetup as {user} and register a method that lasts",
      LOGIN,
      UNATTENDED,
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS50074",
    aliases: ["AADSTS50078"],
    area: "microsoft",
    meaning: "multifactor authentication was not passed, or a policy has let it run out",
    who: "user",
    steps: [LOGIN, UNATTENDED],
    retry: "after-login",
  },
  {
    id: "AADSTS50158",
    area: "microsoft",
    meaning: "another service must confirm the sign-in, and did not",
    who: "user",
    steps: [LOGIN, UNATTENDED],
    retry: "after-login",
  },
  {
    id: "AADSTS53003",
    area: "microsoft",
    meaning: "Conditional Access blocks this sign-in",
    who: "administrator",
    steps: [
      POLICY_LOG,
      EXEMPT,
      "if it is the policy against device code flow: sign in through the browser (without --device, with oauth.flow = " +
      '"code"), or without a person: oauth.flow = "app" with a certificate',
      LOGIN,
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS530035",
    area: "microsoft",
    meaning: "the security defaults of the tenant block this sign-in",
    who: "administrator",
    steps: [
      SIGN_IN_LOG,
      "security defaults cannot exempt one account: replace them by Conditional Access (entra.microsoft.com > Entra ID " +
      "> Overview > Properties > Manage security defaults), or use the browser instead of --device",
      LOGIN,
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS530032",
    area: "microsoft",
    meaning: "a security policy of the tenant blocks this sign-in",
    who: "administrator",
    steps: [POLICY_LOG, EXEMPT, "sign in through the browser, without --device", LOGIN],
    retry: "after-login",
  },
  {
    id: "AADSTS53000",
    area: "microsoft",
    meaning: "the tenant wants a compliant device, and this PC is none",
    who: "administrator",
    steps: [
      "enrol the PC: intune.microsoft.com > Devices shows what keeps it from being compliant",
      `or ${EXEMPT}`,
      LOGIN,
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS53001",
    area: "microsoft",
    meaning: "the tenant wants a PC that is joined to its domain, and this one is not",
    who: "administrator",
    steps: [
      "join the PC to the tenant: Settings > Accounts > Access work or school",
      `or ${EXEMPT}`,
      LOGIN,
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS53002",
    area: "microsoft",
    meaning: "the tenant allows approved apps only",
    who: "administrator",
    steps: [POLICY_LOG, EXEMPT, LOGIN],
    retry: "after-login",
  },
  {
    id: "AADSTS53004",
    aliases: ["AADSTS53010", "AADSTS53011", "AADSTS50131"],
    area: "microsoft",
    meaning:
      "the sign-in counts as risky, or a rule on registering methods and devices stands against it",
    who: "administrator",
    steps: [
      "open entra.microsoft.com > Entra ID > ID Protection > Risky users, look at {user}, and dismiss the risk if it is none",
      POLICY_LOG,
      LOGIN,
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS70043",
    area: "microsoft",
    meaning: "a policy on sign-in frequency has ended the sign-in, and it will do so again",
    who: "user",
    steps: [
      LOGIN,
      "so that it does not return: the administrator excludes the account from the policy's session control Sign-in " +
      "frequency (entra.microsoft.com > Entra ID > Conditional Access > Policies)",
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS50126",
    area: "microsoft",
    meaning: "user name or password is wrong",
    who: "user",
    steps: ['run "plantpost login" and type the password anew; an administrator can reset it'],
    retry: "after-login",
  },
  {
    id: "AADSTS50053",
    area: "microsoft",
    meaning:
      "the account is locked after many failed sign-ins, or they came from an address that is known for abuse",
    who: "user",
    steps: [
      "stop everything that signs in with an old password, and wait 15 minutes",
      "if it is not over then, the administrator looks into it: " + SIGN_IN_LOG,
      LOGIN,
    ],
    retry: "later",
  },
  {
    id: "AADSTS50055",
    aliases: ["AADSTS50144"],
    area: "microsoft",
    meaning: "the password has expired",
    who: "user",
    steps: ["sign in to office.com as {user} and change the password", LOGIN],
    retry: "after-login",
  },
  {
    id: "AADSTS50056",
    area: "microsoft",
    meaning: "the directory holds no password of this user",
    who: "administrator",
    steps: [`open ${M365} > Reset password`, LOGIN],
    retry: "after-login",
  },
  {
    id: "AADSTS50057",
    area: "microsoft",
    meaning: "the account is disabled",
    who: "administrator",
    steps: [`open ${M365} > Block sign-in and let it sign in again`, LOGIN],
    retry: "after-login",
  },
  {
    id: "AADSTS50058",
    area: "microsoft",
    meaning: "the browser was to sign in silently and knows no account",
    who: "user",
    steps: ["remove prompt=none from oauth.authorization_endpoint, if it is there", LOGIN],
    retry: "after-login",
  },
  {
    id: "AADSTS50097",
    aliases: ["AADSTS50129", "AADSTS50155", "AADSTS700003"],
    area: "microsoft",
    meaning: "the tenant wants to know the device, and this PC is not joined or registered",
    who: "administrator",
    steps: [
      "join the PC to the tenant: Settings > Accounts > Access work or school",
      `or ${EXEMPT}`,
      LOGIN,
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS50132",
    aliases: ["AADSTS50133"],
    area: "microsoft",
    meaning: "the session is void, since the password was changed or has expired",
    who: "user",
    steps: [LOGIN],
    retry: "after-login",
  },
  {
    id: "AADSTS50085",
    aliases: ["AADSTS50089", "AADSTS50139"],
    area: "microsoft",
    meaning: "the session of the sign-in has ended",
    who: "user",
    steps: [LOGIN_ANEW],
    retry: "after-login",
  },
  {
    id: "AADSTS80012",
    area: "microsoft",
    meaning: "the account may not sign in at this hour",
    who: "administrator",
    steps: [
      "widen the logon hours of the account: Active Directory Users and Computers > Account > Logon Hours",
    ],
    retry: "later",
  },
  {
    id: "AADSTS50196",
    area: "microsoft",
    meaning: "the same request came too often in a short time; Microsoft takes it for a loop",
    who: "operator",
    steps: [
      "stop the script or task that starts plantpost again and again, and wait 5 minutes",
      'run "plantpost refresh" once: the answer that comes then is the true cause',
    ],
    retry: "later",
  },
  {
    id: "AADSTS130507",
    area: "microsoft",
    meaning: "the Temporary Access Pass was used up or has expired",
    who: "user",
    steps: ["open https://aka.ms/mysecurityinfo as {user} and register a method that lasts", LOGIN],
    retry: "after-login",
  },
];
