import type { ConversionMessage, OwnConversion } from '../platform/model-converter/conversion-messages.ts';
import { runConversion } from '../platform/model-converter/run-conversion.ts';

/** The converting process: reads one order from its input, tells how far it is on its output, and ends. */
const parts: Buffer[] = [];
for await (const part of process.stdin) parts.push(part as Buffer);
const order = JSON.parse(Buffer.concat(parts).toString('utf8')) as OwnConversion;
const tell = (message: ConversionMessage) => process.stdout.write(`${JSON.stringify(message)}\n`);
tell(await runConversion(order, tell));
