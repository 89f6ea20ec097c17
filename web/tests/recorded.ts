/** What a real Kratos 1.3.1 answered (tests/recorded), by the name of the situation. */
import { kratosResponseOf, type KratosResponse } from '#lib/accounts/kratos-response.ts'
import { flowOf, type Flow, type FlowKind } from '#lib/accounts/flow.ts'
import { readFileSync } from 'node:fs'

interface Recorded {
  status: number
  body: unknown
}

const recorded = JSON.parse(readFileSync('tests/recorded/kratos-1.3.1.json', 'utf8')) as Record<string, Recorded>

export function recordedResponse(name: string): Recorded {
  const found = recorded[name]
  if (!found) throw new Error(`nothing is recorded as ${name}`)
  return structuredClone(found)
}

export function recordedMeaning(kind: FlowKind, name: string): KratosResponse {
  const { status, body } = recordedResponse(name)
  return kratosResponseOf(kind, status, body)
}

export function recordedFlow(kind: FlowKind, name: string): Flow {
  const flow = flowOf(kind, recordedResponse(name).body)
  if (!flow) throw new Error(`${name} is no flow`)
  return flow
}

export function recordedNames(): string[] {
  return Object.keys(recorded)
}
