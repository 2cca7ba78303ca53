/** Something that is done over and over: at once while it says there is more, when woken, and at least every `pollMs`. */
export type Loop = { wake(): void; stop(): Promise<void> }

type LoopOptions = {
  /** Returns true when there is more to do at once. */
  step: () => Promise<boolean>
  pollMs: number
  /** Waited after a wake-up, so that many wake-ups become one step; asked anew each time. */
  gatherMs: () => number
  onError: (error: unknown) => void
}

const retryMs = 500

export const startLoop = ({ step, pollMs, gatherMs, onError }: LoopOptions): Loop => {
  let stopped = false
  let woken = false
  let endWait: (() => void) | undefined

  const wait = (ms: number, wakeable: boolean) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      endWait = () => {
        if (!wakeable && !stopped) return
        clearTimeout(timer)
        resolve()
      }
    })

  const attempt = async (): Promise<boolean> => {
    try {
      return await step()
    } catch (error) {
      onError(error)
      if (!stopped) await wait(retryMs, false)
      return false
    }
  }

  const run = async () => {
    while (!stopped) {
      woken = false
      const more = await attempt()
      if (stopped || more) continue
      if (!woken) await wait(pollMs, true)
      const gather = gatherMs()
      if (woken && !stopped && gather > 0) await wait(gather, false)
    }
  }
  const running = run()

  return {
    wake: () => {
      woken = true
      endWait?.()
    },
    stop: async () => {
      stopped = true
      endWait?.()
      await running
    },
  }
}
