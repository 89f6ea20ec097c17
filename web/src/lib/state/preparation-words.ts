/** The words for the mailbox that is being made (docs: the states of a mailbox). */
import { clock } from '#lib/mail/dates.ts'
import type { ShownPreparation } from '#lib/state/shown-preparation.ts'
import type { Words } from '#lib/words/en.ts'

export interface Said {
  readonly title: string
  /** the second step */
  readonly step: string
  /** at the end of its line */
  readonly aside: string | undefined
  /** what tells this step from one with the same sentence; not what changes each second, which would be read out */
  readonly spoken: string
  /** what happens next, and what the person may do */
  readonly sentence: string
}

export function sayPreparation(shown: ShownPreparation, { mail, preparation }: Words): Said {
  return {
    title: titleOf(shown, preparation),
    step: stepOf(shown, preparation),
    aside: asideOf(shown, preparation, (at) => clock(new Date(at), mail.locale)),
    spoken: shown.kind === 'attempt' ? preparation.attemptOf(shown.attempt, shown.of) : '',
    sentence: sentenceOf(shown, preparation)
  }
}

type PreparationWords = Words['preparation']

function titleOf({ kind }: ShownPreparation, words: PreparationWords): string {
  if (kind === 'ready') return words.titleReady
  if (kind === 'taken' || kind === 'refused') return words.titleTaken
  return kind === 'failed' || kind === 'missing' ? words.titleFailed : words.title
}

function stepOf(shown: ShownPreparation, words: PreparationWords): string {
  switch (shown.kind) {
    case 'attempt':
      return words.step.attempt(shown.attempt, shown.seconds)
    case 'throttled':
      return words.step.throttled(shown.seconds)
    case 'failed':
      return words.step.failed(shown.attempts)
    default:
      return words.step[shown.kind]
  }
}

function asideOf(shown: ShownPreparation, words: PreparationWords, time: (at: string) => string): string | undefined {
  switch (shown.kind) {
    case 'running':
      return words.now
    case 'attempt':
      return words.of(shown.of)
    case 'away':
    case 'operator':
    case 'missing':
      return shown.since === null ? undefined : words.since(time(shown.since))
    case 'unheard':
      return shown.minutes === null ? undefined : words.within(shown.minutes)
    case 'ready':
    case 'failed':
      return shown.at === null ? undefined : time(shown.at)
    default:
      return undefined
  }
}

function sentenceOf(shown: ShownPreparation, words: PreparationWords): string {
  switch (shown.kind) {
    case 'attempt':
      return shown.late ? words.text.late : words.text.attempt
    case 'unheard':
      return shown.minutes === null ? words.text.unheard : words.text.unheardFound(shown.minutes)
    case 'ready': {
      const { attempts, seconds } = shown
      // After a restore nobody knows how it went.
      return attempts > 0 && seconds !== null ? words.text.ready(attempts, seconds) : ''
    }
    case 'taken':
      return words.text.taken + found(shown.minutes, words)
    case 'refused':
      return refusalOf(shown, words) + found(shown.minutes, words)
    default:
      return words.text[shown.kind]
  }
}

function refusalOf(
  { code, domains }: Extract<ShownPreparation, { kind: 'refused' }>,
  { text, why }: PreparationWords
): string {
  return text.refused(wordFor(code, why, why.unknown), domains)
}

/** Without this, whoever has chosen another one would believe that it is refused, too. */
function found(minutes: number | null, words: PreparationWords): string {
  return minutes === null ? '' : ` ${words.text.chosen(minutes)}`
}

/** The word for a name from the service, which may know more names than this page. */
export function wordFor(name: string, known: Readonly<Record<string, string>>, other: string): string {
  return Object.hasOwn(known, name) ? (known[name] ?? other) : other
}
