// The faults of the device flow, as rows of the table of faults: what the token endpoint answers to the question
// whether a code was approved.

import { EXIT } from "../base/failure.ts";
import type { Fault } from "./faults.ts";

export const DEVICE_FAULTS = [
  {
    name: "device-slow-down",
    where: "device",
    answers: "400 slow_down, once: the questions become rarer, and the sign-in goes on",
    exitCode: EXIT.ok,
  },
  {
    name: "device-expired",
    where: "device",
    answers: "400 expired_token, AADSTS70020: the code has run out",
    exitCode: EXIT.loginNeeded,
    entra: "deviceExpired",
  },
  {
    name: "device-declined",
    where: "device",
    answers: "400 authorization_declined, AADSTS65004, whatever is clicked",
    exitCode: EXIT.loginNeeded,
    entra: "deviceDeclined",
  },
  {
    name: "device-blocked",
    where: "device",
    answers: "400 invalid_grant, AADSTS53003: Conditional Access blocks the device flow",
    exitCode: EXIT.loginNeeded,
    entra: "conditionalAccess",
  },
  {
    name: "device-public-flows-off",
    where: "device",
    answers: '401 invalid_client, AADSTS7000218: "Allow public client flows" is off',
    exitCode: EXIT.loginNeeded,
    entra: "secretMissing",
  },
] as const satisfies readonly Fault[];
