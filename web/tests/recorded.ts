/** What a real Kratos 1.3.1 answered (tests/recorded), by the name of the situation. */
import { answerOf, type Answer } from '#lib/accounts/answer.ts'
import { flowOf, type Flow, type FlowKind } from '#lib/accounts/flow.ts'
import { readFileSync } from 'node:fs'

interface Recorded {
  status: number
  body: unknown
}

const recorded = JSON.parse(readFileSync('tests/recorded/kratos-1.3.1.json', 'utf8')) as Record<string, Recorded>

export function recordedAnswer(name: string): Recorded {
  const found = recorded[name]
  if (!found) throw new Error(`nothing is recorded as ${name}`)
  return structuredClone(found)
}

export function answered(kind: FlowKind, name: string): Answer {
  const { status, body } = recordedAnswer(name)
  return answerOf(kind, status, body)
}

export function recordedFlow(kind: FlowKind, name: string): Flow {
  const flow = flowOf(kind, recordedAnswer(name).body)
  if (!flow) throw new Error(`${name} is no flow`)
  return flow
}

export function recordedNames(): string[] {
  return Object.keys(recorded)
}
