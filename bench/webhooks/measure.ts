import { loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { median } from '../processes.ts'
import type { Stage } from './stage.ts'

const patienceMs = 600_000

export const now = () => Number(process.hrtime.bigint()) / 1e6

export const spread = (values: number[], digits = 0): string =>
  `${median(values).toFixed(digits)} (rounds ${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)})`

export const quantile = (values: readonly number[], q: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? Number.NaN

export const say = (line: string) => console.log(`${line} [load ${loadavg()[0]!.toFixed(1)}]`)

export const receivedAtLeast = async (stage: Stage, wanted: number): Promise<number> => {
  const deadline = Date.now() + patienceMs
  for (;;) {
    const { received } = await stage.receipts()
    if (received >= wanted) return received
    if (Date.now() > deadline) throw new Error(`only ${received} of ${wanted} deliveries arrived`)
    await sleep(10)
  }
}
