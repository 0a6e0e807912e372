import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { tarGz } from '../../../../test/archives.ts';
import { createImportBed, type ImportBed, smallGguf } from '../../../../test/import-bed.ts';
import { type OciServer, startOciServer } from '../../../../test/oci-server.ts';

describe('imports of one archive at once', () => {
  let bed: ImportBed;
  let server: OciServer;
  before(async () => {
    bed = await createImportBed();
    server = await startOciServer();
  });
  after(async () => {
    await server.stop();
    await bed.stop();
  });

  test('fetch it each for itself, and none disturbs or takes away what another works on', async () => {
    const weights = await smallGguf(4_000);
    server.publish({
      name: 'maker/packed',
      tag: '1',
      layers: [
        {
          mediaType: 'application/vnd.cncf.model.weight.v1.tar+gzip',
          body: await tarGz({ 'weights/model.gguf': weights }),
        },
      ],
    });
    server.blobs.chunkPauseMs = 5;
    const source = `oci:${server.registry}/maker/packed:1`;
    const asked = await Promise.all([1, 2, 3, 4].map((each) => bed.ask({ source, name: `packed-${each}` })));
    const done = await Promise.all(asked.map((request) => bed.run(request)));
    for (const request of done)
      assert.deepEqual([request.state, request.failure?.message, request.attempt], ['ready', undefined, 1]);
    assert.equal(new Set(done.map(({ fetched }) => fetched?.[0]?.sha256)).size, 1);
  });
});
