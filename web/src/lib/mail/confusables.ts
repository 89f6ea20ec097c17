/** Letters that look alike (UTS #39): a small table of those that are used to imitate Latin names. */
import { asRead } from './as-read.ts'

/** Pairs: what is seen, and the Latin letters that it is taken for. */
const ALIKE =
  // Cyrillic
  'аa еe оo рp сc уy хx іi јj ѕs ԁd ԛq ԝw һh ӏl кk мm тt вb гr пn иu ԍg ӓa ѐe ёe ӧo ґr ћh ђh ьb ' +
  // Greek
  'αa οo νv ρp τt υu ιi κk ηn ωw χx γy εe σo βb μu ςc ϲc ϳj ' +
  // Armenian, Georgian, Cherokee in small letters
  'օo ոn սu հh ցg զq յj աw տs քp ღo ' +
  // Latin that no accent explains
  'ɑa ɡg ıi ɩi ɪi łl đd øo ħh ŧt ƅb ƙk ɗd ƒf ɠg ʟl ɴn ʀr ɯm ɾr ʏy ᴀa ʙb ᴄc ᴅd ᴇe ɢg ʜh ᴊj ᴋk ᴍm ᴏo ᴘp ꜱs ᴛt ᴜu ᴠv ᴡw ᴢz ' +
  // Figures and signs
  '0o 1l |l !l'

const LATIN = new Map(
  ALIKE.split(' ')
    .filter((pair) => pair !== '')
    .map((pair): [string, string] => {
      const [seen = '', ...taken] = Array.from(pair)
      return [seen, taken.join('')]
    })
)

/** Two Latin letters that are read as one. */
const PAIRS: readonly (readonly [RegExp, string])[] = [
  [/rn/g, 'm'],
  [/vv/g, 'w'],
  [/cl/g, 'd']
]

/** RFC 1035 §2.3.4; nobody compares what is longer. */
const LONGEST = 255

/** Two texts that are read as the same have the same skeleton (UTS #39 §4): "paypal" and "раураl", "modern" and "modem". */
export function skeleton(text: string): string {
  const letters = Array.from(asRead(text).toLowerCase().slice(0, LONGEST).normalize('NFKD').replace(/\p{M}/gu, ''))
  const latin = letters.map((letter) => LATIN.get(letter) ?? letter).join('')
  return PAIRS.reduce((made, [pair, one]) => made.replace(pair, one), latin).replace(/i/g, 'l')
}

const SCRIPTS: Readonly<Record<string, RegExp>> = {
  latin: /\p{Script=Latin}/u,
  cyrillic: /\p{Script=Cyrillic}/u,
  greek: /\p{Script=Greek}/u,
  armenian: /\p{Script=Armenian}/u,
  hebrew: /\p{Script=Hebrew}/u,
  arabic: /\p{Script=Arabic}/u,
  // Japanese and Chinese are written together, and with Latin.
  east: /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}\p{Script=Hangul}]/u
}

/** The scripts of its letters. */
function scriptsOf(text: string): readonly string[] {
  return Object.entries(SCRIPTS)
    .filter(([, script]) => script.test(text))
    .map(([name]) => name)
}

/**
 * Whether a label of a domain is written so that it is taken for Latin letters: letters of two scripts that are never
 * written together, or of one other script alone, each of which looks like a Latin letter.
 */
export function isDisguised(label: string): boolean {
  if (/^[\x00-\x7f]*$/.test(label)) return false
  const scripts = scriptsOf(label)
  if (scripts.includes('latin') && scripts.some((script) => script !== 'latin' && script !== 'east')) return true
  const letters = Array.from(label.normalize('NFKC')).filter((letter) => !/[\d-]/.test(letter))
  return !scripts.includes('latin') && letters.length > 1 && letters.every((letter) => LATIN.has(letter))
}
