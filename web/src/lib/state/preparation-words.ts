/** The words for the mailbox that is being made (docs: the states of a mailbox). */
import { clock } from '#lib/mail/dates.ts'
import type { Situation } from '#lib/state/preparation.ts'
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

export function sayPreparation(situation: Situation, { mail, preparing }: Words): Said {
  return {
    title: titleOf(situation, preparing),
    step: stepOf(situation, preparing),
    aside: asideOf(situation, preparing, (at) => clock(new Date(at), mail.locale)),
    spoken: situation.kind === 'attempt' ? preparing.attemptOf(situation.attempt, situation.of) : '',
    sentence: sentenceOf(situation, preparing)
  }
}

type Preparing = Words['preparing']

function titleOf({ kind }: Situation, words: Preparing): string {
  if (kind === 'ready') return words.titleReady
  if (kind === 'taken' || kind === 'refused') return words.titleTaken
  return kind === 'failed' || kind === 'missing' ? words.titleFailed : words.title
}

function stepOf(situation: Situation, words: Preparing): string {
  switch (situation.kind) {
    case 'attempt':
      return words.step.attempt(situation.attempt, situation.seconds)
    case 'throttled':
      return words.step.throttled(situation.seconds)
    case 'failed':
      return words.step.failed(situation.attempts)
    default:
      return words.step[situation.kind]
  }
}

function asideOf(situation: Situation, words: Preparing, time: (at: string) => string): string | undefined {
  switch (situation.kind) {
    case 'running':
      return words.now
    case 'attempt':
      return words.of(situation.of)
    case 'away':
    case 'operator':
    case 'missing':
      return situation.since === null ? undefined : words.since(time(situation.since))
    case 'unheard':
      return situation.minutes === null ? undefined : words.within(situation.minutes)
    case 'ready':
    case 'failed':
      return situation.at === null ? undefined : time(situation.at)
    default:
      return undefined
  }
}

function sentenceOf(situation: Situation, words: Preparing): string {
  switch (situation.kind) {
    case 'attempt':
      return situation.late ? words.text.late : words.text.attempt
    case 'unheard':
      return situation.minutes === null ? words.text.unheard : words.text.unheardFound(situation.minutes)
    case 'ready': {
      const { attempts, seconds } = situation
      // After a restore nobody knows how it went.
      return attempts > 0 && seconds !== null ? words.text.ready(attempts, seconds) : ''
    }
    case 'refused':
      return words.text.refused(wordFor(situation.code, words.why, words.why.unknown))
    default:
      return words.text[situation.kind]
  }
}

/** The word for a name from the service, which may know more names than this page. */
export function wordFor(name: string, known: Readonly<Record<string, string>>, other: string): string {
  return Object.hasOwn(known, name) ? (known[name] ?? other) : other
}
