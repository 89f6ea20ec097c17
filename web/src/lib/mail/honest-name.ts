/** What a file is called: nobody is to read another name than it has. */
import { nameOfType } from './attachment.ts'

/** Characters that change the direction of text (UAX #9): "annexe<RLO>gpj.exe" would be read as "annexeexe.jpg". */
const DIRECTION = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu
const CONTROL = /\p{Cc}/gu

/** Something that is seen: no format character, space or filler. */
const VISIBLE = /[^\p{C}\p{Z}\u115f\u1160\u2800\u3164\uffa0]/u

/** A name without what could make it look like another one; empty if nothing of it is seen. */
export function honestName(name: string): string {
  return VISIBLE.test(name) ? name.replace(DIRECTION, '').replace(CONTROL, ' ').trim() : ''
}

/** Of a file that is received or sent. */
export function fileName(name: string | null, type: string): string {
  return honestName(name ?? '') || nameOfType(type)
}
