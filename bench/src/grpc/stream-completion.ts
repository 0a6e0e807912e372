import { create } from '@bufbuild/protobuf';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { calls, codecOf, pathOf } from './messages.ts';

/** Asks for a streamed answer over gRPC; its tokens per second as a client sees them. */
export function streamCompletion(
  address: string,
  key: string,
  { text, maxTokens }: { readonly text: string; readonly maxTokens: number },
): Promise<number> {
  const { descriptor } = calls.completion;
  const request = create(descriptor.input, {
    modelUri: 'gpt://0/chat-default',
    completionOptions: { stream: true, maxTokens: BigInt(maxTokens), temperature: 0 },
    messages: [{ role: 'user', Content: { case: 'text', value: text } }],
  });
  const client = new Client(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${key}`);
  const { write } = codecOf(descriptor.input);
  const { read } = codecOf(descriptor.output);
  const sentAt = performance.now();
  return new Promise((resolve, reject) => {
    const stream = client.makeServerStreamRequest(pathOf('completion'), write, read, request, metadata);
    let tokens = 0;
    stream.on('data', (message: ReturnType<typeof read>) => {
      tokens = Number(message.usage?.completionTokens ?? 0);
    });
    stream.on('error', reject);
    stream.on('end', () => {
      client.close();
      resolve((tokens / (performance.now() - sentAt)) * 1000);
    });
  });
}
