import type { Cluster, Member } from './cluster.ts'
import { pause, pick, type Random } from './random.ts'

/** What is done to the processes, and when: at a part of the writing, from 0 to 1. */
export type Act = { at: number; afterMs: number; name: string; do(cluster: Cluster): Promise<void> }

type Deed = (random: Random) => { name: string; do(cluster: Cluster): Promise<void> }

const oneOf = (cluster: Cluster, what: 'door' | 'worker', luck: number): Member => {
  const able = cluster.members.filter(({ role }) => role === 'all' || (role === 'worker') === (what === 'worker'))
  return able[Math.floor(luck * able.length)]!
}

const kill =
  (what: 'door' | 'worker'): Deed =>
  (random) => {
    const [luck, downMs] = [random(), random() * 400]
    return { name: `kill a ${what}`, do: (cluster) => oneOf(cluster, what, luck).kill(downMs) }
  }

const freeze =
  (what: 'door' | 'worker', least: number, most: number): Deed =>
  (random) => {
    const [luck, ms] = [random(), Math.round(least + random() * (most - least))]
    return { name: `freeze a ${what} for ${ms} ms`, do: (cluster) => oneOf(cluster, what, luck).freeze(ms) }
  }

const killWorkers: Deed = (random) => {
  const downMs = random() * 300
  return {
    name: 'kill every worker',
    do: async ({ members }) => {
      await Promise.all(members.filter(({ role }) => role !== 'api').map(({ kill }) => kill(downMs)))
    },
  }
}

const killAll: Deed = (random) => {
  const downMs = random() * 300
  return {
    name: 'kill every process',
    do: async ({ members }) => {
      await Promise.all(members.map(({ kill }) => kill(downMs)))
    },
  }
}

const crashDatabase: Deed = (random) => {
  const downMs = Math.round(random() * 500)
  return { name: `crash the database for ${downMs} ms`, do: async (cluster) => cluster.crashDatabase?.(downMs) }
}

const killWorkerAndDatabase: Deed = (random) => {
  const [luck, downMs] = [random(), random() * 300]
  return {
    name: 'kill a worker and crash the database',
    do: async (cluster) => {
      await Promise.all([oneOf(cluster, 'worker', luck).kill(downMs), cluster.crashDatabase?.(downMs)])
    },
  }
}

const deeds: readonly Deed[] = [
  kill('worker'),
  kill('worker'),
  kill('worker'),
  kill('door'),
  kill('door'),
  killWorkers,
  killAll,
  crashDatabase,
  crashDatabase,
  killWorkerAndDatabase,
  freeze('worker', 200, 2_000),
  freeze('door', 100, 1_000),
  // Longer than a lease: it wakes up when another has its lanes.
  freeze('worker', 10_500, 12_000),
]

const embeddedDeeds: readonly Deed[] = [killAll, killAll, freeze('worker', 100, 1_000)]

/** Two to four acts that a seed decides, in the order of their time. */
export const planActs = (random: Random, embedded: boolean): Act[] =>
  Array.from({ length: 2 + Math.floor(random() * 3) }, () => ({
    at: random() * 0.95,
    afterMs: Math.round(random() * 60),
    ...pick(random, embedded ? embeddedDeeds : deeds)(random),
  })).toSorted((a, b) => a.at - b.at)

/** Does every act when its time has come, and notes when. Long ones go on beside those that follow. */
export const perform = async (
  cluster: Cluster,
  acts: readonly Act[],
  progress: () => number,
  times: number[],
): Promise<void> => {
  const under = acts.map(async (act) => {
    while (progress() < act.at) await pause(2)
    await pause(act.afterMs)
    times.push(performance.now())
    await act.do(cluster)
  })
  await Promise.all(under)
}
