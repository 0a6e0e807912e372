/* Started by the benchmark: calls an address without a pause for some seconds, over gRPC or REST. */
import { Agent, request } from 'node:http';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { percentile } from '../measure/pairs.ts';
import { type CallName, calls, codecOf, pathOf } from './messages.ts';

export interface LoadOrder {
  readonly protocol: 'grpc' | 'rest';
  /** `host:port`, or a URL for REST. */
  readonly address: string;
  readonly key: string;
  readonly name: CallName;
  readonly concurrency: number;
  readonly seconds: number;
}

export interface LoadReport {
  readonly calls: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

process.on('message', async (order: LoadOrder) => {
  const caller = order.protocol === 'grpc' ? grpcCaller(order) : restCaller(order);
  const times: number[] = [];
  const end = performance.now() + order.seconds * 1000;
  const lane = async (): Promise<void> => {
    while (performance.now() < end) {
      const startedAt = performance.now();
      await caller.call();
      times.push(performance.now() - startedAt);
    }
  };
  await Promise.all(Array.from({ length: order.concurrency }, lane));
  caller.close();
  const report: LoadReport = {
    calls: times.length,
    p50Ms: percentile(times, 0.5),
    p99Ms: percentile(times, 0.99),
  };
  process.send?.(report);
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');

interface Caller {
  call(): Promise<void>;
  close(): void;
}

function grpcCaller({ address, key, name }: LoadOrder): Caller {
  const { descriptor, request: asked } = calls[name];
  const client = new Client(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
  const metadata = new Metadata();
  metadata.set('authorization', `Api-Key ${key}`);
  const { write } = codecOf(descriptor.input);
  const { read } = codecOf(descriptor.output);
  const path = pathOf(name);
  const call =
    descriptor.methodKind === 'server_streaming'
      ? () =>
          new Promise<void>((resolve, reject) => {
            const stream = client.makeServerStreamRequest(path, write, read, asked, metadata);
            stream.on('error', reject);
            stream.on('end', resolve);
            stream.resume();
          })
      : () =>
          new Promise<void>((resolve, reject) => {
            client.makeUnaryRequest(path, write, read, asked, metadata, (error) =>
              error ? reject(error) : resolve(),
            );
          });
  return { call, close: () => client.close() };
}

const restPaths: Readonly<Record<CallName, string>> = {
  completion: '/foundationModels/v1/completion',
  tokenize: '/foundationModels/v1/tokenize',
  textEmbedding: '/foundationModels/v1/textEmbedding',
};
const restBodies: Readonly<Record<CallName, object>> = {
  completion: {
    modelUri: calls.completion.request.modelUri,
    completionOptions: { maxTokens: '64', temperature: 0.7 },
    messages: [
      { role: 'system', text: 'You are a helpful assistant. Answer briefly and honestly.' },
      { role: 'user', text: 'What is the capital of France?' },
    ],
  },
  tokenize: { modelUri: calls.tokenize.request.modelUri, text: calls.tokenize.request.text },
  textEmbedding: { modelUri: calls.textEmbedding.request.modelUri, text: calls.textEmbedding.request.text },
};

function restCaller({ address, key, name }: LoadOrder): Caller {
  const agent = new Agent({ keepAlive: true });
  const body = JSON.stringify(restBodies[name]);
  const headers = { authorization: `Api-Key ${key}`, 'content-type': 'application/json' };
  const call = () =>
    new Promise<void>((resolve, reject) => {
      const sent = request(`${address}${restPaths[name]}`, { method: 'POST', agent, headers }, (response) => {
        if (response.statusCode !== 200) reject(new Error(`REST answered ${response.statusCode}`));
        response.on('end', resolve);
        response.resume();
      });
      sent.on('error', reject);
      sent.end(body);
    });
  return { call, close: () => agent.destroy() };
}
