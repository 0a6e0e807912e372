/* Started by the benchmark: as little as a server of grpc-js can do with the messages that are measured. */
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { type CallName, calls, codecOf, pathOf } from './messages.ts';

const server = new Server();
for (const name of Object.keys(calls) as CallName[]) {
  const { descriptor, answer } = calls[name];
  const streams = descriptor.methodKind === 'server_streaming';
  const input = codecOf(descriptor.input);
  const output = codecOf(descriptor.output);
  server.addService(
    {
      call: {
        path: pathOf(name),
        requestStream: false,
        responseStream: streams,
        requestSerialize: () => Buffer.alloc(0),
        requestDeserialize: input.read,
        responseSerialize: output.write,
        responseDeserialize: output.read,
      },
    },
    {
      call: streams
        ? (call: ServerWritableStream<unknown, unknown>) => {
            call.write(answer);
            call.end();
          }
        : (_: ServerUnaryCall<unknown, unknown>, done: sendUnaryData<unknown>) => done(null, answer),
    },
  );
}
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.send?.({ port });
});
process.on('disconnect', () => process.exit(0));
