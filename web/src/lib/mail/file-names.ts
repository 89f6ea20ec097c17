/** Names of files: shown so that the extension stays visible, and written so that every system takes them. */
import { honestName } from './honest-name.ts'

/** Characters, as people count them, that stay visible at the end of a name. */
const END = 10

/** A name in two pieces, of which the first may be cut where there is too little room: the extension stays visible. */
export function halves(name: string): readonly [start: string, end: string] {
  const characters = Array.from(new Intl.Segmenter().segment(honestName(name)), ({ segment }) => segment)
  const at = characters.length > 2 * END ? characters.length - END : characters.length
  return [characters.slice(0, at).join(''), characters.slice(at).join('')]
}

/** Characters with a meaning in a path, on Windows above all; unpaired surrogates, which no system can write. */
const OF_PATHS = /[/\\:*?"<>|]|\p{Surrogate}/gu
/** Names that Windows keeps for devices, whatever extension follows. */
const DEVICES = /^(?:con|prn|aux|nul|com\d|lpt\d)(?=\.|$)/iu
const MOST_OCTETS = 180

/** A name that every system takes, and that leads to no other folder. */
export function safeName(name: string, otherwise = 'attachment'): string {
  const plain = honestName(name).replace(OF_PATHS, '_').replace(/\s+/gu, ' ')
  // A leading dot hides a file, and Windows drops dots and spaces at the end.
  const whole = plain.replace(/^[. ]+|(?<![. ])[. ]+$/gu, '').replace(DEVICES, '_$&')
  if (whole === '') return otherwise
  const at = whole.lastIndexOf('.')
  const extension = at > 0 && whole.length - at <= 12 ? whole.slice(at) : ''
  return shortened(whole.slice(0, whole.length - extension.length), MOST_OCTETS - extension.length) + extension
}

/** RFC 5322's usual name of a message in a file. */
export function emlName(subject: string): string {
  return `${safeName(shortened(subject, 100).replace(/[. ]+$/u, ''), 'message')}.eml`
}

/** Each name once: the second "photo.jpg" is "photo (2).jpg". Systems that do not tell Photo from photo count. */
export function apart(names: readonly string[]): string[] {
  const taken = new Set<string>()
  return names.map((name) => {
    const at = name.lastIndexOf('.')
    const [stem, extension] = at > 0 ? [name.slice(0, at), name.slice(at)] : [name, '']
    let free = name
    for (let number = 2; taken.has(free.toLowerCase()); number += 1) free = `${stem} (${number})${extension}`
    taken.add(free.toLowerCase())
    return free
  })
}

/** At most so many octets of UTF-8, which is what systems count. */
function shortened(text: string, octets: number): string {
  let size = 0
  let kept = ''
  for (const character of text) {
    size += new TextEncoder().encode(character).length
    if (size > octets) break
    kept += character
  }
  return kept
}
