/** Names of attachments, shown so that the extension stays visible. */

/** Characters that change the direction of text (UAX #9): "annexe<RLO>gpj.exe" would be read as "annexeexe.jpg". */
const DIRECTION = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu
const CONTROL = /\p{Cc}/gu

/** A name without what could make it look like another one. */
export function honestName(name: string): string {
  return name.replace(DIRECTION, '').replace(CONTROL, ' ').trim()
}

/** At most `length` characters: the beginning and the end of the name, with "…" between them. */
export function middleEllipsis(name: string, length: number): string {
  const characters = Array.from(honestName(name))
  if (characters.length <= length) return characters.join('')
  const end = Math.floor((length - 1) / 2)
  return `${characters.slice(0, length - 1 - end).join('')}…${characters.slice(-end).join('')}`
}
