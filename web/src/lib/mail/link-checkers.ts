/**
 * Servers that check each link of a message when it is opened, and then pass on to it. Each writes the place into one
 * parameter, by its own documentation; whatever else stands in such a link anybody may have added to it.
 */

interface Checker {
  readonly host: RegExp
  readonly path?: RegExp
  /** The place as it is written there; null if it is not. */
  readonly place: (target: URL) => string | null
}

/** The one value of a parameter: which of several is opened, no documentation says. */
function only(name: string, also?: string): (target: URL) => string | null {
  return ({ searchParams }) => {
    const values = [name, also ?? name].flatMap((one, at, all) =>
      all.indexOf(one) === at ? searchParams.getAll(one) : []
    )
    return values.length === 1 ? (values[0] ?? null) : null
  }
}

const CHECKERS: readonly Checker[] = [
  // Microsoft Defender for Office 365, Safe Links
  { host: /(^|\.)safelinks\.protection\.outlook\.com$/, place: only('url') },
  // Proofpoint URL Defense: of three versions
  { host: /^urldefense\.(com|proofpoint\.com|us)$/, path: /^\/v1\/url$/, place: only('u') },
  { host: /^urldefense\.(com|proofpoint\.com|us)$/, path: /^\/v2\/url$/, place: unhyphened },
  { host: /^urldefense\.(com|proofpoint\.com|us)$/, path: /^\/v3\/__/, place: underlined },
  // Barracuda Link Protection
  { host: /^linkprotect\.cudasvc\.com$/, place: only('a') },
  // Sophos Email, Time-of-Click
  { host: /(^|\.)protection\.sophos\.com$/, place: (target) => unencoded(only('u')(target)) },
  // Mimecast Targeted Threat Protection names the domain alone.
  { host: /(^|\.)mimecast(protect)?\.com$/, path: /^\/s\//, place: only('domain') },
  // Google, in what its services send. At its other hosts and paths anybody may publish.
  { host: /^(www\.)?google\.com$/, path: /^\/url$/, place: only('q', 'url') }
]

/** The host that opens in the end; null if this is no such server, or does not say. */
export function passedOn(target: URL): string | null {
  const checker = CHECKERS.find(({ host, path }) => host.test(target.hostname) && (path?.test(target.pathname) ?? true))
  const place = checker?.place(target)
  if (!place) return null
  // One slash stands for two in a path.
  const address = place.replace(/^(https?):\/+/i, '$1://').replace(/^(?!https?:)/i, 'https://')
  return URL.canParse(address) ? new URL(address).hostname : null
}

/** `https-3A__bank.de_x`: a hyphen for the percent sign, an underline for the slash. */
function unhyphened(target: URL): string | null {
  const written = only('u')(target)?.replaceAll('-', '%').replaceAll('_', '/')
  if (!written) return null
  try {
    return decodeURIComponent(written)
  } catch {
    return null
  }
}

/** `/v3/__https://bank.de/x__;!!…`: from the first mark to the next one with a semicolon behind it. */
function underlined({ pathname }: URL): string | null {
  return /^\/v3\/__(.+?)__;/.exec(pathname)?.[1] ?? null
}

function unencoded(value: string | null): string | null {
  try {
    return value && atob(value.replaceAll('-', '+').replaceAll('_', '/').replaceAll(' ', '+'))
  } catch {
    return null
  }
}
