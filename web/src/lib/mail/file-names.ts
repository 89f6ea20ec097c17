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

/** Characters with a meaning in a path, on Windows above all; those that no system can write. */
const OF_PATHS = /[/\\:*?"<>|]|\p{Surrogate}|\p{Noncharacter_Code_Point}/gu
/** Characters that are not seen, in whose place browsers save another one. */
const UNSEEN = /\p{Cf}/gu
/** Names that Windows keeps for devices, whatever extension follows, and for settings of a folder. */
const DEVICES = /^(?:(?:con|prn|aux|nul|com\d|lpt\d)(?=\.|$)|(?:desktop\.ini|thumbs\.db)$)/iu
/** What Windows runs or hides by its extension: Chromium saves it under another one there. */
const RUN = /\.(?:lnk|local|scf|url|\{[^}]*\})$/iu
const MOST_OCTETS = 180

/** A name that every system takes, that leads to no other folder, and that no browser changes when it saves the file. */
export function safeName(name: string, otherwise = 'attachment'): string {
  const seen = honestName(name.normalize()).replace(UNSEEN, '')
  const plain = seen.replace(OF_PATHS, '_').replace(/\s+/gu, ' ')
  // A leading dot hides a file, Chromium takes no leading tilde, and Windows drops dots and spaces at the end.
  const bare = withoutEnd(plain.replace(/^[. ~]+/u, ''))
    .replace(DEVICES, '_$&')
    .replace(RUN, '$&.download')
  if (bare === '') return otherwise
  const at = bare.lastIndexOf('.')
  const extension = at > 0 && bare.length - at <= 12 ? bare.slice(at) : ''
  const stem = shortened(bare.slice(0, bare.length - extension.length), MOST_OCTETS - extension.length)
  return extension === '' ? withoutEnd(stem) : stem + extension
}

function withoutEnd(name: string): string {
  return name.replace(/(?<![. ])[. ]+$/u, '')
}

/** The names under which files of one message are shown and saved. */
export function savedNames(names: readonly string[]): string[] {
  return apart(names.map((name) => safeName(name)))
}

/** RFC 5322's usual name of a message in a file. */
export function emlName(subject: string): string {
  return `${safeName(shortened(subject, 100).replace(/[. ]+$/u, ''), 'message')}.eml`
}

/** Each name once: the second "photo.jpg" is "photo (2).jpg". Systems that do not tell Photo from photo count. */
function apart(names: readonly string[]): string[] {
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
