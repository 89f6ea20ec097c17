/**
 * The program that signed in, by what it called itself (RFC 9110 §10.1.5). Anybody may call themselves anything: it helps
 * to recognise a session, and proves nothing.
 */

export interface Program {
  /** null: unknown */
  readonly browser: string | null
  readonly system: string | null
  /** how it called itself, for one that is unknown */
  readonly text: string
}

/** Every browser claims to be those that came before it: the first match counts. */
const BROWSERS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\bEdgA?(?:iOS)?\//u, 'Edge'],
  [/\b(?:OPR|Opera)\//u, 'Opera'],
  [/\bVivaldi\//u, 'Vivaldi'],
  [/\bSamsungBrowser\//u, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//u, 'Firefox'],
  [/\b(?:Chrome|CriOS|HeadlessChrome)\//u, 'Chrome'],
  [/\bVersion\/[\d.]+ .*\bSafari\//u, 'Safari']
]

const SYSTEMS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\biPhone\b/u, 'iPhone'],
  [/\biPad\b/u, 'iPad'],
  [/\bAndroid\b/u, 'Android'],
  [/\bCrOS\b/u, 'ChromeOS'],
  [/\bWindows\b/u, 'Windows'],
  [/\bMac OS X\b|\bMacintosh\b/u, 'macOS'],
  [/\bLinux\b|\bX11\b/u, 'Linux']
]

const LONGEST = 80

export function programOf(userAgent: string): Program {
  const text = userAgent.trim()
  return { browser: nameIn(BROWSERS, text), system: nameIn(SYSTEMS, text), text: text.slice(0, LONGEST) }
}

function nameIn(names: readonly (readonly [RegExp, string])[], text: string): string | null {
  return names.find(([pattern]) => pattern.test(text))?.[1] ?? null
}
