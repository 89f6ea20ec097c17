/** Whether a draft mentions an attachment that it does not have. */
import type { Draft } from '#lib/writing/domain/draft.ts'
import { ownText } from './quote-start.ts'
import { SIGNATURE_LINE, textOfHtml } from './text-of-html.ts'

/** Words by which people say that a file comes along. Each is whole, or the beginning of one where "*" stands. */
const WORDS = [
  // English
  ...['attached', 'attachment', 'attachments', 'enclosed', 'enclosure', 'attaching'],
  // German
  ...[
    'anbei',
    'anhang',
    'anhänge',
    'anhängen',
    'angehängt*',
    'angefügt*',
    'beigefügt*',
    'beiliegend*',
    'beigelegt*',
    'in der anlage'
  ],
  // French, Spanish, Italian, Portuguese
  ...[
    'ci-joint*',
    'pièce jointe',
    'pièces jointes',
    'adjunto*',
    'adjunta*',
    'adjuntamos',
    'allegato',
    'allegati',
    'in allegato'
  ],
  ...['em anexo', 'anexado*', 'anexada*', 'segue anexo'],
  // Dutch, Swedish, Danish, Norwegian, Polish, Czech, Turkish
  ...['bijlage', 'bijlagen', 'bijgevoegd*', 'bifogad*', 'bifogat', 'bilaga', 'vedhæftet', 'vedhæftede', 'vedlagt*'],
  ...['w załączniku', 'w załączeniu', 'załącznik', 'załączam', 'v příloze', 'přiložen*', 'ekte', 'ekteki'],
  // Russian, Ukrainian
  ...['во вложении', 'прилагаю', 'прикрепил*', 'у вкладенні']
]
const PATTERN = new RegExp(
  `(?<![\\p{L}\\p{N}_])(?:${WORDS.map((word) => word.replace('*', '\\p{L}{0,4}').replaceAll(' ', '\\s+')).join('|')})(?![\\p{L}\\p{N}_])`,
  'iu'
)

/** The word that mentions one, as it was written; null if none does, or if a file is attached. */
export function attachmentMentioned(draft: Pick<Draft, 'format' | 'html' | 'text' | 'files'>): string | null {
  if (draft.files.some(({ cid }) => cid === null)) {
    return null
  }
  const written = ownText(draft.format === 'rich' ? textOfHtml(draft.html) : draft.text)
  const [unsigned = ''] = `\n${written}`.split(`\n${SIGNATURE_LINE}\n`)
  return PATTERN.exec(unsigned.normalize('NFC'))?.[0] ?? null
}
