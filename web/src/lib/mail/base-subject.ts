/** A subject without what programs put in front of it when somebody replies or forwards (RFC 5256 §2.1, base subject). */

const REPLY = [
  're',
  'aw',
  'antw',
  'antwort',
  'sv',
  'vs',
  'odp',
  'ref',
  'res',
  'rif',
  'ynt',
  'hа',
  'отв',
  'ответ',
  '回复',
  '回覆',
  '答复',
  '答覆'
]
const FORWARD = [
  'fwd',
  'fw',
  'wg',
  'tr',
  'rv',
  'enc',
  'vl',
  'vb',
  'vdr',
  'doorst',
  'pd',
  'i',
  'ilt',
  'переслано',
  '转发',
  '轉寄',
  '转寄'
]
/** "Re[2]:" of The Bat, "Re^2:" of old newsreaders; a wide colon of Chinese programs */
const PREFIXES = new RegExp(
  `^(?:\\s*(?:${[...REPLY, ...FORWARD].join('|')})(?:\\[\\d{1,3}\\]|\\^\\d{1,3}|\\(\\d{1,3}\\))?\\s*[:：])+\\s*`,
  'iu'
)
/** Of a mailing list (RFC 5256 §2.1, subj-blob) */
const LIST = /^\s*(\[[^[\]]{1,100}\])\s*/u

/** The subject without its prefixes. Names of mailing lists stay, since people want to see them. */
export function baseSubject(subject: string): string {
  const lists: string[] = []
  for (let rest = subject; ;) {
    const bare = rest.replace(PREFIXES, '').trim()
    const list = LIST.exec(bare)
    rest = bare.slice(list?.[0].length ?? 0)
    if (!list || !PREFIXES.test(rest)) return [...lists, bare].join(' ')
    lists.push(list[1] ?? '')
  }
}

/** Nothing but what stands in front of a subject. */
export function isPrefix(text: string): boolean {
  return PREFIXES.exec(text)?.[0] === text
}
