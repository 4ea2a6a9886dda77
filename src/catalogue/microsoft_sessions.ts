// Microsoft Entra: refresh tokens that have ended, faults that pass by themselves, and the device flow.

import type { Entry } from "./entry.ts";
import { LOGIN, REG, WAIT } from "./steps.ts";

const NEW_CODE = 'run "plantpost login --device" again and use the new code at once';

export const MICROSOFT_SESSIONS: readonly Entry[] = [
  {
    id: "AADSTS700082",
    aliases: ["AADSTS70008"],
    area: "microsoft",
    meaning: "the sign-in has run out because it was not used for long, mostly 90 days",
    who: "user",
    steps: [
      LOGIN,
      'so that it does not return, let the task scheduler run "plantpost refresh" once a week',
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS50173",
    area: "microsoft",
    meaning:
      "the grant was revoked: the password was changed or reset, or an administrator ended all sessions",
    who: "user",
    steps: [
      LOGIN,
      "the text above shows both dates; if nobody of yours did it, the administrator looks at entra.microsoft.com > " +
      "Entra ID > Users > the user > Audit logs",
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS700084",
    area: "microsoft",
    meaning: "the refresh token was for a single-page application and has reached its 24 hours",
    who: "administrator",
    steps: [
      `open ${REG} > Authentication, remove the URI from Single-page application, and add it under Mobile and desktop ` +
      "applications",
      LOGIN,
    ],
    retry: "after-login",
  },
  {
    id: "AADSTS90033",
    area: "microsoft",
    meaning: "Microsoft's directory is not available for the moment",
    who: "operator",
    steps: [WAIT, "if it lasts over an hour, look at https://status.cloud.microsoft"],
    retry: "later",
  },
  {
    id: "AADSTS90055",
    area: "microsoft",
    meaning: "too many requests for this tenant at once",
    who: "operator",
    steps: [
      "wait some minutes and try again",
      "see that no script signs in or refreshes in a loop",
    ],
    retry: "later",
  },
  {
    id: "AADSTS90006",
    aliases: [
      "AADSTS90090",
      "AADSTS90024",
      "AADSTS90012",
      "AADSTS50033",
      "AADSTS50087",
      "AADSTS40010",
      "AADSTS70012",
    ],
    area: "microsoft",
    meaning: "a fault or time-out at Microsoft that passes by itself",
    who: "operator",
    steps: [WAIT, "if it lasts over an hour, look at https://status.cloud.microsoft"],
    retry: "later",
  },
  {
    id: "AADSTS50088",
    area: "microsoft",
    meaning:
      "too many telephone calls for multifactor authentication; for some minutes there are no more",
    who: "user",
    steps: ["wait 15 minutes, or choose another method than the telephone", LOGIN],
    retry: "later",
  },
  {
    id: "AADSTS50000",
    aliases: ["AADSTS90036"],
    area: "microsoft",
    meaning: "Microsoft could not make a token, and does not say why",
    who: "operator",
    steps: [
      "try once more",
      "if it comes again, the administrator opens a case at Microsoft with trace ID, correlation ID and time of the error",
    ],
    retry: "later",
  },
  {
    id: "AADSTS70016",
    area: "microsoft",
    meaning: "the device flow waits for the user, who has not entered the code yet",
    who: "user",
    steps: [
      "open the address that plantpost shows and enter the code there; plantpost goes on by itself",
    ],
    retry: "later",
  },
  {
    id: "AADSTS70018",
    area: "microsoft",
    meaning: "the device code or the user code is wrong",
    who: "user",
    steps: [NEW_CODE],
    retry: "after-login",
  },
  {
    id: "AADSTS70020",
    aliases: ["AADSTS70019"],
    area: "microsoft",
    meaning: "the code of the device flow has run out; it lives for about 15 minutes",
    who: "user",
    steps: [NEW_CODE],
    retry: "after-login",
  },
  {
    id: "AADSTS90119",
    area: "microsoft",
    meaning: "the user code was empty",
    who: "user",
    steps: [NEW_CODE],
    retry: "after-login",
  },
  {
    id: "AADSTS90120",
    area: "microsoft",
    meaning: "this code was already approved or refused",
    who: "user",
    steps: [NEW_CODE],
    retry: "after-login",
  },
  {
    id: "AADSTS50134",
    area: "microsoft",
    meaning: "the code was entered in another region of Microsoft's cloud than it was issued in",
    who: "user",
    steps: [
      "set tenant in the profile to the Directory (tenant) ID of the account that approves",
      NEW_CODE,
    ],
    retry: "after-login",
  },
];
