import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { buildWith, isMistake, type Mistake, mistakes } from './crash/broken-builds.ts'
import { playOvertaken } from './crash/play-overtaken.ts'
import { runSeeds } from './crash-harness.ts'
import { onPostgres } from './parley.ts'

// Bounded by leases of the dead, which last ten seconds; a machine that does other things as well takes longer.
const timeout = 580_000
const seeds = onPostgres ? 20 : 3

/** What a mistake must be found by, so that no slow machine passes for a finding. */
const findings: { mistake: Mistake; finding: RegExp }[] = [
  { mistake: 'events-after-commit', finding: /^events of committed rows: \d+ missing/ },
]

describe('the crash harness', { timeout }, () => {
  test(`nothing is lost, done twice or told out of order in ${seeds} seeds of crashes`, { timeout }, async (t) => {
    const results = await runSeeds({
      seeds: Array.from({ length: seeds }, (_, i) => i + 1),
      lines: onPostgres ? 2 : 1,
      embedded: !onPostgres,
      say: (line) => t.diagnostic(line),
    })
    assert.deepEqual(
      results.flatMap(({ seed, violations }) => violations.map((violation) => `seed ${seed}: ${violation}`)),
      [],
    )
    assert.equal(results.length, seeds)
  })

  test('every mistake still has a place in the source', async () => {
    for (const mistake of Object.keys(mistakes).filter(isMistake)) await (await buildWith(mistake)).remove()
  })

  test('a worker that is frozen, overtaken and thawed changes nothing', { skip: !onPostgres, timeout }, async () => {
    assert.deepEqual(await playOvertaken(), [])
  })

  test('a build that lets an overtaken worker write is found out', { skip: !onPostgres, timeout }, async () => {
    const build = await buildWith('unfenced-outcomes')
    try {
      assert.match((await playOvertaken(build.main)).join('\n'), /^an overtaken worker undid/)
    } finally {
      await build.remove()
    }
  })

  for (const { mistake, finding } of findings)
    test(`a build with a mistake in it is found out: ${mistake}`, { skip: !onPostgres, timeout }, async (t) => {
      const build = await buildWith(mistake)
      try {
        const results = await runSeeds({
          seeds: Array.from({ length: 12 }, (_, i) => i + 1),
          lines: 2,
          embedded: false,
          main: build.main,
          mistake,
          patienceMs: 15_000,
          untilBroken: true,
          say: (line) => t.diagnostic(line),
        })
        const violations = results.flatMap((result) => result.violations)
        assert.ok(
          violations.some((violation) => finding.test(violation)),
          `no seed found it:\n${violations.join('\n')}`,
        )
      } finally {
        await build.remove()
      }
    })
})
