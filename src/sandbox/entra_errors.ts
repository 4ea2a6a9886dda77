// Errors as Microsoft Entra words them: number, `error`, status and text. Data and one writer; the trace and
// correlation IDs are made up anew for each. Texts after Microsoft's page "Microsoft Entra authentication and
// authorization error codes"; what stands in quotes there is filled in here.

export interface EntraError {
  /** After `AADSTS`. */
  readonly number: number;
  readonly error: string;
  readonly status: number;
  readonly suberror?: string;
  /** `{client}`, `{tenant}`, `{redirect}`, `{thumbprint}` and the like are filled in. */
  readonly text: string;
}

const GRANT = { error: "invalid_grant", status: 400 } as const;
const CLIENT = { error: "invalid_client", status: 401 } as const;
const REQUEST = { error: "invalid_request", status: 400 } as const;

export const ENTRA_ERRORS = {
  secretExpired: {
    number: 7000222,
    ...CLIENT,
    text:
      "The provided client secret keys for app '{client}' are expired. Visit the Azure portal to create " +
      "new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for " +
      "added security: https://aka.ms/certCreds.",
  },
  secretWrong: {
    number: 7000215,
    ...CLIENT,
    text:
      "Invalid client secret provided. Ensure the secret being sent in the request is the client secret " +
      "value, not the client secret ID, for a secret added to app '{client}'.",
  },
  secretMissing: {
    number: 7000218,
    ...CLIENT,
    text:
      "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
  },
  secretNotWanted: {
    number: 700025,
    ...CLIENT,
    text: "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
  },
  appCredentialMissing: {
    number: 7000216,
    ...CLIENT,
    text:
      "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
  },
  assertionMalformed: {
    number: 50027,
    ...REQUEST,
    text: "JWT token is invalid or malformed: {parameter}.",
  },
  assertionOtherApp: {
    number: 700021,
    ...CLIENT,
    text: "Client assertion application identifier doesn't match 'client_id' parameter.",
  },
  assertionAudience: {
    number: 700023,
    ...CLIENT,
    text:
      "Client assertion audience claim does not match Realm issuer. Review the documentation at " +
      "https://docs.microsoft.com/azure/active-directory/develop/active-directory-certificate-credentials .",
  },
  assertionTime: {
    number: 700024,
    ...CLIENT,
    text:
      "Client assertion is not within its valid time range. Current time: {now}, assertion valid from {from}, " +
      "expiry time of assertion {until}.",
  },
  certificateUnknown: {
    number: 700027,
    ...CLIENT,
    text:
      "The certificate with identifier used to sign the client assertion is not registered on application. " +
      "[Reason - The key was not found., Thumbprint of key used by client: '{thumbprint}', Please visit the " +
      "Azure Portal, Graph Explorer or directly use MS Graph to see configured keys for app Id '{client}'.]",
  },
  certificateExpired: {
    number: 700027,
    ...CLIENT,
    text:
      "Client assertion contains an invalid signature. [Reason - The key used is expired., Thumbprint of key " +
      "used by client: '{thumbprint}', Found key 'Start={from}, End={until}'.]",
  },
  signatureWrong: {
    number: 700027,
    ...CLIENT,
    text:
      "Client assertion contains an invalid signature. [Reason - The provided signature value did not match the " +
      "expected signature value., Thumbprint of key used by client: '{thumbprint}'.]",
  },
  appUnknown: {
    number: 700016,
    error: "unauthorized_client",
    status: 400,
    text:
      "Application with identifier '{client}' was not found in the directory 'Contoso'. This can happen if " +
      "the application has not been installed by the administrator of the tenant or consented to by any user " +
      "in the tenant. You may have sent your authentication request to the wrong tenant.",
  },
  redirectMismatch: {
    number: 50011,
    ...REQUEST,
    text:
      "The redirect URI '{redirect}' specified in the request does not match the redirect URIs configured " +
      "for the application '{client}'. Make sure the redirect URI sent in the request matches one added to " +
      "your application in the Azure portal.",
  },
  redirectOtherLeg: {
    number: 500112,
    error: "invalid_client",
    status: 400,
    text:
      "The reply address '{redirect}' does not match the reply address provided when requesting " +
      "Authorization code.",
  },
  tenantUnknown: {
    number: 90002,
    ...REQUEST,
    text:
      "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into " +
      "the correct cloud. Check with your subscription administrator, this may happen if there are no active " +
      "subscriptions for the tenant.",
  },
  responseType: {
    number: 70005,
    error: "unsupported_response_type",
    status: 400,
    text:
      "The provided value for the input parameter 'response_type' is not allowed for this client. Expected " +
      "value is 'code'.",
  },
  challengeMethod: {
    number: 501491,
    ...REQUEST,
    text: "Invalid code challenge: the sandbox takes 43 to 128 characters and the method S256.",
  },
  parameterMissing: {
    number: 900144,
    ...REQUEST,
    text: "The request body must contain the following parameter: '{parameter}'.",
  },
  wrongVerb: {
    number: 900561,
    ...REQUEST,
    text: "The endpoint only accepts POST requests. Received a GET request.",
  },
  grantType: {
    number: 70003,
    error: "unsupported_grant_type",
    status: 400,
    text: "The app requested an unsupported grant type '{parameter}'.",
  },
  scopeInvalid: {
    number: 70011,
    error: "invalid_scope",
    status: 400,
    text:
      "The provided request must include a 'scope' input parameter. The provided value for the input " +
      "parameter 'scope' is not valid. The scope {parameter} is not valid.",
  },
  scopesMixed: {
    number: 28000,
    ...REQUEST,
    text:
      "Provided value for the input parameter scope is not valid because it contains more than one " +
      "resource.",
  },
  scopeNotDefault: {
    number: 1002012,
    error: "invalid_scope",
    status: 400,
    text:
      "The provided value for scope {parameter} is not valid. Client credential flows must have a scope " +
      "value with /.default suffixed to the resource identifier (application ID URI).",
  },
  resourceUnknown: {
    number: 500011,
    error: "invalid_resource",
    status: 400,
    text:
      "The resource principal named {parameter} was not found in the tenant named Contoso. This can happen if " +
      "the application has not been installed by the administrator of the tenant or consented to by any user in " +
      "the tenant. You might have sent your authentication request to the wrong tenant.",
  },
  notForAllTenants: {
    number: 9001023,
    ...REQUEST,
    text:
      "The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations " +
      "or tenant-specific endpoint.",
  },
  codeUsed: {
    number: 54005,
    ...GRANT,
    text:
      "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an " +
      "existing refresh token.",
  },
  codeUnknown: {
    number: 9002313,
    ...REQUEST,
    text: "Invalid request. Request is malformed or invalid.",
  },
  verifierWrong: {
    number: 501481,
    ...GRANT,
    text:
      "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
  },
  otherClient: {
    number: 7000110,
    ...GRANT,
    text: "Request is ambiguous, multiple application identifiers found.",
  },
  tokenReused: {
    number: 70000,
    ...GRANT,
    text:
      "The provided value for the input parameter 'refresh_token' or 'assertion' is not valid: it was used " +
      "before, and all tokens of this sign-in are revoked.",
  },
  grantExpired: {
    number: 70008,
    ...GRANT,
    text:
      "The provided authorization code or refresh token has expired due to inactivity. Send a new " +
      "interactive authorization request for this user and resource.",
  },
  grantRevoked: {
    number: 50173,
    ...GRANT,
    suberror: "bad_token",
    text:
      "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might " +
      "have changed or reset their password. The grant was issued on '{issued}' and the TokensValidFrom date " +
      "(before which tokens are not valid) for this user is '{now}'.",
  },
  grantIdle: {
    number: 700082,
    ...GRANT,
    text:
      "The refresh token has expired due to inactivity. The token was issued on {issued} and was inactive " +
      "for 90.00:00:00.",
  },
  mfaNeeded: {
    number: 50076,
    error: "interaction_required",
    status: 400,
    suberror: "basic_action",
    text:
      "Due to a configuration change made by your administrator, or because you moved to a new location, " +
      "you must use multi-factor authentication to access '00000002-0000-0ff1-ce00-000000000000'.",
  },
  conditionalAccess: {
    number: 53003,
    ...GRANT,
    suberror: "message_only",
    text:
      "Access has been blocked by Conditional Access policies. The access policy does not allow token " +
      "issuance.",
  },
  consentMissing: {
    number: 65001,
    ...GRANT,
    suberror: "consent_required",
    text:
      "The user or administrator has not consented to use the application with ID '{client}' named " +
      "'plantpost'. Send an interactive authorization request for this user and resource.",
  },
  consentDeclined: {
    number: 65004,
    error: "access_denied",
    status: 400,
    text: "User declined to consent to access the app.",
  },
  adminConsent: {
    number: 90094,
    error: "access_denied",
    status: 400,
    text:
      "An administrator of Contoso has set a policy that prevents you from granting plantpost the " +
      "permissions it is requesting. Contact an administrator who can grant permissions to this app.",
  },
  throttled: {
    number: 90055,
    error: "temporarily_unavailable",
    status: 429,
    text: "TenantThrottlingError: there are too many incoming requests.",
  },
  devicePending: {
    number: 70016,
    error: "authorization_pending",
    status: 400,
    text: "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
  },
  // RFC 8628 §3.5 has it; Microsoft's page does not, so the number is that of the one above.
  deviceSlowDown: {
    number: 70016,
    error: "slow_down",
    status: 400,
    text: "OAuth 2.0 device flow error. Authorization is pending. Poll less often.",
  },
  deviceDeclined: {
    number: 65004,
    error: "authorization_declined",
    status: 400,
    text: "User declined to consent to access the app.",
  },
  deviceExpired: {
    number: 70020,
    error: "expired_token",
    status: 400,
    text:
      "The provided value for the input parameter 'device_code' is not valid. This device code has expired.",
  },
  deviceUnknown: {
    number: 70018,
    error: "bad_verification_code",
    status: 400,
    text: "Invalid verification code due to User typing in wrong user code for device code flow.",
  },
} as const satisfies Readonly<Record<string, EntraError>>;

