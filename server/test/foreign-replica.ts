import type { RemoteTarget, Replica } from '../src/modules/serving/index.ts';

/** Of a foreign engine that chats and can do nothing else, where nothing listens. */
export function foreignChatReplica(version: string): Replica & { readonly remote: RemoteTarget } {
  return {
    workerId: 'foreign',
    versionId: version,
    address: '',
    lane: 'normalise',
    slots: 1,
    remote: {
      engineId: 'engine',
      engineName: 'gpu-1',
      flavour: 'openai',
      endpoint: {
        key: 'engine',
        origin: 'http://127.0.0.1:9',
        ca: null,
        timeouts: { connectMs: 1000, firstByteMs: 1000, idleMs: 1000, wholeMs: 1000 },
      },
      pathPrefix: '',
      headers: [],
      upstreamModel: 'other',
      answersAs: ['other'],
      capabilities: ['chat'],
      parallelRequests: 1,
      queuedRequests: 1,
    },
  };
}
