/* Started by the benchmark: a model worker on a Unix socket that only paces. Events go to all streams every 20 ms. */
import { chmodSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { doneEvent, paceMs, streamEvent, usageEvent } from './sample-answers.ts';

const [, , socketPath = ''] = process.argv;
const eventsPerStream = 100;
const open = new Map<ServerResponse, number>();
const silent = new Set<ServerResponse>();
let sent = 0;

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    if (request.url === '/cancel') {
      response.writeHead(204).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(streamEvent);
    response.on('close', () => {
      open.delete(response);
      silent.delete(response);
    });
    if (Buffer.concat(chunks).includes('silent')) silent.add(response);
    else open.set(response, 0);
  });
});

setInterval(() => {
  for (const [response, count] of open) {
    sent += 1;
    if (count < eventsPerStream) {
      open.set(response, count + 1);
      response.write(streamEvent);
    } else {
      open.delete(response);
      response.end(usageEvent + doneEvent);
    }
  }
}, paceMs);

process.on('message', () => process.send?.({ sent, silent: silent.size }));
process.on('disconnect', () => process.exit(0));
server.listen({ path: socketPath, backlog: 4096 }, () => {
  // nginx connects as a user of its own.
  chmodSync(socketPath, 0o666);
  process.send?.({ sent, silent: 0 });
});
