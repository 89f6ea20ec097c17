/** The labels of a row or of a conversation, as they are shown. */
import type { Mail } from '#lib/state/mail.ts'

export interface ShownLabel {
  readonly keyword: string
  readonly name: string
  /** of the tokens `--label-1` … `--label-8` */
  readonly colour: number
}

/** A keyword that nobody gave a name was set by another program: it is no label. */
export function labelsOf(_mail: Mail, keywords: readonly string[]): ShownLabel[] {
  return keywords.map((keyword) => ({ keyword, name: keyword, colour: 8 }))
}
