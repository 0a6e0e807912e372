import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { h2specProgram } from '../../../test/http2/h2spec-program.ts';
import { okHeaders, startTestHttp2Server, trailers } from '../../../test/http2/test-http2-server.ts';

const run = promisify(execFile);

test('every case of h2spec passes: generic, http2 and hpack', { timeout: 600_000 }, async (context) => {
  const program = await h2specProgram();
  if (program === null) {
    context.skip('there is no Go toolchain to build h2spec with');
    return;
  }
  const server = await startTestHttp2Server({
    // Some cases narrow the windows of an answer, which must have a body for it.
    answer: (stream) => {
      stream.respond(okHeaders, false);
      stream.write(Buffer.from('tea and more tea'));
      stream.end(trailers);
    },
  });
  try {
    const { stdout } = await run(program, ['-h', '127.0.0.1', '-p', String(server.port), '-o', '5']);
    assert.match(stdout, /1\d\d tests, 1\d\d passed, 0 skipped, 0 failed/);
  } finally {
    await server.stop();
  }
});