export type EntraErrorName = keyof typeof ENTRA_ERRORS;

/** What stands in the braces of a text. */
export type ErrorValues = Readonly<Record<string, string>>;

/** An error answer on its way out. */
export class Refused {
  constructor(readonly name: EntraErrorName, readonly values: ErrorValues = {}) {}
}

export interface EntraErrorBody {
  readonly error: string;
  readonly error_description: string;
  readonly error_codes: readonly number[];
  readonly timestamp: string;
  readonly trace_id: string;
  readonly correlation_id: string;
  readonly suberror?: string;
  readonly error_uri: string;
}

/** The body of an error answer; the three lines behind the sentence end the way Entra's do. */
export function entraErrorBody(
  error: EntraError,
  values: ErrorValues,
  nowMs: number,
): EntraErrorBody {
  const timestamp = new Date(nowMs).toISOString().replace("T", " ").replace(/\.\d+/, "");
  const traceId = crypto.randomUUID();
  const correlationId = crypto.randomUUID();
  const text = error.text.replaceAll(
    /\{(\w+)\}/g,
    (whole, name: string) => values[name] ?? (name === "now" ? timestamp : whole),
  );
  return {
    error: error.error,
    error_description: `AADSTS${error.number}: ${text}\r\nTrace ID: ${traceId}\r\n` +
      `Correlation ID: ${correlationId}\r\nTimestamp: ${timestamp}`,
    error_codes: [error.number],
    timestamp,
    trace_id: traceId,
    correlation_id: correlationId,
    ...(error.suberror === undefined ? {} : { suberror: error.suberror }),
    error_uri: `https://login.microsoftonline.com/error?code=${error.number}`,
  };
}
