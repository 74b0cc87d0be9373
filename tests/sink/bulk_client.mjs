// Send events as the official client does: bulk_client.mjs URL STREAM <events
// The folder of the client's package comes from CLIENT.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'

const require = createRequire(process.env.CLIENT + '/')
const { Client } = require('@elastic/elasticsearch')
const [url, stream] = process.argv.slice(2)
const events = readFileSync(0, 'utf8').trim().split('\n')
  .map(line => JSON.parse(line))
const client = new Client({ node: url, compression: true })
const info = await client.info()
const result = await client.helpers.bulk({
  datasource: events,
  wait: 50,
  retries: 9,
  onDocument: event => [{ create: { _index: stream, _id: event.event.id } },
    event],
})
console.log(JSON.stringify({ tagline: info.tagline, ...result }))
