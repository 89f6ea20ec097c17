/** What is said across a window of writing, besides what the mail server said. */
import type { Composition, Compose, Objection } from '#lib/writing/state/compose.ts'
import { everybody, notAddresses } from '#lib/writing/domain/addressees.ts'
import type { Trouble } from '#lib/mail/trouble.ts'
import { octets } from '#lib/mail/octets.ts'
import { troubleWord } from '#lib/state/trouble.ts'
import type { Words } from '#lib/words/en.ts'
import type { ComposeWords } from '#lib/words/parts.ts'

/** Why it failed, in words; with what the mail server said, if it did. */
export function troubleText({ code, detail }: Trouble, words: Words['mail'], online: boolean): string {
  const text = words.trouble[troubleWord(code, online)]
  return detail ? `${text} ${detail}` : text
}

/** Why a message was not sent. */
export function reasonText(trouble: Trouble, words: ComposeWords, mail: Words['mail'], online: boolean): string {
  const { reasons } = words
  const { code } = trouble
  // Below it stands who was not reached, and why.
  if (code === 'refused_recipients') return words.reachedNobody
  return Object.hasOwn(reasons, code) ? reasons[code as keyof typeof reasons] : troubleText(trouble, mail, online)
}

/** Why a file was not taken. */
export function refusalText(
  { name, trouble }: Composition['refusals'][number],
  limits: Pick<Compose, 'maxFile' | 'maxFiles'>,
  words: ComposeWords,
  mail: Words['mail']
): string {
  if (trouble.code === 'file_too_large') return words.files.tooLarge(name, octets(limits.maxFile, mail.locale))
  if (trouble.code === 'files_too_large') return words.files.tooMuch(name, octets(limits.maxFiles, mail.locale))
  return words.files.refused(name)
}

/** What spoke against it was put right meanwhile, or is tried again. */
export function isOver(objection: Objection, composition: Pick<Composition, 'draft' | 'fileState'>): boolean {
  const { draft } = composition
  switch (objection.kind) {
    case 'nobody':
      return everybody(draft).length > 0
    case 'not_addresses':
      return notAddresses(draft).length === 0
    case 'uploading':
      return objection.files.every(({ id }) => composition.fileState(id).kind !== 'uploading')
    case 'upload_failed':
      return objection.files.every(({ id }) => composition.fileState(id).kind !== 'failed')
    case 'no_attachment':
      return draft.files.some(({ cid }) => cid === null)
    case 'no_subject':
      return draft.subject.trim() !== ''
  }
}

export function objectionText(objection: Objection, { objection: words }: ComposeWords): string {
  switch (objection.kind) {
    case 'nobody':
      return words.nobody
    case 'not_addresses':
      return words.notAddresses(objection.recipients.map(({ address }) => address).join(', '))
    case 'uploading':
      return words.uploading(objection.files.map(({ name }) => name).join(', '))
    case 'upload_failed':
      return words.uploadFailed(objection.files.map(({ name }) => name).join(', '))
    case 'no_attachment':
      return words.noAttachment(objection.word)
    case 'no_subject':
      return words.noSubject
  }
}

/** The person may send it all the same. */
export function mayBeOverruled({ kind }: Objection): boolean {
  return kind === 'no_attachment' || kind === 'no_subject'
}
