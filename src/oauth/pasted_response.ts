// The authorization response as a person copies it out of a browser on another PC: there the redirect to this PC
// leads nowhere, and its address with the code is left in the browser's address bar. The invariant: an address
// without the state of this sign-in is none.

export interface PastedAddress {
  /** Undefined where the text is not the address that is waited for. */
  readonly parameters?: URLSearchParams;
  /** What is the matter with it. */
  readonly trouble?: string;
}

/** Reads what was pasted; blanks around it and quotes do not count. */
export function readPastedAddress(
  text: string,
  wanted: { readonly redirectUri: string; readonly state: string },
): PastedAddress {
  const address = text.trim().replace(/^(["'<])(.*)[>"']$/, "$2");
  const url = URL.parse(address);
  const parameters = url?.searchParams ?? new URLSearchParams();
  if (url === null || !(parameters.has("code") || parameters.has("error"))) {
    return {
      trouble:
        `this is not the address on which the sign-in ends: wanted ${wanted.redirectUri}?code=... whole`,
    };
  }
  if (parameters.get("state") !== wanted.state) {
    return { trouble: "this address belongs to another sign-in: open the address above anew" };
  }
  return { parameters };
}
