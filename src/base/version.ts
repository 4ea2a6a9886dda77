/** The release, as `--version` prints it; the release workflow holds the tag to it. */
export const VERSION = "0.1.0";
