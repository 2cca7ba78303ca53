import { Client } from 'undici'
import type { CompiledPolicy } from './address.ts'
import { type ConnectSettings, noPhases, openSocket, type Peer, type Phases } from './safe-http-connect.ts'

/** One HTTP client with at most one socket. `fresh` until a request has reported how the socket was opened. */
export type Lane = { readonly client: Client; phases: Phases; fresh: boolean; giveUp: () => void }

/** The lanes to one origin under one policy. A taken lane is given back or dropped, which ends its socket. */
export type Lanes = {
  readonly take: () => Lane
  readonly giveBack: (lane: Lane) => void
  readonly drop: (lane: Lane) => void
  /** Lanes taken or kept. */
  readonly count: () => number
  readonly close: () => Promise<void>
}

// The caller's deadline covers head and body. A socket is kept no longer than 4 s, or as its server says up to 30 s.
const clientOptions = {
  pipelining: 1,
  allowH2: false,
  headersTimeout: 0,
  bodyTimeout: 0,
  keepAliveTimeout: 4_000,
  keepAliveMaxTimeout: 30_000,
  maxHeaderSize: 16_384,
} as const

/** `origin` is the origin of a checked URL and `peer` the same in a socket's words. */
export const createLanes = (origin: string, peer: Peer, policy: CompiledPolicy, settings: ConnectSettings): Lanes => {
  const idle: Lane[] = []
  const all = new Set<Lane>()

  const open = (): Lane => {
    const client = new Client(origin, {
      ...clientOptions,
      connect: (_, done) => {
        lane.phases = noPhases()
        lane.fresh = true
        lane.giveUp = openSocket(peer, policy, settings, lane.phases, {
          opened: (socket) => done(null, socket),
          failed: (error) => done(error, null),
        })
      },
    })
    const lane: Lane = { client, phases: noPhases(), fresh: true, giveUp: () => {} }
    client.on('disconnect', () => {
      if (forgetIdle(lane)) drop(lane)
    })
    all.add(lane)
    return lane
  }

  const forgetIdle = (lane: Lane): boolean => {
    const at = idle.indexOf(lane)
    if (at !== -1) idle.splice(at, 1)
    return at !== -1
  }

  const drop = (lane: Lane): void => {
    if (!all.delete(lane)) return
    lane.giveUp()
    void lane.client.destroy()
  }

  return {
    // The lane used last holds the socket least likely to be closed by its server.
    take: () => idle.pop() ?? open(),
    giveBack: (lane) => void idle.push(lane),
    drop,
    count: () => all.size,
    close: async () => {
      const ending = [...all]
      all.clear()
      idle.length = 0
      for (const lane of ending) lane.giveUp()
      await Promise.all(ending.map(({ client }) => client.destroy()))
    },
  }
}
